"""What `wordorder evaluate` measures: the metrics of the pipeline, and intervals that cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordorder.app.evaluate import confusion, measured
from wordorder.evaluation.metrics import classification_metrics
from wordorder.evaluation.predictions import Predictions


def predictions(seed, texts=60, classes=2):
    """Predictions that are better than chance, of texts of each class."""
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, texts - classes)])
    logits = generator.normal(size=(texts, classes)) + np.eye(classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = probabilities[:, 1] if classes == 2 else probabilities
    return Predictions([], labels, found[None].astype(np.float32), list("abcd"[:classes]))


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_the_values_are_those_of_the_pipeline(seed, classes):
    # Catches: a metric that is another one than that of the same name in the tables; a table of another total.
    found = predictions(seed, classes=classes)
    metrics = measured(found)
    expected = classification_metrics(found.labels, found.probabilities[0])
    assert {name: metrics[name].value for name in expected} == pytest.approx(expected)
    table = confusion(found)
    assert np.trace(table) / table.sum() == metrics["accuracy"].value
    assert table.sum(axis=1).tolist() == np.bincount(found.labels, minlength=classes).tolist()


@pytest.mark.parametrize("classes", [2, 3])
def test_intervals_cover_as_often_as_they_say(classes):
    # Catches: a standard error that is too small or too large, as by a wrong influence of a text.
    truth = {name: each.value for name, each in measured(predictions(0, 200_000, classes)).items()}
    runs = [measured(predictions(seed, 200, classes)) for seed in range(1000, 1400)]
    for name in ("accuracy", "roc_auc", "f1", "brier_score", "overconfidence"):
        covered = np.mean([run[name].low <= truth[name] <= run[name].high for run in runs])
        # A share of 400 has a standard error of 0.011 at 0.95.
        assert 0.91 <= covered <= 0.99, name


def test_what_cannot_be_known_has_no_interval():
    # Catches: an accuracy of 1 that is certain after ten texts, areas and F1 scores of a class without a text.
    right = Predictions([], np.array([0, 1] * 5), np.array([[0.25, 0.75] * 5]), ["a", "b"])
    metrics = measured(right)
    assert metrics["accuracy"] == pytest.approx((1, 1 / (1 + 1.959964**2 / 10), 1))
    assert metrics["roc_auc"] == metrics["f1"] == (1, None, None)
    assert metrics["brier_score"] == (0.0625, None, None)
    one_class = measured(right._replace(labels=np.zeros(10, int)))
    assert "roc_auc" not in one_class
    assert "f1" not in one_class
    assert one_class["accuracy"].value == 0.5
