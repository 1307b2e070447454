"""The pipeline on a SLURM cluster, through profiles/slurm: a real SLURM, whose nodes are all this machine.

Needs root on Debian or a system like it; elsewhere all tests here are skipped.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from conftest import DIVERGING, differing, results_of

from wordorder import paths

SANDBOX = Path(__file__).with_name("slurm-sandbox.sh")
# How long one run of the pipeline may take, in seconds.
PATIENCE = 600


class Cluster(NamedTuple):
    """The sandbox: its folder, and the variables that its commands need."""

    folder: Path
    environment: dict

    def call(self, *command, check=True):
        """Run a command and return what it prints."""
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert not check or result.returncode == 0, result.stderr
        return result.stdout

    def jobs(self, directory):
        """The jobs of the pipeline in `directory`, in their order, as SLURM knows them: a dictionary each."""
        lines = self.call("scontrol", "show", "job", "--oneliner").splitlines()
        jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
        return [job for job in jobs if job.get("WorkDir") == str(directory)]

    def trainings(self, directory, variant):
        """The jobs that trained a variant with seed 1, in their order."""
        return [job for job in self.jobs(directory) if job["Comment"] == f"rule_train_model_wildcards_{variant}_all_1"]

    def ended(self):
        """What the log of ended jobs says, by the number of the job."""
        lines = (self.folder / "jobcomp.log").read_text(encoding="utf-8").splitlines()
        jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
        return {job["JobId"]: job for job in jobs}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A SLURM with three nodes, which ends with the tests of this file."""
    folder = tmp_path_factory.mktemp("slurm")
    sizes = {"NODES": "3", "CPUS": "4", "MEMORY": "7000"}
    environment = {f"SLURM_SANDBOX_{name}": size for name, size in sizes.items()}
    environment = {**os.environ, **environment, "SLURM_SANDBOX_DIR": str(folder), "SLURM_CONF": f"{folder}/slurm.conf"}
    # Into files: the daemons keep what they inherit open, and a pipe would not end.
    with (folder / "start.out").open("w+", encoding="utf-8") as output:
        start = subprocess.run([SANDBOX, "start"], env=environment, stdout=output, stderr=output, timeout=300)
        said = (folder / "start.out").read_text(encoding="utf-8")
        if start.returncode == 77:
            pytest.skip(said)
        assert start.returncode == 0, said
    try:
        yield Cluster(folder, environment)
    finally:
        subprocess.run([SANDBOX, "stop"], env=environment, timeout=120)


@contextmanager
def on_slurm(pipeline, cluster, directory, *arguments, config=None):
    """Run the command of profiles/slurm in `directory`; a process, which does not outlive the block.

    What it says is in `said(directory)`. All that the sandbox needs is a look at the jobs more often.
    """
    overlay = directory.with_name(f"{directory.name}.yaml")
    overlay.write_text(yaml.safe_dump(config or {}), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", paths.csv("summary")]
    command += ["--workflow-profile", pipeline.repository / "profiles/slurm"]
    command += ["--snakefile", pipeline.repository / "Snakefile", "--directory", directory]
    command += ["--slurm-init-seconds-before-status-checks", "1", *arguments]
    command += ["--configfile", *pipeline.config_files, overlay]
    with directory.with_name(f"{directory.name}.out").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=pipeline.repository, env=cluster.environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def said(directory):
    """What Snakemake said."""
    return directory.with_name(f"{directory.name}.out").read_text(encoding="utf-8")


def slurm_log(job):
    """SLURM's own log of a job."""
    return Path(job["StdOut"]).read_text(encoding="utf-8")


def wait_for(condition, process):
    """Wait until `condition()` holds, and return its value; fails if Snakemake ends before."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert process.poll() is None, "Snakemake has ended too early."
        assert time.monotonic() < end, "This takes too long."
        time.sleep(0.1)
    return value


# From nothing to the summary.

CONFIG = {"active_variants": ["one_hot", "glove"], "learning_curve": {"variants": []}}
RUNS = tuple(f"results/runs/{variant}/" for variant in CONFIG["active_variants"])


@pytest.fixture(scope="module")
def whole(pipeline, cluster, tmp_path_factory):
    """The folder of a run of the whole pipeline on SLURM."""
    directory = tmp_path_factory.mktemp("whole") / "run"
    directory.mkdir()
    with on_slurm(pipeline, cluster, directory, config=CONFIG) as process:
        code = process.wait(PATIENCE)
    assert code == 0, said(directory)
    return directory


def test_results(whole, finished):
    # Catches: a job that gets other inputs, settings or a number of threads that changes its results.
    ours, expected = (
        {name: content for name, content in results_of(folder).items() if name.startswith(RUNS)}
        for folder in (whole, finished)
    )
    assert len(ours) == 2 * 2 * len([*paths.TRAINED, *paths.EVALUATED]) - 4
    assert differing(ours, expected) == []


def test_jobs(cluster, whole):
    # Catches: a download on a node without internet; a scheduler that is asked to start a job of two seconds; a
    # training that shares its job with something else; memory and cores that are not asked for.
    data = "rule_data_adapt_vectorizer_build_glove_matrix_encode_reviews_split_corpus"
    asked = {job["Comment"]: (job["NumCPUs"], job["MinMemoryNode"], job["TimeLimit"]) for job in cluster.jobs(whole)}
    assert asked == {
        # Two of its steps run side by side, the others one after the other.
        data: ("2", "4500M", "00:30:00"),
        **{
            f"rule_train_model_wildcards_{variant}_all_{seed}": ("1", "2000M", "01:00:00")
            for variant in CONFIG["active_variants"]
            for seed in (1, 2)
        },
        "rule_evaluation_evaluate_model": ("4", "6000M", "00:10:00"),
    }
    assert len(cluster.jobs(whole)) == len(asked)


def test_nodes(cluster, whole):
    # Catches: jobs that do not run on the cluster at all, or all on the same node.
    ended = [cluster.ended()[job["JobId"]] for job in cluster.jobs(whole)]
    assert Counter(job["JobState"] for job in ended) == {"COMPLETED": 6}
    assert len({job["NodeList"] for job in ended}) > 1


def test_logs(cluster, whole):
    # Catches: logs of SLURM that are lost, or lie in the folder of the code.
    logs = {path.stem for path in (whole / "logs/slurm").rglob("*.log")}
    assert logs == {job["JobId"] for job in cluster.jobs(whole)}


# A job that cannot succeed.


@pytest.fixture(scope="module")
def failing(pipeline, cluster, finished):
    """A run of which a training fails: its process, which may be at work, and its folder."""
    directory = finished.with_name("failing")
    shutil.copytree(finished, directory)
    with on_slurm(pipeline, cluster, directory, "--retries", "1", config=DIVERGING) as process:
        yield process, directory


@pytest.mark.slow
def test_failing_job(cluster, failing, cut_off):
    # Catches: a failure that looks like success, or does not say why; a retry that asks for no more than before.
    # Side by side with the next run: most of its time is waiting.
    process, directory = failing
    assert process.wait(PATIENCE) == 1
    assert "The training diverged: the loss in epoch 1 is nan" in said(directory)
    jobs = cluster.trainings(directory, "one_hot")
    assert jobs == cluster.jobs(directory)
    assert [cluster.ended()[job["JobId"]]["JobState"] for job in jobs] == ["FAILED", "FAILED"]
    assert [(job["MinMemoryNode"], job["TimeLimit"]) for job in jobs] == [("2000M", "01:00:00"), ("4000M", "02:00:00")]
    assert {path.stem for path in (directory / "logs/slurm").rglob("*.log")} == {job["JobId"] for job in jobs}


# Jobs that are cut off, and go on with the next attempt. One run for all, each of whose trainings meets with one fate.

FATES = ["cancelled", "out_of_time", "node_down", "out_of_memory"]
CUT_OFF = {
    "variants": {name: {"features": "one_hot", "epochs": 60, "batch_size": 8} for name in FATES},
    "active_variants": FATES,
    "seeds": [1],
}
RESOURCES = [
    # Less than a training needs, and enough when doubled.
    "train_model:mem_mb=attempt * (450 if wildcards.variant == 'out_of_memory' else 1000)",
    # Alone on its node.
    "train_model:slurm_extra='--exclusive' if wildcards.variant == 'node_down' else ''",
]


def has_checkpoint(directory, variant):
    """Whether a training has a checkpoint to go on from."""
    return any(paths.checkpoints(directory / paths.run("model.keras", variant, "all", 1)).glob("epoch*.npz"))


def processes(job, command=""):
    """The numbers of the processes of a job, SLURM's own among them, in whose command line `command` stands."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # Those that end meanwhile are no matter.
        with suppress(OSError):
            name = (folder / "cmdline").read_bytes().decode(errors="replace")
            variables = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            inside = f"SLURM_JOB_ID={job['JobId']}" in variables and str((folder / "cwd").readlink()) == job["WorkDir"]
            if command in name and (inside or name.startswith(f"slurmstepd: [{job['JobId']}.")):
                found.append(int(folder.name))
    return found


def cut_off_power(cluster, job):
    """Let a node die: its daemon, all processes of its job, and SLURM's hope to see it again."""
    node = job["NodeList"]
    os.kill(int((cluster.folder / f"slurmd.{node}.pid").read_text(encoding="utf-8")), signal.SIGKILL)
    end = time.monotonic() + 10
    while numbers := processes(job):
        assert time.monotonic() < end, numbers
        for number in numbers:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.1)
    cluster.call("scontrol", "update", f"nodename={node}", "state=down", "reason=test")


@pytest.fixture(scope="module")
def cut_off(pipeline, cluster, finished):
    """The folder of the run whose jobs are cut off, that of the same run undisturbed, and the node that goes down."""
    directory, undisturbed = finished.with_name("cut_off"), finished.with_name("not_cut_off")
    shutil.copytree(finished, directory)
    shutil.copytree(finished, undisturbed)
    with on_slurm(pipeline, cluster, directory, "--set-resources", *RESOURCES, config=CUT_OFF) as process:
        waiting = set(FATES) - {"out_of_memory"}
        while waiting:
            variant = wait_for(
                lambda: next((name for name in waiting if has_checkpoint(directory, name)), None), process
            )
            waiting.remove(variant)
            (job,) = cluster.trainings(directory, variant)
            assert job["JobState"] == "RUNNING"
            if variant == "cancelled":
                cluster.call("scancel", job["JobId"])
            elif variant == "out_of_time":
                # It hangs, for SLURM looks at the time limits twice a minute only.
                for number in processes(job, "train_model.py"):
                    os.kill(number, signal.SIGSTOP)
                # In place of a time limit, the shortest of which is a minute.
                cluster.call("scontrol", "update", f"jobid={job['JobId']}", "EndTime=now")
            else:
                node = job["NodeList"]
                cut_off_power(cluster, job)
        # On this machine and without SLURM, while the run above mostly waits.
        result = pipeline.snakemake(undisturbed, config=CUT_OFF)
        code = process.wait(PATIENCE)
    assert code == 0, said(directory)
    assert result.returncode == 0, result.stdout
    return directory, undisturbed, node


@pytest.mark.slow
@pytest.mark.parametrize("variant", FATES)
def test_same_result(cut_off, variant):
    # Catches: a training that goes on from another state than it was left in.
    ours, expected = (
        {name: content for name, content in results_of(directory).items() if f"/{variant}/" in name}
        for directory in cut_off[:2]
    )
    assert f"results/runs/{variant}/all/seed1/model.keras" in expected
    assert differing(ours, expected) == []


@pytest.mark.slow
@pytest.mark.parametrize("variant", FATES[:3])
def test_goes_on(cut_off, variant):
    # Catches: a training that starts from nothing when it is tried again; one that nothing cut off.
    log = (cut_off[0] / f"logs/train_model/{variant}/all/seed1.log").read_text(encoding="utf-8")
    (epoch,) = re.findall(r"Going on after epoch (\d+)", log)
    assert 1 <= int(epoch) < CUT_OFF["variants"][variant]["epochs"]


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "state"), [("cancelled", "CANCELLED"), ("out_of_time", "TIMEOUT")])
def test_retry(cluster, cut_off, variant, state):
    # Catches: a run that waits for ever for a job that is gone, or gives up with it.
    jobs = cluster.trainings(cut_off[0], variant)
    assert [job["JobState"] for job in jobs] == [state, "COMPLETED"]


@pytest.mark.slow
def test_out_of_memory(cluster, cut_off):
    # Catches: a retry that asks for as little memory as the attempt that was killed.
    jobs = cluster.trainings(cut_off[0], "out_of_memory")
    assert [job["MinMemoryNode"] for job in jobs] == ["450M", "900M"]
    # Where SLURM has cgroups, it says OUT_OF_MEMORY.
    assert [job["JobState"] for job in jobs] == ["FAILED", "COMPLETED"]
    assert "exceeded memory limit" in slurm_log(jobs[0])


@pytest.mark.slow
def test_node_down(cluster, cut_off):
    # Catches: a run that ends, or uses up an attempt, because a node does.
    directory, _, node = cut_off
    (job,) = cluster.trainings(directory, "node_down")
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert job["NodeList"] != node
