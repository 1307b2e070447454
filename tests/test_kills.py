"""Runs that are killed at any moment and started again: the same results as without a kill."""

import collections
import hashlib
import http.server
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import yaml
from conftest import SMALL, differing, results_of
from plans import planned

from wordorder import paths

# Of the summary and of all that there is to look at. Not the times of steps, which are never the same.
CONFIG = {
    "defaults": {"epochs": 8},
    "variants": {"masked": {"features": "one_hot", "mask": True}},
    "active_variants": [*SMALL["active_variants"], "masked"],
    "seeds": [1],
    "learning_curve": {"steps": 32},
    "ensembles": {"both": {"members": ["glove", "binary_unigram"]}},
    "word_order": {"variants": ["masked"]},
}
ONE_TRAINING = {
    "variants": {"one_hot": {"epochs": 30}},
    "active_variants": ["one_hot"],
    "seeds": [1],
    "learning_curve": {"variants": []},
}


class Moment(NamedTuple):
    """When a rule can be killed: from the writing of a file on that fits `begun`, until all `products` are there."""

    begun: str
    products: str


def trained(name):
    """A file of every training."""
    return paths.run(name, "*", "*", "*")


def at_work(rule, products, *wildcards):
    """From the begin of the log of a job on."""
    return Moment(paths.log(rule, *wildcards), products)


MODEL = paths.TRAINED["model"]
# In the order of the pipeline.
MOMENTS = {
    "download_corpus": at_work("download_corpus", paths.CORPUS),
    "download_glove": at_work("download_glove", paths.GLOVE),
    "split_corpus": at_work("split_corpus", paths.reviews("train")),
    "adapt_vectorizer": at_work("adapt_vectorizer", paths.vocabulary("*"), "*"),
    "encode_reviews": at_work("encode_reviews", paths.encoded("train", "*"), "*"),
    "encode_unlabelled": at_work("encode_unlabelled", paths.encoded(paths.UNLABELLED, "*"), "*"),
    "train_cbow": at_work("train_cbow", paths.vectors("cbow", "*"), "*"),
    "build_glove_matrix": at_work("build_glove_matrix", paths.vectors("glove", "*"), "*"),
    "train_model": at_work("train_model", trained(MODEL), "*", "*", "*"),
    "train_model, after an epoch": Moment(f"{paths.checkpoints(Path(trained(MODEL)))}/epoch*.npz", trained(MODEL)),
    "label_reviews": at_work("label_reviews", trained(paths.SOFT_LABELS), "*", "*"),
    "evaluate_model": at_work("evaluate_model", trained(paths.EVALUATED["predictions"]), "*", "*", "*"),
    "evaluate_ensemble": at_work("evaluate_ensemble", paths.run("evaluation.json", "both", "all", "*"), "*", "*"),
    "measure_word_order": at_work("measure_word_order", trained(paths.RIGHT_ANSWERS), "*", "*"),
    "answer_questions": at_work("answer_questions", paths.csv("embeddings/questions")),
    "tabulate_word_order": at_work("tabulate_word_order", paths.csv("word_order")),
    "compare_variants": at_work("compare_variants", paths.csv("comparisons")),
    "tabulate_lengths": at_work("tabulate_lengths", paths.csv("accuracy_by_length")),
    "tabulate_learning_curve": at_work("tabulate_learning_curve", paths.csv("learning_curve")),
    "decide_claims": at_work("decide_claims", paths.csv("claims")),
    "summarize_runs": at_work("summarize_runs", paths.csv("summary")),
    "tabulate_diagnostics": at_work("tabulate_diagnostics", paths.csv("roc")),
    "compare_embeddings": at_work("compare_embeddings", paths.csv("embeddings/neighbours")),
    "measure_padding": at_work("measure_padding", paths.csv("padding")),
    "show_disagreements": at_work("show_disagreements", paths.page("disagreements")),
    "plot_figure": at_work("plot_figure", paths.figure("html", "**/*"), "**", "*"),
    "render_table": at_work("render_table", paths.table("*"), "*"),
    "write_model_card": at_work("write_model_card", paths.model_card("html", "*"), "*"),
}
# Those that take more than a second.
SLOW = {
    *("download_corpus", "download_glove", "adapt_vectorizer", "encode_reviews", "encode_unlabelled", "train_model"),
    *(
        "label_reviews",
        "evaluate_model",
        "measure_word_order",
        "compare_embeddings",
        "measure_padding",
        "show_disagreements",
    ),
}


class SlowHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, each in about a second."""

    def copyfile(self, source, outputfile):
        """Send the file in ten pieces."""
        content = source.read()
        for start in range(0, len(content), len(content) // 10 + 1):
            outputfile.write(content[start : start + len(content) // 10 + 1])
            time.sleep(0.1)

    def log_message(self, *args):
        """Keep the output of the tests clean."""


class QuietServer(http.server.ThreadingHTTPServer):
    """Clients are killed here on purpose."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing."""


@contextmanager
def served(folder):
    """The address of a slow server of these files on the loopback."""
    server = QuietServer(("127.0.0.1", 0), lambda *arguments: SlowHandler(*arguments, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sources(pipeline):
    """The sources of the small config on such a server."""
    local = yaml.safe_load(pipeline.config_files[2].read_text(encoding="utf-8"))
    with served(pipeline.config_files[2].parent) as address:
        yield {name: {"sources": [f"{address}/{Path(local[name]['sources'][0]).name}"]} for name in ("corpus", "glove")}


def processes_in(directory):
    """The numbers of the processes that have the folder, or a file in it, among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{directory}/".encode() in path.read_bytes() + b"/":
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def is_written(directory, pattern, since):
    """Whether a file that fits the pattern has been written after the time `since`."""
    for path in directory.glob(pattern):
        # A training deletes its older checkpoints.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime > since:
                return True
    return False


def run_until_killed(pipeline, directory, target, config, moment, delay, whole_group):
    """Start a run and kill it `delay` seconds after a moment; return how it ended.

    With `whole_group` all its processes are killed, as by a power failure; otherwise only the first, so that its jobs
    live on.
    """
    since = time.time()
    with (directory.with_name("output")).open("w+") as output:
        process = pipeline.start(directory, target, config=config, stdout=output)
        while process.poll() is None and not is_written(directory, moment.begun, since):
            time.sleep(0.02)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            if whole_group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        output.seek(0)
        assert process.wait() in (0, -signal.SIGKILL), output.read()
    if process.returncode:
        unlocked = pipeline.snakemake(directory, target, "--unlock", config=config)
        assert unlocked.returncode == 0, unlocked.stdout
    return process.returncode


def wait_for_orphans(directory):
    """Wait until no job is at work there any more whose Snakemake was killed."""
    deadline = time.monotonic() + 300
    while left := processes_in(directory):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def resumed_trainings(directory):
    """The number of trainings that went on from a checkpoint."""
    logs = list(directory.glob(MOMENTS["train_model"].begun))
    assert logs
    return sum("Going on after epoch" in path.read_text(encoding="utf-8") for path in logs)


def test_a_killed_training_goes_on(pipeline, run, sources):
    # Catches: half a file taken for a whole one; a training that goes on wrongly from its checkpoint, or cannot; a run
    # that takes what is missing for done. The data of the other run are those of the small one, by the same steps.
    target = paths.csv("summary")
    shutil.rmtree(run / "results/runs")
    result = pipeline.snakemake(run, target, config=ONE_TRAINING)
    assert result.returncode == 0, result.stdout
    expected = results_of(run)
    directory = run.with_name("killed")
    directory.mkdir()
    config = ONE_TRAINING | sources
    for name in ("download_corpus", "split_corpus", "train_model, after an epoch", "evaluate_model"):
        ended = run_until_killed(pipeline, directory, target, config, MOMENTS[name], delay=0, whole_group=True)
        assert ended == -signal.SIGKILL, name
    result = pipeline.snakemake(directory, target, config=config)
    assert result.returncode == 0, result.stdout
    found = results_of(directory)
    assert {"results/summary.csv", "results/runs/one_hot/all/seed1/predictions.parquet"} <= found.keys()
    assert differing(found, {name: content for name, content in expected.items() if name in found}) == []
    assert resumed_trainings(directory) == 1


def test_a_killed_download_of_a_split_is_repeated(pipeline, run, tmp_path):
    # Catches: half a file of a corpus in several files taken for a whole one, or a whole one that is fetched again.
    files = {split: run / paths.reviews(split) for split in paths.SPLITS}
    splits = {}
    with served(run / Path(paths.reviews("train")).parent) as address:
        for split, file in files.items():
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            splits[split] = [f"{address}/{file.name}#sha256={digest}"]
        config = ONE_TRAINING | {"corpus": {"splits": splits, "unlabelled": None}}
        moment = Moment(paths.log("download_split", "*", "*"), paths.split_file("train", 1))
        target = paths.reviews("train")
        assert run_until_killed(pipeline, tmp_path / "run", target, config, moment, delay=0.5, whole_group=True)
        assert not (tmp_path / "run" / target).exists()
        result = pipeline.snakemake(tmp_path / "run", target, config=config)
    assert result.returncode == 0, result.stdout
    columns = ["text", "label"]
    for split, file in files.items():
        found = pd.read_parquet(tmp_path / "run" / paths.reviews(split), columns=columns)
        expected = pd.read_parquet(file, columns=columns)
        assert sorted(map(tuple, found.to_numpy())) == sorted(map(tuple, expected.to_numpy()))


def test_every_rule_has_a_moment_to_be_killed_at(pipeline, sources):
    # Catches: a new rule that the long test would never kill.
    directory = pipeline.repository.with_name("planned")
    rules = {job.split()[0] for job in planned(pipeline.snakemake(directory, "all", "-n", config=CONFIG | sources))}
    assert rules == {name.split(",")[0] for name in MOMENTS}


@pytest.mark.slow
def test_killed_runs_end_as_the_undisturbed_one(pipeline, sources):
    # Catches: what the test above does, for every rule; a job of a killed run that writes into the results of the next;
    # temporary files that stay.
    kills = 60
    rng = random.Random(kills)
    killed, orphaned, runs, resumed = collections.Counter(), 0, 0, 0
    undisturbed = pipeline.repository.with_name("undisturbed")
    config = CONFIG | sources
    result = pipeline.snakemake(undisturbed, "all", config=config)
    assert result.returncode == 0, result.stdout
    expected = results_of(undisturbed)
    begin = time.monotonic()

    def ahead(directory):
        """The moments that are still to come, or to come again."""
        numbers = {
            name: [len(list(folder.glob(moment.products))) for folder in (directory, undisturbed)]
            for name, moment in MOMENTS.items()
        }
        assert all(whole for _, whole in numbers.values())
        return [name for name, (found, whole) in numbers.items() if found < whole]

    while killed.total() < kills or set(killed) != set(MOMENTS):
        assert runs < kills
        directory = pipeline.repository.with_name(f"killed{runs}")
        directory.mkdir()
        tries = 0
        while tries < 8 and (names := ahead(directory)):
            (name,) = rng.choices(names, [(1 + killed[name]) ** -2 for name in names])
            delay, whole_group = rng.uniform(0, 3 if name in SLOW else 0.8), rng.random() < 0.7
            tries += 1
            if run_until_killed(pipeline, directory, "all", config, MOMENTS[name], delay, whole_group):
                killed[name] += 1
                orphaned += not whole_group
        result = pipeline.snakemake(directory, "all", config=config)
        assert result.returncode == 0, result.stdout
        wait_for_orphans(directory)
        assert differing(results_of(directory), expected) == []
        resumed += resumed_trainings(directory)
        shutil.rmtree(directory)
        runs += 1
    assert resumed
    print(
        f"{killed.total()} kills, {orphaned} of them with jobs that live on, in {time.monotonic() - begin:.0f} s; "
        f"{runs} runs came to their end, {resumed} trainings went on from a checkpoint. Kills by what was going on:",
        *(f"| {name} | {killed[name]} |" for name in MOMENTS),
        sep="\n",
    )
