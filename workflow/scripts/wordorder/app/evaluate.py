"""How good a trained model is on other texts, how certain that is, and which classes it takes for which."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from wordorder.evaluation.intervals import LEVEL, Estimate, Scores, roc_auc, scores_of
from wordorder.evaluation.metrics import answers_and_confidences, expected_calibration_error, one_against_rest
from wordorder.evaluation.predictions import Predictions


class Measured(NamedTuple):
    """A value with the ends of its 95 % interval over other texts, None where it cannot be known."""

    value: float
    low: float | None = None
    high: float | None = None


def measured(found: Predictions) -> dict[str, Measured]:
    """Return what one model, whose probabilities are (1, texts) or (1, texts, classes), scores on labelled texts.

    The intervals are Wilson's for the accuracy, and for the other metrics those of their influence functions, as in
    `intervals`. `overconfidence` is the mean probability of the answers minus the accuracy. Without a text of one of
    the classes there is neither area nor F1 score.
    """
    probabilities = found.probabilities[0].astype(float)
    answers, _ = answers_and_confidences(probabilities)
    right, texts = answers == found.labels, len(found.labels)
    low, high = proportion_confint(np.count_nonzero(right), texts, 1 - LEVEL, method="wilson")
    metrics = {"accuracy": Measured(float(right.mean()), float(low), float(high))}
    for name, (function, lowest, highest) in BOUNDED.items():
        if name in OF_ALL_CLASSES and len(set(found.labels)) < len(found.classes):
            continue
        scores = function(found, list(map(str, range(texts))))
        estimate = Estimate(float(scores.values[0]), float(np.sqrt(scores.covariances[0, 0])), scores.degrees)
        # Where no text differs from the others, nothing is known about other texts.
        ends = np.clip(estimate.interval(), lowest, highest).tolist() if estimate.standard_error > 0 else ()
        metrics[name] = Measured(estimate.value, *ends)
    metrics["expected_calibration_error"] = Measured(float(expected_calibration_error(found.labels, probabilities)))
    return metrics


def confusion(found: Predictions) -> np.ndarray:
    """Return how many texts of each class, the rows, got each answer, the columns: (classes, classes)."""
    table = np.zeros([len(found.classes)] * 2, int)
    np.add.at(table, (found.labels, found.answers()[0]), 1)
    return table


def f1(found: Predictions, groups: Sequence[str]) -> Scores:
    """Return the F1 score of the second of two classes, or the mean of those of more, as `metrics.f1` does."""
    labels, answers = found.labels, found.answers()[0]
    classes = [1] if len(found.classes) == 2 else range(len(found.classes))
    value, influence = 0.0, np.zeros(len(labels))
    for label in classes:
        is_class, is_answer = labels == label, answers == label
        both, any_of = 2.0 * (is_class & is_answer), is_class.astype(float) + is_answer
        score = both.sum() / any_of.sum()
        value += score / len(classes)
        influence += (both - score * any_of) / any_of.sum() / len(classes)
    return scores_of(np.array([value]), influence[None], groups)


def brier_score(found: Predictions, groups: Sequence[str]) -> Scores:
    """Return the mean squared error of the probabilities, as `metrics.brier_score` does."""
    probabilities = found.probabilities[0].astype(float)
    if probabilities.ndim == 1:
        return mean((probabilities - found.labels) ** 2, groups)
    return mean(np.sum((probabilities - one_against_rest(found.labels, probabilities)) ** 2, axis=1), groups)


def overconfidence(found: Predictions, groups: Sequence[str]) -> Scores:
    """Return the mean probability of the answers minus the share of right ones."""
    answers, confidences = answers_and_confidences(found.probabilities[0].astype(float))
    return mean(confidences - (answers == found.labels), groups)


def mean(values: np.ndarray, groups: Sequence[str]) -> Scores:
    """Return the mean of a value for each text, (texts,)."""
    value = values.mean()
    return scores_of(np.array([value]), (values - value)[None] / len(values), groups)


# With the lowest and the highest value that there is.
BOUNDED: dict[str, tuple[Callable[[Predictions, Sequence[str]], Scores], float, float]] = {
    "roc_auc": (roc_auc, 0, 1),
    "f1": (f1, 0, 1),
    "brier_score": (brier_score, 0, 2),
    "overconfidence": (overconfidence, -1, 1),
}
OF_ALL_CLASSES = ("roc_auc", "f1")
