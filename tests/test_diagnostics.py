"""Calibration and ROC curves, against scikit-learn, the expected calibration error and figures by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from wordorder.evaluation.diagnostics import calibration_table, roc_table
from wordorder.evaluation.metrics import expected_calibration_error

probabilities = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30)


def labels_for(count):
    return np.arange(count) % 2


@given(probabilities)
def test_calibration_adds_up_to_the_calibration_error(values):
    # Catches: other bins than those of the error, answers counted twice or not at all.
    labels, scores = labels_for(len(values)), np.array(values)
    table = calibration_table(labels, scores[None], [("a", "all", 1)])
    assert table["answers"].sum() == len(values)
    gaps = (table["answers"] * (table["accuracy"] - table["confidence"])).abs().sum() / len(values)
    assert gaps == pytest.approx(expected_calibration_error(labels, scores), abs=1e-5)
    assert (table["bin_low"] - 1e-6 <= table["confidence"]).all()
    assert (table["confidence"] <= table["bin_high"] + 1e-6).all()


def test_calibration_by_hand():
    # Catches: seeds that are not counted together, variants in another order, the confidence of the wrong class.
    labels = np.array([1, 0, 1, 0])
    scores = np.array([[0.9, 0.1, 0.1, 0.62], [0.9, 0.1, 0.9, 0.38], [0.55] * 4])
    table = calibration_table(labels, scores, [("b", "all", 1), ("b", "all", 2), ("a", "all", 1)])
    assert list(table["variant"]) == ["b", "b", "a"]
    assert list(table["answers"]) == [2, 6, 4]
    assert list(table["confidence"]) == pytest.approx([0.62, 0.9, 0.55])
    assert list(table["accuracy"]) == pytest.approx([0.5, 5 / 6, 0.5])
    assert list(table["bin_low"]) == pytest.approx([9 / 15, 13 / 15, 8 / 15], abs=1e-6)


@given(st.integers(0, 1000))
def test_area_under_the_roc_curve(seed):
    # Catches: axes the wrong way round, a curve of the wrong class, too few points.
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, 400)
    scores = np.clip(0.3 * labels + generator.random(400) * 0.7, 0, 1)
    table = roc_table(labels, scores[None], [("a", "all", 1)])
    area = np.trapezoid(table["true_positive_rate"], table["false_positive_rate"])
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=0.01)
    assert (np.diff(table["true_positive_rate"]) >= -1e-6).all()
    assert table["true_positive_rate"].iloc[-1] == 1


def test_roc_is_the_mean_over_the_seeds():
    # Catches: the curve of one seed, or of the answers of all seeds thrown together.
    labels = np.array([0, 0, 1, 1])
    perfect, reverse = [0.1, 0.2, 0.8, 0.9], [0.9, 0.8, 0.2, 0.1]
    table = roc_table(
        labels, np.array([perfect, perfect, reverse]), [("b", "all", 1), ("a", "all", 1), ("a", "all", 2)]
    )
    assert list(dict.fromkeys(table["variant"])) == ["b", "a"]
    heights = table[table["false_positive_rate"] == 0.5].set_index("variant")["true_positive_rate"]
    pd.testing.assert_series_equal(heights, pd.Series({"b": 1.0, "a": 0.5}), check_names=False)
