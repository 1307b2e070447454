"""Curves of how good predicted probabilities are: calibration and ROC."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from wordorder.metrics import BINS

# False positive rates at which the ROC curves of several seeds are averaged.
RATES = np.round(np.linspace(0, 1, 201), 3)


def calibration_table(labels: np.ndarray, probabilities: np.ndarray, runs: list[tuple[str, int]]) -> pd.DataFrame:
    """One row for each variant and bin of confidence that any of its answers falls into.

    `labels` (reviews,) are 0 or 1, `probabilities` (runs, reviews) that the label is 1, `runs` the variant and the seed
    of each run. The columns: variant, bin_low, bin_high, answers, confidence, accuracy. The answers of all seeds of a
    variant are counted together. The bins, and the confidence of an answer, are those of the expected calibration error
    (`metrics.expected_calibration_error`).
    """
    predicted = probabilities > 0.5
    table = pd.DataFrame(
        {
            "variant": np.repeat([variant for variant, _ in runs], len(labels)),
            "confidence": np.where(predicted, probabilities, 1 - probabilities).astype(np.float64).ravel(),
            "accuracy": (predicted == labels).ravel(),
        }
    )
    edges = np.linspace(0, 1, BINS + 1)
    place = np.searchsorted(edges[1:-1], table["confidence"])
    table["bin_low"], table["bin_high"] = edges[place], edges[place + 1]
    groups = table.groupby(["variant", "bin_low", "bin_high"], sort=False)
    means = groups.agg(answers=("accuracy", "size"), confidence=("confidence", "mean"), accuracy=("accuracy", "mean"))
    return by_variant(means.reset_index().sort_values("bin_low"), list(dict.fromkeys(variant for variant, _ in runs)))


def roc_table(labels: np.ndarray, probabilities: np.ndarray, runs: list[tuple[str, int]]) -> pd.DataFrame:
    """One row for each variant and false positive rate of `RATES`; the arguments are those of `calibration_table`.

    The columns: variant, false_positive_rate, true_positive_rate. The true positive rate is the mean over the seeds at
    the same false positive rate (vertical averaging: Fawcett 2006, "An introduction to ROC analysis", section 8.1).
    """
    heights = []
    for scores in probabilities:
        false_positive, true_positive, _ = roc_curve(labels, scores)
        # On a vertical step the upper end, as np.interp takes it where the rates repeat: but for the start, 0.
        heights.append(np.interp(RATES, false_positive, true_positive))
    table = pd.DataFrame(heights, columns=RATES, index=[variant for variant, _ in runs])
    means = table.groupby(level=0, sort=False).mean().rename_axis("variant")
    means = means.reset_index().melt("variant", var_name="false_positive_rate", value_name="true_positive_rate")
    return by_variant(means, list(dict.fromkeys(variant for variant, _ in runs)))


def by_variant(table: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """Put the rows of each variant together, in the order of `variants`, and round all numbers to six digits."""
    return table.sort_values("variant", key=lambda names: names.map(variants.index), kind="stable").round(6)
