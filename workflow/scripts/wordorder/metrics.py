"""How good predicted probabilities are, beyond the share of right answers."""

import numpy as np
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

BINS = 15


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Measure the probabilities that the labels are 1, by what each reads: ranks, answers, or the probabilities.

    Both are of shape (reviews,), the labels 0 or 1, and both occur. `roc_auc`, `f1` (of label 1; 0 if it is never the
    answer) and `brier_score` are scikit-learn's. As for the accuracy, the answer is 1 above a probability of 0.5.
    """
    probabilities = probabilities.astype(np.float64)
    return {
        "roc_auc": float(roc_auc_score(labels, probabilities)),
        "f1": float(f1_score(labels, probabilities > 0.5, zero_division=0.0)),
        "brier_score": float(brier_score_loss(labels, probabilities)),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """The gap between confidence and accuracy, averaged over bins with the number of reviews in each.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: the confidence is the probability of
    the predicted class, the bins are (0, 1/15], (1/15, 2/15] and so on. With two classes no confidence is below 0.5, so
    that the upper eight of 15 bins are in use. Both arrays are of shape (reviews,).
    """
    predicted = probabilities > 0.5
    confidence = np.where(predicted, probabilities, 1 - probabilities)
    edges = np.linspace(0, 1, bins + 1)
    of_review = np.searchsorted(edges[1:-1], confidence)
    gaps = np.bincount(of_review, weights=(predicted == labels) - confidence)
    return float(np.abs(gaps).sum() / len(labels))
