"""How good predicted probabilities are, beyond the share of right answers.

A metric is one function below, from the true labels and the probabilities to a number. The labels, (reviews,), number
the classes, and all classes occur. With two classes the probabilities, float64, are those of label 1, (reviews,), and
as for the accuracy the answer is 1 above 0.5; with more they are those of each class, (reviews, classes), and the
answer is the class with the highest.

The functions import scikit-learn, because that takes a second: model cards ask for the names of the metrics alone.
"""

from collections.abc import Callable

import numpy as np

BINS = 15
# By name, in the order of the columns of tables.
METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {}


def metric(function: Callable[[np.ndarray, np.ndarray], float]) -> Callable[[np.ndarray, np.ndarray], float]:
    """Register a function as the metric of its name."""
    METRICS[function.__name__] = function
    return function


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the value of every metric."""
    probabilities = probabilities.astype(np.float64)
    return {name: float(measure(labels, probabilities)) for name, measure in METRICS.items()}


def one_against_rest(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return which class each review belongs to, as booleans of the shape of the probabilities, (reviews, classes)."""
    return labels[:, None] == np.arange(probabilities.shape[1])


@metric
def roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the area under the ROC curve; with more than two classes the mean over them, each against the rest."""
    from sklearn.metrics import roc_auc_score

    if probabilities.ndim == 1:
        return roc_auc_score(labels, probabilities)
    is_class = one_against_rest(labels, probabilities)
    # roc_auc_score(multi_class="ovr") would refuse probabilities that float32 has not quite added up to 1.
    return np.mean([roc_auc_score(*pair) for pair in zip(is_class.T, probabilities.T, strict=True)])


@metric
def f1(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the F1 score of label 1; with more than two classes the mean of those of all classes.

    It is 0 for a class that is never the answer.
    """
    from sklearn.metrics import f1_score

    if probabilities.ndim == 1:
        return f1_score(labels, probabilities > 0.5, zero_division=0.0)
    return f1_score(labels, probabilities.argmax(axis=1), average="macro", zero_division=0.0)


@metric
def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared error of the probabilities.

    With more than two classes the squares are summed up over the classes (Brier 1950), so that it is from 0 to 2.
    """
    from sklearn.metrics import brier_score_loss

    if probabilities.ndim == 1:
        return brier_score_loss(labels, probabilities)
    return np.mean(np.sum((probabilities - one_against_rest(labels, probabilities)) ** 2, axis=1))


@metric
def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Return the gap between confidence and accuracy, averaged over bins with the number of reviews in each.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: the confidence is the probability of
    the predicted class, the bins are (0, 1/15], (1/15, 2/15] and so on. With two classes no confidence is below 0.5, so
    only the upper eight of 15 bins are in use.
    """
    predicted, confidence = answers_and_confidences(probabilities)
    gaps = np.bincount(bins_of(confidence, bins), weights=(predicted == labels) - confidence)
    return np.abs(gaps).sum() / len(labels)


def answers_and_confidences(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer to each review and its probability, both (reviews,)."""
    if probabilities.ndim == 1:
        predicted = probabilities > 0.5
        return predicted, np.where(predicted, probabilities, 1 - probabilities)
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def bins_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the number of the bin, from 0, that each confidence falls into."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
