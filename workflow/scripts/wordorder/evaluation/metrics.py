"""How good predicted probabilities are, beyond the share of right answers."""

import numpy as np
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

BINS = 15


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Measure probabilities by what each figure reads: ranks, answers, or the probabilities.

    The labels, (reviews,), number the classes, and all occur. With two classes the probabilities are those of label 1,
    (reviews,), and as for the accuracy the answer is 1 above 0.5; with more they are those of each class, (reviews,
    classes), and the answer is the class with the highest.

    `roc_auc`, `f1` (0 for a class that is never the answer) and `brier_score` are scikit-learn's. With more than two
    classes the first two are means over the classes, each against the rest, and the Brier score is the mean over the
    reviews of the sum of squares over the classes (Brier 1950), which is from 0 to 2.
    """
    probabilities = probabilities.astype(np.float64)
    if probabilities.ndim == 1:
        f1, brier = f1_score(labels, probabilities > 0.5, zero_division=0.0), brier_score_loss(labels, probabilities)
        roc_auc = roc_auc_score(labels, probabilities)
    else:
        is_class = labels[:, None] == np.arange(probabilities.shape[1])
        f1 = f1_score(labels, probabilities.argmax(axis=1), average="macro", zero_division=0.0)
        brier = np.mean(np.sum((probabilities - is_class) ** 2, axis=1))
        # Not by roc_auc_score(multi_class="ovr"), which refuses probabilities that float32 has not quite added up to 1.
        roc_auc = np.mean([roc_auc_score(*pair) for pair in zip(is_class.T, probabilities.T, strict=True)])
    return {
        "roc_auc": float(roc_auc),
        "f1": float(f1),
        "brier_score": float(brier),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """The gap between confidence and accuracy, averaged over bins with the number of reviews in each.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: the confidence is the probability of
    the predicted class, the bins are (0, 1/15], (1/15, 2/15] and so on. With two classes no confidence is below 0.5, so
    that the upper eight of 15 bins are in use. The arrays are those of `classification_metrics`.
    """
    predicted, confidence = answers_and_confidences(probabilities)
    gaps = np.bincount(bins_of(confidence, bins), weights=(predicted == labels) - confidence)
    return float(np.abs(gaps).sum() / len(labels))


def answers_and_confidences(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer to each review and its probability, (reviews,); those of `classification_metrics` go in."""
    if probabilities.ndim == 1:
        predicted = probabilities > 0.5
        return predicted, np.where(predicted, probabilities, 1 - probabilities)
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def bins_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the number of the bin, from 0, that each confidence falls into."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
