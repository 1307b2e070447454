"""What goes wrong around a run: a clear message, and once the cause is gone a run finishes right."""

import os
import resource
import shutil
import subprocess
import time

import pytest
from conftest import differing, results_of
from plans import planned

from wordorder import paths

SUMMARY = paths.csv("summary")
ONE_RUN = {"active_variants": ["glove"], "seeds": [1], "learning_curve": {"variants": []}}


@pytest.fixture
def small_disk(pipeline):
    """A folder of a run whose results lie on a disk of their own, and a function that changes how it is mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    directory = pipeline.repository.with_name("small_disk")
    results = directory / "results"
    results.mkdir(parents=True)

    def mount(options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", results], check=True)

    mount("size=400k")
    yield directory, mount
    subprocess.run(["umount", results], check=True)
    shutil.rmtree(directory)


def assert_finishes(pipeline, directory, finished):
    """Run the pipeline for one training to its end, and compare what it leaves with the same files of another run."""
    result = pipeline.snakemake(directory, config=ONE_RUN)
    assert result.returncode == 0, result.stdout
    wanted = ("resources/", "results/reviews/", "results/vectorizers/words/", "results/runs/glove/all/seed1/")
    # What the other variants of that run need.
    more = (paths.vectors("cbow", "words"), paths.encoded(paths.UNLABELLED, "words"))
    contents, expected = (
        {name: content for name, content in results_of(folder).items() if name.startswith(wanted) and name not in more}
        for folder in (directory, finished)
    )
    assert differing(contents, expected) == []


def test_full_and_read_only_disk(pipeline, finished, small_disk):
    # Catches: half a product that counts as whole; a traceback; a run that cannot go on when there is room again.
    directory, mount = small_disk
    result = pipeline.snakemake(directory, config=ONE_RUN)
    assert result.returncode == 1
    assert "results/vectorizers/words/train.arrow cannot be written" in result.stdout
    assert "No space left on device" in result.stdout
    assert "Traceback" not in result.stdout
    mount("remount,size=50m,ro")
    result = pipeline.snakemake(directory, config=ONE_RUN)
    assert result.returncode == 1
    assert "Read-only file system" in result.stdout
    assert "results/" in result.stdout
    mount("remount,size=50m,rw")
    assert_finishes(pipeline, directory, finished)


def test_limited_memory(pipeline, run, finished):
    # Catches: a limit that makes a training hang, or leave half a model; and one that the log does not name.
    (run / "results/runs/glove/all/seed1/model.keras").unlink()
    limit = 1500 * 2**20
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        result = pipeline.snakemake(run, config=ONE_RUN)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert result.returncode == 1
    # Python may live to say more, C++ code seldom does.
    assert "Memory is limited to 1,500 MB (ulimit -v). If this log ends early, that was too little." in result.stdout
    assert not (run / "results/runs/glove/all/seed1/model.keras").exists()
    assert_finishes(pipeline, run, finished)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("results/reviews/train.parquet", "train.parquet is damaged"),
        ("results/vectorizers/words/vocabulary.json", "vocabulary.json is damaged"),
        ("results/vectorizers/words/validation.arrow", "validation.arrow is damaged"),
        ("results/vectorizers/words/glove.npy", "glove.npy is damaged"),
        ("results/runs/glove/all/seed1/model.keras", "model.keras is damaged"),
        ("results/runs/glove/all/seed1/training.json", "training.json is damaged"),
        ("results/runs/glove/all/seed1/predictions.parquet", "predictions.parquet is damaged"),
    ],
)
def test_truncated_product(pipeline, run, name, message):
    # Catches: a damaged file that is worked on, or whose name one has to guess; a cure that does not plan the file
    # again.
    os.truncate(run / name, (run / name).stat().st_size // 2)
    result = pipeline.snakemake(run, config=ONE_RUN)
    assert result.returncode == 1
    assert message in result.stdout
    assert "Delete it and run again" in result.stdout
    assert "Traceback" not in result.stdout
    (run / name).unlink()
    makers = {
        "train.parquet": "split_corpus",
        "vocabulary.json": "adapt_vectorizer words",
        "validation.arrow": "encode_reviews words",
        "glove.npy": "build_glove_matrix",
        "model.keras": "train_model glove 1",
        "training.json": "train_model glove 1",
        "predictions.parquet": "evaluate_model glove 1",
    }
    plan = planned(pipeline.snakemake(run, SUMMARY, "-n", config=ONE_RUN))
    assert makers[name.rsplit("/", 1)[1]] in plan


def test_product_altered_by_hand(pipeline, run):
    # Catches: an altered product that the products made of it do not follow; and the documentation's word on where
    # this is not noticed growing wrong: in products of which nothing is made, and where the date is as it was.
    summary = run / "results/summary.csv"
    summary.write_text(summary.read_text(encoding="utf-8").replace("one_hot", "altered"), encoding="utf-8")
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()
    record = run / "results/runs/glove/all/seed1/training.json"
    date = record.stat().st_mtime_ns
    record.write_text(record.read_text(encoding="utf-8").replace('"seed": 1', '"seed": 7'), encoding="utf-8")
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == {"summarize_runs"}
    os.utime(record, ns=(date, date))
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()


def test_second_pipeline_in_the_same_folder_is_refused(pipeline, run):
    # Catches: two runs that write the same products at once; a refusal that leaves one helpless.
    (run / "results/runs/glove/all/seed1/model.keras").unlink()
    first = pipeline.start(run)
    try:
        deadline = time.monotonic() + 60
        while not list(run.glob(".snakemake/locks/*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = pipeline.snakemake(run)
        assert first.poll() is None
    finally:
        output, _ = first.communicate()
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stdout
    assert "--unlock" in second.stdout
    assert first.returncode == 0, output


@pytest.mark.parametrize("delay", [0, 1])
def test_runs_that_share_their_downloads(pipeline, delay):
    # Catches: two downloads into one folder, of which both fail; a file that the later run deletes while the other one
    # reads it.
    folders = [pipeline.repository.with_name(f"sharing{delay}{name}") for name in "ab"]
    shared = pipeline.repository.with_name(f"shared{delay}")
    shared.mkdir()
    target = [paths.reviews("train"), paths.GLOVE]
    runs = []
    for folder in folders:
        folder.mkdir()
        (folder / "resources").symlink_to(shared)
        runs.append(pipeline.start(folder, *target, config=ONE_RUN))
        time.sleep(delay)
    for run in runs:
        output, _ = run.communicate()
        assert run.returncode == 0, output
    assert sorted(path.name for path in shared.iterdir()) == [
        *("corpus", "corpus.checksums.json", "glove.txt", "glove.txt.checksums.json")
    ]
