"""The predictions on disk: what is written is read, and nothing else is."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_up_runs import CLASSES, IDS, LABELS, write
from scipy.special import expit, logit

import evaluate_ensemble
from wordorder.evaluation.predictions import predictions_schema, read_correct, read_predictions
from wordorder.io.errors import InputError


def test_predictions_come_back(tmp_path):
    # Catches: columns that change places, probabilities that are rounded; a file that other programs cannot read.
    path = write(tmp_path / "predictions.parquet", [0.1, 0.7, 0.9, 0.3])
    table = pd.read_parquet(path)
    assert list(table) == ["id", "label", "probability"]
    assert table["id"].tolist() == IDS
    assert table["label"].tolist() == ["neg", "neg", "pos", "pos"]
    assert table["probability"].tolist() == np.array([0.1, 0.7, 0.9, 0.3], "float32").tolist()
    assert read_predictions(path).to_pydict() == table.to_dict("list")


def test_right_answers(tmp_path):
    # Catches: a threshold that takes 0.5 for positive, where the accuracy does not; runs that change places.
    first = write(tmp_path / "first.parquet", [0.1, 0.7, 0.9, 0.3])
    second = write(tmp_path / "second.parquet", [0.5, 0.0, 0.5, 1.0])
    ids, correct = read_correct([first, second])
    assert ids == IDS
    assert correct.tolist() == [[True, False, True, False], [True, True, False, True]]


def test_more_classes(tmp_path):
    # Catches: columns that change places, names that no column can have, an answer that is not the likeliest class.
    classes = ["", "a b", "é\n{x}"]
    probabilities = [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.125, 0.25, 0.625], [0.375, 0.375, 0.25]]
    path = write(tmp_path / "predictions.parquet", probabilities, labels=[1, 2, 2, 0], classes=classes)
    table = pd.read_parquet(path)
    assert list(table) == ["id", "label", "probability_", "probability_a b", "probability_é\n{x}"]
    assert table["label"].tolist() == ["a b", "é\n{x}", "é\n{x}", ""]
    assert table.iloc[:, 2:].to_numpy().tolist() == probabilities
    # Of two that are equal it is the first.
    assert read_correct([path])[1].tolist() == [[True, False, True, True]]


def test_an_ensemble_answers_by_the_mean_of_the_logits(tmp_path):
    # Catches: a mean of probabilities, by which the surer of two does not win; metrics of one of the members.
    first = write(tmp_path / "first.parquet", [0.4, 0.7, 0.98, 0.3])
    second = write(tmp_path / "second.parquet", [0.01, 0.2, 0.1, 0.9])
    files = tmp_path / "evaluation.json", tmp_path / "predictions.parquet"
    evaluate_ensemble.main([first, second], *files)
    probabilities = read_predictions(files[1])["probability"].to_numpy()
    assert probabilities == pytest.approx(expit((logit([0.4, 0.7, 0.98, 0.3]) + logit([0.01, 0.2, 0.1, 0.9])) / 2))
    found = json.loads(files[0].read_text(encoding="utf-8"))
    assert found["test_accuracy"] == 1
    assert found["roc_auc"] == 1
    assert read_predictions(files[1])["id"].to_pylist() == IDS


@pytest.mark.parametrize(
    "other",
    [
        {"ids": [*IDS[:3], "test/pos/3_8"]},
        {"ids": [IDS[1], IDS[0], *IDS[2:]]},
        {"ids": IDS[:3], "labels": LABELS[:3], "probabilities": [0.1] * 3},
        {"labels": 1 - LABELS},
    ],
)
def test_other_reviews_are_refused(tmp_path, other):
    # Catches: answers to different reviews that are compared as if they were the same.
    first = write(tmp_path / "first.parquet", [0.1, 0.7, 0.9, 0.3])
    second = write(tmp_path / "second.parquet", **{"probabilities": [0.1] * 4, **other})
    with pytest.raises(InputError, match=r"second\.parquet is not of the same reviews as .*first\.parquet"):
        read_correct([first, first, second])


def table(metadata='["neg", "pos"]', **columns):
    good = {"id": IDS, "label": ["neg", "neg", "pos", "pos"], "probability": np.full(4, 0.5, "float32")}
    content = pa.table({name: column for name, column in (good | columns).items() if column is not None})
    return content.replace_schema_metadata({"classes": metadata} if metadata else None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table(id=None), "it holds label"),
        (table(probability=np.full(4, 0.5)), "double"),
        (table(label=[0, 0, 1, 1]), "int64"),
        (table(label=["neg", "neg", "pos", "other"]), "reviews of each class"),
        (table(label=["neg"] * 4), "reviews of each class"),
        (table(metadata='["neg", "other"]'), "reviews of each class"),
        (table(metadata='["neg"]', label=["neg"] * 4), "it holds id"),
        (table(metadata='["pos", "neg"]'), "not in order"),
        (table(metadata='["neg", 1]'), "names of the classes are missing"),
        (table(metadata=None), "names of the classes are missing"),
        (table(metadata="["), "Expecting value"),
        (table(probability=np.array([0, 0, np.nan, 1], "float32")), "probabilities from 0 to 1"),
        (table(probability=np.array([0, 0, 1.5, 1], "float32")), "probabilities from 0 to 1"),
        (table(probability=pa.array([0, 0, None, 1], "float32")), "a value is missing"),
        (predictions_schema(CLASSES).empty_table(), "there must be reviews"),
    ],
)
def test_other_tables_are_refused(tmp_path, content, message):
    # Catches: values that mislead the comparison without a word.
    path = tmp_path / "predictions.parquet"
    pq.write_table(content, path)
    with pytest.raises(InputError, match=rf"predictions\.parquet is damaged .*{message}.*Delete it and run again"):
        read_predictions(path)


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"\0" * 100])
def test_other_files_are_refused(tmp_path, content):
    # Catches: an exception of a library that does not say which file it was.
    path = tmp_path / "predictions.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"predictions\.parquet is damaged"):
        read_predictions(path)


def test_a_changed_bit_is_noticed(tmp_path):
    # Catches: a checksum that is not written or not compared, so that a probability can change on the disk.
    good = write(tmp_path / "good.parquet", [0.1, 0.7, 0.9, 0.3])
    content, table = good.read_bytes(), read_predictions(good)
    refused = 0
    for place, byte in enumerate(content):
        path = tmp_path / f"{place}.parquet"
        path.write_bytes(content[:place] + bytes([byte ^ 8]) + content[place + 1 :])
        try:
            assert read_predictions(path).equals(table)
        except InputError:
            refused += 1
    assert refused > len(content) / 4
