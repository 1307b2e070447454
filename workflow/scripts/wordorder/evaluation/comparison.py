"""Compare variants: which of two is better, and how certain that is."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from wordorder.evaluation.intervals import Measurements
from wordorder.evaluation.predictions import Run

COLUMNS = ["variant", "other"]
COLUMNS += ["difference", "difference_low", "difference_high", "p", "p_adjusted"]
COLUMNS += ["auc_difference", "auc_difference_low", "auc_difference_high", "mcnemar_p"]


def compare(measured: Mapping[str, Measurements], correct: np.ndarray, runs: Sequence[Run]) -> pd.DataFrame:
    """Compare each pair of variants by their answers to the same reviews, in a table with the columns `COLUMNS`.

    `measured` is what `intervals.measure` gave; `correct` tells which answers are right, of shape (runs, reviews).
    `difference` is the mean accuracy of `variant` over its seeds minus that of `other`, with its 95 % interval over
    other seeds and other reviews; `p` is the p-value of the same t test, `p_adjusted` the false discovery rate at which
    the pair would be among those that differ (Benjamini and Hochberg 1995). `mcnemar_p` is the p-value of McNemar's
    test on one training of each, with its lowest seed. Where intervals are not known they are empty, and so is `p`.
    """
    names = dict.fromkeys(variant for variant, _, _ in runs)
    lowest = {name: min((seed, i) for i, (variant, _, seed) in enumerate(runs) if variant == name)[1] for name in names}
    rows = []
    for variant, other in itertools.combinations(names, 2):
        weights = {variant: 1, other: -1}
        accuracy, area = (measured[metric].estimate(weights) for metric in ("accuracy", "roc_auc"))
        p_values = accuracy.p_value(), np.nan
        mcnemar = mcnemar_p(correct[lowest[variant]], correct[lowest[other]])
        rows.append(
            (variant, other, accuracy.value, *accuracy.interval(), *p_values, area.value, *area.interval(), mcnemar)
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    known = table["p"].notna()
    if known.any():
        table.loc[known, "p_adjusted"] = stats.false_discovery_control(table.loc[known, "p"])
    # The p-values are not rounded: they can be very small.
    return table.round({name: 6 for name in COLUMNS if "difference" in name})


def mcnemar_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of McNemar's test that two models are equally often right; booleans of shape (reviews,).

    The test is exact for any number of reviews on which they differ: the chi-squared approximation, meant for many,
    would save nothing here.
    """
    table = [[np.sum(a & b) for b in (second, ~second)] for a in (first, ~first)]
    return float(mcnemar(table, exact=True).pvalue)
