"""What tests share: a small run of the whole pipeline, and a browser."""

import fcntl
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import yaml
from closures import recording
from hypothesis import settings
from playwright.sync_api import sync_playwright

from wordorder.data.demo import write_demo_corpus
from wordorder.evaluation.summary import COSTS

REPOSITORY = Path(__file__).parents[1]
# What `make check` leaves out: tests with these fixtures, and these files, which train networks or run the workflow.
WHOLE_FIXTURES = {"pipeline", "chromium"}
WHOLE_FILES = {
    *(
        "backend",
        "bag_of_words",
        "convolution",
        "lstm",
        "nb_lr",
        "self_training",
        "timing",
        "train_model",
        "training",
        "transformer",
    ),
    *("demo", "modules", "own_corpus", "slurm"),
}
# XLA compiles once what many tests and the jobs of their pipelines train. The workers of xdist inherit the folder.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    COMPILED = tempfile.TemporaryDirectory()
    os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
# What tests train runs for fewer seconds than XLA would take to make it fast. The demo is made as for a user. (At level
# 0, steps of a Transformer differ from those of plain Keras by more than rounding.)
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=1 --xla_llvm_disable_expensive_passes=true"
# The first to begin, so that no process of the tests goes on long after the others.
FIRST = ["test_slurm", "test_reruns", "test_workflow", "test_report", "test_training", "test_modules", "test_demo"]
# What is exported is for TensorFlow alone.
collect_ignore = [] if os.environ.get("KERAS_BACKEND") == "tensorflow" else ["test_text_model.py"]

# What takes time in a small run is to start TensorFlow and to compile the models, not their size.
SMALL = {
    "vectorizers": {"words": {"max_tokens": 300}},
    "defaults": {"sequence_length": 20, "units": 2, "batch_size": 64, "epochs": 2},
    # Other than the share for validation, so that a swap of the two shows.
    "split": {"test_fraction": 0.3},
    "cbow": {"dimension": 4, "epochs": 1},
    "variants": {
        "binary_unigram": {"seeds": [1]},
        "embedding": {"dimension": 4},
        "embedding_masked": {"dimension": 4},
        "cbow": {"seeds": [1]},
        "taught": {"features": "one_hot", "seeds": [1], "teachers": ["binary_unigram"]},
    },
    "active_variants": ["one_hot", "glove", "binary_unigram", "cbow", "taught"],
    "seeds": [1, 2],
    "learning_curve": {"variants": ["binary_unigram"], "sizes": [200], "steps": 8},
    "word_order": {"variants": []},
}


# A training whose loss is no number after an epoch.
DIVERGING = {"variants": {"one_hot": {"optimizer": {"learning_rate": 1.0e38}}}, "seeds": [1]}


# How long an example takes depends on what else the machine does.
# What CI says of a change does not hang on chance; elsewhere other examples are tried each time.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("patient")


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help="a test that would be skipped fails")


def in_whole_file(path):
    """Whether `make check` leaves out a file."""
    return path.stem.removeprefix("test_") in WHOLE_FILES


def pytest_ignore_collect(collection_path, config):
    """Do not even import, which takes seconds, what `make check` leaves out; None leaves the decision to others."""
    return True if "not whole" in config.option.markexpr and in_whole_file(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what `make check` leaves out, and begin with the files that take longest."""
    for item in items:
        if in_whole_file(item.path) or WHOLE_FIXTURES & set(item.fixturenames):
            item.add_marker("whole")
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """With --no-skips, as where everything is installed, let a test fail that would be skipped."""
    report = yield
    if report.skipped and item.config.getoption("no_skips"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def _tensorflow():
    """Import it first: a script that a test calls here with JAX as its backend would keep it away from all tests."""
    import tensorflow  # noqa: F401


# What is no result, and what shows how long trainings took.
NO_RESULTS = (
    *(".snakemake/", ".cache/", "logs/", "benchmarks/"),
    *("results/figures/training_time.", "results/tables/summary.html"),
)


def results_of(directory):
    """The contents of all files that a run leaves, but for what it has cost; temporary files would be among them."""
    contents = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_dir() or name.startswith(NO_RESULTS) or path.name == "costs.csv":
            continue
        content = path.read_bytes()
        if name in ("results/runs.csv", "results/summary.csv"):
            content = pd.read_csv(io.BytesIO(content), dtype=str).drop(columns=list(COSTS)).to_csv().encode()
        contents[name] = content
    return contents


def differing(one, other):
    """The names of what is not the same in two mappings, such as of names to contents."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def file_dates(directory):
    """The date of every file but those of Snakemake itself."""
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*") if ".snakemake" not in path.parts}


class Pipeline(NamedTuple):
    """A copy of the repository, the code of which tests may edit, and the config files of the small run."""

    repository: Path
    config_files: list[Path]

    def start(self, directory, *arguments, config=None, environment=None, start_in=None, stdout=subprocess.PIPE):
        """Start the real command for the summary in `directory`, with `config` laid over the config files.

        Other arguments than none begin with the target. `environment` adds to the variables of this process, or takes
        away what is None. What Snakemake says is all in `stdout`. It is the first of a group of processes.
        """
        overlay = directory.with_name(f"{directory.name}.yaml")
        overlay.write_text(yaml.safe_dump(config or {}), encoding="utf-8")
        variables = {**os.environ, **(environment or {})}
        command = [sys.executable, "-m", "snakemake", *(arguments or ["results/summary.csv"])]
        options = ["--cores", "2", "--snakefile", self.repository / "Snakefile", "--directory", directory]
        return subprocess.Popen(
            [*command, *options, "--configfile", *self.config_files, overlay],
            cwd=start_in or self.repository,
            env={name: value for name, value in variables.items() if value is not None},
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def snakemake(self, *arguments, **options):
        """Run the command that `start` starts to its end."""
        process = self.start(*arguments, **options)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output)


def copy_workflow(repository):
    """Copy what of the repository the workflow needs, such as what git clones."""
    for name in ("Snakefile", "environment.yml"):
        shutil.copy2(REPOSITORY / name, repository)
    for name in ("config", "profiles", "workflow"):
        shutil.copytree(REPOSITORY / name, repository / name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory):
    """The pipeline, with a made-up corpus to run on; nothing has been run."""
    repository = tmp_path_factory.mktemp("project") / "repository"
    repository.mkdir()
    copy_workflow(repository)
    corpus = tmp_path_factory.mktemp("corpus")
    sources = write_demo_corpus(corpus, seed=1)
    small = corpus / "small.yaml"
    # By a path that all processes of the tests share: they share the finished run.
    claims = REPOSITORY / "workflow/scripts/wordorder/data/demo_claims.yaml"
    small.write_text(yaml.safe_dump(SMALL | {"claims": str(claims)}), encoding="utf-8")
    return Pipeline(repository, [repository / "config/config.yaml", repository / "config/demo.yaml", sources, small])


@pytest.fixture(scope="session")
def finished(pipeline, tmp_path_factory, worker_id):
    """The folder of a run that has come to its end; not to be changed.

    The run takes a minute, so the first process of the tests that needs it makes it for all. Each has a copy beside its
    own copy of the code, by the relative path of which Snakemake knows what was run.
    """
    directory = pipeline.repository.with_name("finished")
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "finished"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            # As for a user, who has no folder for compiled code.
            environment = {**recording(directory), "JAX_COMPILATION_CACHE_DIR": None}
            result = pipeline.snakemake(directory, environment=environment)
            assert result.returncode == 0, result.stdout
            shutil.copytree(directory, shared.with_suffix(".part"))
            shared.with_suffix(".part").rename(shared)
        else:
            shutil.copytree(shared, directory)
    return directory


@pytest.fixture
def run(finished):
    """A copy of that folder, to be changed; beside it, because Snakemake knows the code by its relative path."""
    directory = finished.with_name("run")
    shutil.copytree(finished, directory)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, or Google Chrome."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("Chromium is missing; .ci/install, run as root on Debian, installs it")
    # Root has to do without the sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """A tab of the browser, in which nothing may fail, and from which nothing may be asked of the network."""
    tab = chromium.new_page(viewport={"width": 1366, "height": 800})
    wrong = []
    tab.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")
    tab.on("request", lambda request: request.url.startswith(local) or wrong.append(request.url))
    yield tab
    tab.close()
    assert wrong == []
