"""The demo, with the commands of the Makefile: what the README says that it shows."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from closures import check_digests, recording
from conftest import differing, results_of
from nbclient import NotebookClient
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

REPOSITORY = Path(__file__).parents[1]


# Without what the tests have set.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("KERAS_BACKEND", "XLA_FLAGS")}
ENVIRONMENT["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{ENVIRONMENT['PATH']}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the repository in which `make demo` has been run, in the environment of the tests."""
    folder = tmp_path_factory.mktemp("demo") / "repository"
    ignored = shutil.ignore_patterns(".git", ".venv", ".snakemake", "__pycache__", "demo", "results", "resources")
    shutil.copytree(REPOSITORY, folder, ignore=ignored)
    # Without a file that marks the environment as installed: it is that of the tests.
    command = ["make", "demo", "CORES=2", "INSTALLED="]
    environment = ENVIRONMENT | recording(folder / "demo")
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "embedding_masked" in run.stdout
    return folder / "demo"


def test_each_sequence_model_beats_every_bag_of_words(folder):
    # Catches: a demo in which word order does not matter, and a model that does not train. Pairs of words know of the
    # order.
    train, test = (pd.read_parquet(folder / f"results/reviews/{split}.parquet") for split in ("train", "test"))
    vectorizer = CountVectorizer(binary=True)
    words = vectorizer.fit_transform(train["text"])
    classifier = LogisticRegression(C=0.1, max_iter=1000).fit(words, train["label"])
    bag_of_words = classifier.score(vectorizer.transform(test["text"]), test["label"])
    assert bag_of_words < 0.82
    summary = pd.read_csv(folder / "results/summary.csv", index_col="variant")
    bags, sequence_models = (
        ["binary_unigram", "binary_bigram", "tfidf_bigram"],
        ["one_hot", "embedding", "embedding_masked", "glove"],
    )
    assert list(summary.index) == [*bags, *sequence_models, "embedding_masked_shuffled"]
    accuracies = summary["test_accuracy"]
    assert 0.7 < accuracies["binary_unigram"] < 0.82
    assert accuracies[["binary_bigram", "tfidf_bigram"]].min() > 0.85
    assert accuracies[sequence_models].min() > 0.9
    # Without the order of the words it knows no more than they tell.
    assert 0.6 < accuracies["embedding_masked_shuffled"] < 0.82


def test_only_a_model_that_reads_the_order_loses_by_another(folder):
    # Catches: words that are lost on the way to another order, a model that is asked about the reviews as they are.
    table = pd.read_csv(folder / "results/word_order.csv").set_index(["variant", "order"])["accuracy"]
    bag, masked = table["binary_unigram"], table["embedding_masked"]
    same = bag.drop(["first 100", "last 100"])
    assert len(same) == 9
    assert set(same) == {bag["kept"]}
    assert masked["1"] < 0.85 < 0.9 < masked["kept"]
    assert masked["1"] < masked["3"] < masked["10"]
    summary = pd.read_csv(folder / "results/summary.csv", index_col="variant")["test_accuracy"]
    assert masked["kept"] == summary["embedding_masked"]
    assert bag["kept"] == summary["binary_unigram"]
    contrasts = pd.read_csv(folder / "results/contrasts.csv").set_index(["variant", "kind"])
    # The words of both sentences are the same.
    assert contrasts.loc[("binary_unigram", "clauses with but"), "right"] == 0.5
    assert set(pd.read_csv(folder / "results/claims.csv", index_col="claim")["kind"]) >= {"order", "difference"}


def test_the_tour_shows_what_its_cells_print(folder):
    # Catches: a notebook that does not run on the demo, outputs that are those of other code, and warnings among them.
    tour = nbformat.read(REPOSITORY / "docs/tour.ipynb", as_version=4)
    again = copy.deepcopy(tour)
    NotebookClient(again, timeout=600, resources={"metadata": {"path": folder.parent / "docs"}}).execute()
    for old, cell in zip(tour.cells, again.cells, strict=True):
        shown, found = printed(old), printed(cell)
        # What is predicted hangs on the processor.
        if "varies" in cell["metadata"].get("tags", []):
            shown, found = (re.findall("[a-z_]+", text) for text in (shown, found))
        assert found == shown


def printed(cell):
    """What a cell of a notebook has printed; it must have no other output."""
    outputs = cell.get("outputs", [])
    assert all(output["output_type"] == "stream" and output["name"] == "stdout" for output in outputs)
    return "".join(output["text"] for output in outputs)


def test_nothing_but_the_demo_folder_is_written(folder):
    # Catches: made-up results among the real ones.
    assert not any((folder.parent / name).exists() for name in ("results", "resources", "logs", "benchmarks"))


def test_the_digests_are_of_what_the_jobs_have_imported(folder):
    # Catches: a module that a job of the demo imports and that is not in the digest of its rule.
    scripts = check_digests(folder)
    assert scripts >= {"plot_figure.py", "write_model_card.py", "show_disagreements.py", "compare_embeddings.py"}


@pytest.mark.slow
def test_the_same_bytes_elsewhere_and_with_another_number_of_cores(folder, tmp_path):
    # Catches: anything in the results that hangs on the time, the folder, the order of jobs or what runs beside them.
    files = ["config/config.yaml", "config/demo.yaml", "demo/corpus/sources.yaml"]
    command = ["snakemake", "--cores", "1", "--directory", tmp_path, "--configfile", *files]
    run = subprocess.run(command, cwd=folder.parent, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 0, run.stderr
    expected = {name: content for name, content in results_of(folder).items() if not name.startswith("corpus/")}
    assert differing(results_of(tmp_path), expected) == []
