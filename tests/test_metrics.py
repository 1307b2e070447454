"""The metrics of predicted probabilities, against figures worked out by hand and definitions tried pair by pair."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from wordorder.evaluation.metrics import classification_metrics, expected_calibration_error

# Float32, as the models give them; one probability of exactly 0.5, two that are the same.
LABELS = np.array([0, 1, 1, 0, 1, 0, 1, 1], "int8")
PROBABILITIES = np.array([0.125, 0.875, 0.25, 0.75, 0.5, 0.5, 1, 0.75], "float32")


def test_metrics_are_those_of_their_definitions():
    # Catches: labels and probabilities that change places, answers in place of probabilities, ties that count as won or
    # lost, a threshold that takes 0.5 for positive, the F1 of label 0 or of both.
    metrics = classification_metrics(LABELS, PROBABILITIES)
    pairs = list(itertools.product(PROBABILITIES[LABELS == 1], PROBABILITIES[LABELS == 0]))
    assert metrics["roc_auc"] == pytest.approx(sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs))
    # Positive answers: 0.875, 0.75 (wrong), 1, 0.75. Positive reviews: five. 2 x 3 / (4 + 5).
    assert metrics["f1"] == pytest.approx(6 / 9)
    # In eighths the distances from the labels are 1, 1, 6, 6, 4, 4, 0, 2: the sum of squares is 110.
    assert metrics["brier_score"] == pytest.approx(110 / 64 / 8)
    assert all(type(value) is float for value in metrics.values())


def test_calibration_error_by_hand():
    # Catches: bins of the probability of label 1 in place of the confidence, gaps that are not weighted, bins that are
    # averaged one by one, signs that cancel between bins.
    # Confidences 0.875, 0.875, 0.75, 0.75, 0.5, 0.5, 1, 0.75. Bins of a fifteenth:
    # 0.875 is in (13/15, 14/15]: both right, confidence 1.75 for 2 right: a gap of 0.25.
    # 0.75 is in (11/15, 12/15]: of three one is right, confidence 2.25: 1.25.
    # 0.5 is in (7/15, 8/15]: the answer is 0, one is right, confidence 1: 0.
    # 1 is in (14/15, 1]: right: 0.
    assert expected_calibration_error(LABELS, PROBABILITIES) == pytest.approx((0.25 + 1.25) / 8)


def test_upper_edge_belongs_to_the_bin():
    # Catches: bins that hold their lower edge, as a histogram's do; a last bin that lacks confidence 1.
    # Two bins: (0, 1/2] and (1/2, 1]. In the first 0.5, wrong (a gap of 0.5); in the second 1 and 0.75, both right
    # (0.25). In one bin they would cancel to 0.25.
    labels, probabilities = np.array([1, 1, 0]), np.array([0.5, 1.0, 0.25])
    assert expected_calibration_error(labels, probabilities, bins=2) == pytest.approx(0.75 / 3)
    assert expected_calibration_error(labels, probabilities, bins=1) == pytest.approx(0.25 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_calibration_error_is_that_of_the_paper(seed):
    # Catches: a short form that is not the formula, which is written out here bin by bin; another number of bins,
    # sums in float32. The labels are such that some bins are too sure and others not sure enough.
    rng = np.random.default_rng(seed)
    probabilities = rng.random(500).astype("float32")
    labels = rng.random(500) < np.round(probabilities * 3) / 3
    expected = 0
    for m in range(1, 16):
        inside = [
            (max(p, 1 - p), (p > 0.5) == label)
            for p, label in zip(probabilities.tolist(), labels, strict=True)
            if (m - 1) / 15 < max(p, 1 - p) <= m / 15
        ]
        if inside:
            confidence, accuracy = np.mean([c for c, _ in inside]), np.mean([right for _, right in inside])
            expected += len(inside) / 500 * abs(accuracy - confidence)
    metrics = classification_metrics(labels, probabilities)
    assert metrics["expected_calibration_error"] == pytest.approx(expected, rel=1e-12)


def test_a_model_that_always_says_the_same():
    # Catches: a warning or an error where there is no positive answer: a model that has learned nothing.
    metrics = classification_metrics(LABELS, np.full(8, 0.25, "float32"))
    assert (metrics["f1"], metrics["roc_auc"]) == (0, 0.5)
    # Confidence 0.75, three of eight right.
    assert metrics["expected_calibration_error"] == pytest.approx(0.375)


# Of three classes; two rows with equal probabilities.
THREE_LABELS = np.array([0, 1, 2, 2, 1, 0], "int32")
THREE = np.array(
    [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0, 0, 1], [0.5, 0.5, 0], [0.5, 0, 0.5], [0.25, 0, 0.75]], "float32"
)


def test_metrics_of_three_classes():
    # Catches: a mean over the classes in place of a sum, another answer of
    # equal ones than the first.
    metrics = classification_metrics(THREE_LABELS, THREE)
    # Answers: 0, 1, 2, 0, 0, 2. Of class 0 one of three answers and two reviews is right, of 1 one of one and two, of 2
    # one of two and two.
    assert metrics["f1"] == pytest.approx((2 / 5 + 2 / 3 + 2 / 4) / 3)
    assert metrics["f1"] == f1_score(THREE_LABELS, THREE.argmax(axis=1), average="macro")
    # The squares of quarters.
    assert metrics["brier_score"] == pytest.approx((6 + 6 + 0 + (4 + 4 + 16) + (4 + 16 + 4) + (9 + 9)) / 16 / 6)
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(THREE_LABELS, THREE, multi_class="ovr"))
    # Confidences 0.5 (right, right, wrong, wrong), 1 (right), 0.75 (wrong).
    assert metrics["expected_calibration_error"] == pytest.approx((0 + 0 + 0.75) / 6)
    assert all(type(value) is float for value in metrics.values())


def test_classes_count_alike():
    # Catches: means weighted by the number of reviews, in which a rare class does not show.
    answers = np.eye(3, dtype="float32")[[0, 0, 1, 1, 0]]
    metrics = classification_metrics(np.array([0, 0, 0, 1, 2]), answers)
    # Class 0: two right of three answers and three reviews; 1: one of two and one; 2: none.
    assert metrics["f1"] == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)
    # Pairs with a review of another class, a half for a tie. Class 0: 1, 1 and 0 against 0 and 1; class 1: 1 against 0,
    # 0, 1 and 0; class 2: 0 against 0 four times.
    assert metrics["roc_auc"] == pytest.approx(((1 + 0.5 + 1 + 0.5 + 0.5 + 0) / 6 + (1 + 1 + 0.5 + 1) / 4 + 0.5) / 3)


def test_probabilities_that_do_not_quite_add_up():
    # Catches: scikit-learn's refusal of what a softmax in float32 gives.
    metrics = classification_metrics(THREE_LABELS, THREE * np.float32(1.001))
    assert metrics["roc_auc"] == classification_metrics(THREE_LABELS, THREE)["roc_auc"]


def test_three_classes_of_a_model_that_has_learned_nothing():
    # Catches: a warning or an error where there is no answer of a class.
    metrics = classification_metrics(THREE_LABELS, np.full((6, 3), 1 / 3, "float32"))
    assert (metrics["roc_auc"], metrics["f1"]) == (0.5, pytest.approx(0.5 / 3))
    assert metrics["brier_score"] == pytest.approx(2 / 3)


def test_a_model_card_imports_no_scikit_learn():
    # Catches: a second at the start of every model card, for what only evaluations compute with.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys, write_model_card; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "wordorder.evaluation.metrics" in modules.stdout.split()
    assert "sklearn" not in modules.stdout.split()
