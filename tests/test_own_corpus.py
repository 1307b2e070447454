"""A corpus of one's own, as docs/own_corpus/ shows it: the commands, what they print, and what runs again."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import REPOSITORY, copy_workflow

PAGE = (REPOSITORY / "docs/own_corpus/README.md").read_text(encoding="utf-8")
_, INIT, RUN, SUMMARY, COMMAND, TABLE = re.findall(r"^\$ (.*)\n((?:[^$`].*\n)*)", PAGE, re.MULTILINE)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
ENVIRONMENT["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{ENVIRONMENT['PATH']}"
CLASSES = ["complaint", "praise", "question"]


def shell(command, folder):
    """Run a command as the page shows it."""
    run = subprocess.run(command, shell=True, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the repository in which the command of the page has been run."""
    folder = tmp_path_factory.mktemp("own") / "repository"
    folder.mkdir()
    copy_workflow(folder)
    shutil.copytree(REPOSITORY / "docs", folder / "docs")
    shell(COMMAND[0], folder)
    return folder


def test_page_shows_what_is_there():
    # Catches: a listing of the page that is not the file beside it.
    (head, listing), *_ = re.findall(r"^\$ head -3 (\S+)\n((?:[^$`].*\n)*)", PAGE, re.MULTILINE)
    assert (REPOSITORY / head).read_text(encoding="utf-8").splitlines()[:3] == listing.splitlines()
    config = (REPOSITORY / "docs/own_corpus/config.yaml").read_text(encoding="utf-8")
    shown, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert config.startswith(shown)


@pytest.mark.parametrize("commands", [[SUMMARY], [TABLE]], ids=["init", "by hand"])
def test_table_is_that_of_the_page(folder, commands):
    # Catches: an example that does not run, or prints something else. The figures are rounded differently elsewhere.
    if commands == [SUMMARY]:
        assert shell(INIT[0], folder) == INIT[1]
        assert INIT[1].splitlines()[-1].strip() == RUN[0]
        shell(RUN[0], folder)
    ((command, listing),) = commands
    rows, shown = ([line.split(",") for line in text.splitlines()] for text in (shell(command, folder), listing))
    assert rows[0] == shown[0]
    assert [row[0] for row in rows] == [row[0] for row in shown]
    for row, expected in zip(rows[1:], shown[1:], strict=True):
        assert [float(number) for number in row[1:]] == pytest.approx([float(x) for x in expected[1:]], abs=0.1)


def test_splits_are_stratified(folder):
    # Catches: a message that is lost or in two splits, classes out of proportion, an unlabelled one made up.
    messages = pd.read_csv(folder / "docs/own_corpus/messages.csv")
    splits = {path.stem: pd.read_parquet(path) for path in (folder / "example/results/reviews").iterdir()}
    counts = {name: table["label"].value_counts().to_dict() for name, table in splits.items()}
    assert counts.pop("unlabelled") == {}
    assert counts == {
        name: dict.fromkeys(CLASSES, number) for name, number in [("train", 52), ("validation", 12), ("test", 16)]
    }
    for table in splits.values():
        rows = messages.iloc[table["id"].astype(int) - 1]
        assert list(table["text"]) == list(rows["message"])
        assert list(table["label"]) == list(rows["topic"])


def test_names_of_the_classes_are_kept(folder):
    # Catches: numbers in place of names, names that go to other classes or columns, another answer than the accuracy
    # counts.
    run = folder / "example/results/runs/embedding_masked/all/seed1"
    predictions = pd.read_parquet(run / "predictions.parquet").set_index("id")
    assert list(predictions) == ["label", *(f"probability_{name}" for name in CLASSES)]
    test = pd.read_parquet(folder / "example/results/reviews/test.parquet").set_index("id")
    assert predictions["label"].equals(test["label"])
    answers = predictions.iloc[:, 1:].idxmax(axis=1).str.removeprefix("probability_")
    evaluation = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["test_accuracy"] == (answers == predictions["label"]).mean() > 0.8
    assert json.loads((run / "training.json").read_text(encoding="utf-8"))["classes"] == CLASSES
    assert "Classes: complaint, praise, question" in (
        folder / "example/logs/train_model/embedding_masked/all/seed1.log"
    ).read_text(encoding="utf-8")


def planned(folder):
    """The rules that a dry run would run."""
    output = shell(f"{COMMAND[0]} --dry-run", folder)
    return set(re.findall(r"^(\w+) +\d+$", output, re.MULTILINE)) - {"all", "total"}


def test_an_edit_is_noticed_and_a_date_is_not(folder):
    # Catches: results of a file that has been edited since; everything trained again because it was saved unchanged.
    messages = folder / "docs/own_corpus/messages.csv"
    content = messages.read_bytes()
    os.utime(messages)
    assert planned(folder) == set()
    try:
        messages.write_bytes(content + b"Where is the lamp?,question\n")
        assert {"download_corpus", "split_corpus", "train_model"} <= planned(folder)
    finally:
        messages.write_bytes(content)
    assert planned(folder) == set()


def test_the_same_from_a_folder_of_files(folder, tmp_path):
    # Catches: a local folder that the rules do not take, an edit in it that goes unnoticed.
    for i, (text, label) in enumerate(pd.read_csv(folder / "docs/own_corpus/messages.csv").itertuples(index=False)):
        (tmp_path / "my texts" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "my texts" / label / f"{i}.txt").write_text(text, encoding="utf-8")
    overlay = tmp_path / "folder.yaml"
    overlay.write_text(yaml.safe_dump({"corpus": {"sources": [str(tmp_path / "my texts")], "format": "folders"}}))
    target = "results/reviews/train.parquet"
    command = COMMAND[0].replace("--directory example", f"--directory {tmp_path / 'run'}")
    command = f"{command} {overlay} -- {target}"
    shell(command, folder)
    names = sorted(path.name for path in (tmp_path / "run/resources").iterdir())
    assert names == ["corpus", "corpus.checksums.json"]
    labels = pd.read_parquet(tmp_path / "run" / target)["label"]
    assert labels.value_counts().to_dict() == dict.fromkeys(CLASSES, 52)
    (tmp_path / "my texts/praise/new.txt").write_text("The chair is good.", encoding="utf-8")
    assert "split_corpus" in shell(command.replace(" --configfile", " --dry-run --configfile"), folder)


def test_a_corpus_that_cannot_be_used_is_refused(folder, tmp_path):
    # Catches: a traceback, or a message that is only in a log file.
    (tmp_path / "one.csv").write_text("message,topic\n" + "a,praise\n" * 9, encoding="utf-8")
    overlay = tmp_path / "one.yaml"
    overlay.write_text(yaml.safe_dump({"corpus": {"sources": [str(tmp_path / "one.csv")]}}))
    command = COMMAND[0].replace("--directory example", f"--directory {tmp_path / 'run'}")
    run = subprocess.run(
        f"{command} {overlay}", shell=True, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "Error: resources/corpus: the only class is 'praise'; to classify, there must be two or more." in run.stderr
    assert "Traceback" not in run.stderr
