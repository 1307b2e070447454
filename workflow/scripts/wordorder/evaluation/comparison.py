"""Compare variants: which of two is better, and how certain that is."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar

from wordorder.evaluation.predictions import Run

COLUMNS = ["variant", "other", "difference", "difference_low", "difference_high", "mcnemar_p"]
# The ends of a 95 % interval, as quantiles.
TAILS = 0.025, 0.975
RESAMPLES_AT_A_TIME = 50


def compare(correct: np.ndarray, runs: Sequence[Run], *, resamples: int, seed: int) -> pd.DataFrame:
    """Compare each pair of variants by their answers to the same reviews, in a table with the columns `COLUMNS`.

    `correct` tells which answers are right, of shape (runs, reviews). `difference` is the mean accuracy of `variant`
    over its seeds minus that of `other`; `difference_low` and `difference_high` are its 95 % percentile interval by the
    paired bootstrap of `resample_means`. `mcnemar_p` is the p-value of McNemar's test on the run of each with its
    lowest seed.
    """
    names = [variant for variant, _, _ in runs]
    means = resample_means(correct, names, resamples=resamples, seed=seed)
    at = {name: [i for i, each in enumerate(names) if each == name] for name in means}
    rows = []
    for variant, other in itertools.combinations(means, 2):
        low, high = np.quantile(means[variant] - means[other], TAILS)
        difference = correct[at[variant]].mean() - correct[at[other]].mean()
        first, second = (min(at[name], key=lambda i: runs[i][2]) for name in (variant, other))
        rows.append((variant, other, difference, low, high, mcnemar_p(correct[first], correct[second])))
    # The p-values are not rounded: they can be very small.
    return pd.DataFrame(rows, columns=COLUMNS).round(dict.fromkeys(COLUMNS[2:5], 6))


def resample_means(correct: np.ndarray, names: Sequence[str], *, resamples: int, seed: int) -> dict[str, np.ndarray]:
    """Return the mean accuracies of the runs of each name, (resamples,), with reviews and runs resampled.

    `correct` tells which answers are right, of shape (runs, reviews); the runs have these `names`, and those of the
    same name differ in their seed only. A resample draws the reviews once for all names, which keeps them paired, and
    the runs for each name separately: nothing relies on what runs with the same seed share, such as a subset or an
    order of the training reviews.
    """
    accuracies = resample_reviews(correct, resamples, np.random.default_rng(seed))
    means = {}
    for name in dict.fromkeys(names):
        runs = [i for i, each in enumerate(names) if each == name]
        # A stream of random numbers for each name, so that an interval does not depend on what else is compared.
        rng = np.random.default_rng([seed, *name.encode()])
        chosen = rng.integers(len(runs), size=(resamples, len(runs)))
        means[name] = np.take_along_axis(accuracies[:, runs], chosen, axis=1).mean(axis=1)
    return means


def resample_reviews(correct: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return the accuracies of all runs on reviews drawn with replacement, as many as there are.

    Booleans of shape (runs, reviews) become accuracies of shape (resamples, runs). A review counts as often as it is
    drawn, the same in all runs. The resamples are taken some at a time: all at once they would need gigabytes.
    """
    reviews = correct.shape[1]
    # Sums of whole numbers below 2**24 are exact.
    right = correct.T.astype(np.float32)
    accuracies = np.empty((resamples, len(correct)))
    for start in range(0, resamples, RESAMPLES_AT_A_TIME):
        part = accuracies[start : start + RESAMPLES_AT_A_TIME]
        drawn = [np.bincount(rng.integers(reviews, size=reviews), minlength=reviews) for _ in part]
        part[:] = np.array(drawn, np.float32) @ right
    return accuracies / reviews


def mcnemar_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of McNemar's test that two models are equally often right; booleans of shape (reviews,).

    The test is exact for any number of reviews on which they differ: the chi-squared approximation, meant for many,
    would save nothing here.
    """
    table = [[np.sum(a & b) for b in (second, ~second)] for a in (first, ~first)]
    return float(mcnemar(table, exact=True).pvalue)
