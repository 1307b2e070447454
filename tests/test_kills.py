"""Runs that are killed at any moment and started again: the same results as without a kill."""

import collections
import http.server
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from conftest import differing, results_of

CONFIG = {"defaults": {"epochs": 8}, "seeds": [1]}
# What shows that the work of a rule has begun, or a training has finished an epoch; in the order of the pipeline.
MOMENTS = {
    "download_corpus": "logs/download_corpus.log",
    "download_glove": "logs/download_glove.log",
    "split_corpus": "logs/split_corpus.log",
    "adapt_vectorizer": "logs/adapt_vectorizer.log",
    "encode_reviews": "logs/encode_reviews.log",
    "build_glove_matrix": "logs/build_glove_matrix.log",
    "train_model": "logs/train_model/*/*.log",
    "train_model, after an epoch": "backups/train_model/*/*/epoch*.npz",
    "evaluate_model": "logs/evaluate_model/*/*.log",
    "compare_variants": "logs/compare_variants.log",
    "tabulate_lengths": "logs/tabulate_lengths.log",
    "summarize_runs": "logs/summarize_runs.log",
}
# Seconds within which most of these are over.
SHORT = {"split_corpus": 0.8, "build_glove_matrix": 0.8, "train_model, after an epoch": 0.8, "summarize_runs": 0.8}


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


@pytest.fixture
def config(pipeline):
    """The small config, with the archives on a slow server on the loopback."""
    sources = yaml.safe_load(pipeline.config_files[2].read_text(encoding="utf-8"))
    folder = pipeline.config_files[2].parent
    server = QuietServer(("127.0.0.1", 0), lambda *arguments: SlowHandler(*arguments, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served = {
        name: {"sources": [f"http://127.0.0.1:{server.server_port}/{Path(sources[name]['sources'][0]).name}"]}
        for name in ("corpus", "glove")
    }
    yield CONFIG | served
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def undisturbed(pipeline):
    """The folder of a run without a kill."""
    directory = pipeline.repository.with_name("undisturbed")
    result = pipeline.snakemake(directory, config=CONFIG)
    assert result.returncode == 0, result.stdout
    yield directory
    shutil.rmtree(directory)


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
        # A training deletes its older backups.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime > since:
                return True
    return False


def run_until_killed(pipeline, directory, config, pattern, delay, whole_group):
    """Start a run and kill it `delay` seconds after a file that fits the pattern is written; return how it ended.

    With `whole_group` all its processes are killed, as by a power failure; otherwise only the first, so that its jobs
    live on.
    """
    since = time.time()
    with (directory.with_name("output")).open("w+") as output:
        process = pipeline.start(directory, config=config, stdout=output)
        while process.poll() is None and not is_written(directory, pattern, since):
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
    return process.returncode


@pytest.mark.parametrize("kills", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_runs_end_as_the_undisturbed_one(pipeline, config, undisturbed, kills):
    # Catches: half a file taken for a whole one; a training that goes on wrongly from its backup, or cannot; a job of
    # a killed run that writes into the results of the next; temporary files that stay; a run that takes what is
    # missing for done.
    rng = random.Random(kills)
    killed, orphaned, runs, resumed = collections.Counter(), 0, 0, 0
    begin = time.monotonic()
    while killed.total() < kills:
        directory = pipeline.repository.with_name(f"killed{runs}")
        directory.mkdir()
        ended, last = None, None
        while ended != 0:
            ahead = [name for name in MOMENTS if name == last or not any(directory.glob(MOMENTS[name]))]
            if killed.total() < kills and ahead:
                last = rng.choice(ahead[:3])
                delay, whole_group = rng.uniform(0, SHORT.get(last, 3)), rng.random() < 0.7
                ended = run_until_killed(pipeline, directory, config, MOMENTS[last], delay, whole_group)
            else:
                result = pipeline.snakemake(directory, config=config)
                assert result.returncode == 0, result.stdout
                ended = 0
            if ended:
                killed[last] += 1
                orphaned += not whole_group
                unlocked = pipeline.snakemake(directory, "--unlock", config=config)
                assert unlocked.returncode == 0, unlocked.stdout
        deadline = time.monotonic() + 300
        while left := processes_in(directory):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
        assert differing(results_of(directory), results_of(undisturbed)) == []
        logs = directory.glob("logs/train_model/*/*.log")
        resumed += sum("Going on after epoch" in path.read_text(encoding="utf-8") for path in logs)
        shutil.rmtree(directory)
        runs += 1
    print(
        f"{killed.total()} kills, {orphaned} of them with jobs that live on, in {time.monotonic() - begin:.0f} s; "
        f"{runs} runs came to their end, {resumed} trainings went on from their backup. Kills by what was going on: "
        + ", ".join(f"{name} {killed[name]}" for name in MOMENTS)
    )
