"""Curves that show how good predicted probabilities are: calibration and ROC."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from wordorder.evaluation.metrics import BINS, answers_and_confidences, bins_of
from wordorder.evaluation.predictions import Run

# False positive rates at which the ROC curves of several seeds are averaged.
RATES = np.round(np.linspace(0, 1, 201), 3)


def calibration_table(labels: np.ndarray, probabilities: np.ndarray, runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row for each variant and bin of confidence that any of its answers falls into.

    `labels` and `probabilities` are those of `predictions.Predictions`. The columns: variant, bin_low, bin_high,
    answers, confidence, accuracy. The answers of all seeds of a variant are counted together. The bins, and the
    confidence of an answer, are those of the expected calibration error.
    """
    edges = np.linspace(0, 1, BINS + 1)
    tables = []
    for (variant, _, _), of_run in zip(runs, probabilities.astype(np.float64), strict=True):
        answers, confidence = answers_and_confidences(of_run)
        place = bins_of(confidence)
        columns = {"bin_low": edges[place], "bin_high": edges[place + 1], "confidence": confidence}
        tables.append(pd.DataFrame({"variant": variant, **columns, "accuracy": answers == labels}))
    groups = pd.concat(tables).groupby(["variant", "bin_low", "bin_high"])
    means = groups.agg(answers=("accuracy", "size"), confidence=("confidence", "mean"), accuracy=("accuracy", "mean"))
    return by_variant(means.reset_index(), list(dict.fromkeys(variant for variant, _, _ in runs)))


def roc_table(labels: np.ndarray, probabilities: np.ndarray, runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row for each variant and false positive rate of `RATES`.

    The arguments are those of `calibration_table`. The columns: variant, false_positive_rate, true_positive_rate. The
    true positive rate is the mean over the seeds, and with more than two classes over the classes, each against the
    rest, at the same false positive rate (vertical averaging: Fawcett 2006, "An introduction to ROC analysis", 8.1).
    """
    heights = []
    for of_run in probabilities:
        pairs = [(labels, of_run)] if of_run.ndim == 1 else [(labels == i, column) for i, column in enumerate(of_run.T)]
        curves = [roc_curve(*pair) for pair in pairs]
        heights.append(np.mean([np.interp(RATES, false, true) for false, true, _ in curves], axis=0))
    table = pd.DataFrame(heights, columns=RATES, index=[variant for variant, _, _ in runs])
    means = table.groupby(level=0, sort=False).mean().rename_axis("variant").reset_index()
    means = means.melt("variant", var_name="false_positive_rate", value_name="true_positive_rate")
    return by_variant(means, list(dict.fromkeys(variant for variant, _, _ in runs)))


def by_variant(table: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """Return the rows of each variant together, in the order of `variants`, all numbers rounded to six digits."""
    return table.sort_values("variant", key=lambda names: names.map(variants.index), kind="stable").round(6)
