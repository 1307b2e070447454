"""Which of two variants is better, and how sure that is."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar

COLUMNS = ["variant", "other", "difference", "difference_low", "difference_high", "mcnemar_p"]
# Of a 95 % interval.
TAILS = 0.025, 0.975
RESAMPLES_AT_A_TIME = 50


def compare(correct: np.ndarray, runs: Sequence[tuple[str, int]], *, resamples: int, seed: int) -> pd.DataFrame:
    """Compare each pair of variants by their answers to the same reviews, in a table with the columns `COLUMNS`.

    `correct` says which answers are right, of shape (runs, reviews), `runs` holds the variant and the seed of each run.
    `difference` is the mean accuracy of `variant` over its seeds less that of `other`; `difference_low` and
    `difference_high` are its 95 % percentile interval by the paired bootstrap of `resample_means`. `mcnemar_p` is the
    p-value of McNemar's test on the run of each with its lowest seed.
    """
    names = [variant for variant, _ in runs]
    means = resample_means(correct, names, resamples=resamples, seed=seed)
    at = {name: [i for i, each in enumerate(names) if each == name] for name in means}
    rows = []
    for variant, other in itertools.combinations(means, 2):
        low, high = np.quantile(means[variant] - means[other], TAILS)
        difference = correct[at[variant]].mean() - correct[at[other]].mean()
        first, second = (min(at[name], key=lambda i: runs[i][1]) for name in (variant, other))
        rows.append((variant, other, difference, low, high, mcnemar_p(correct[first], correct[second])))
    # The p-values are not rounded: they can be very small.
    return pd.DataFrame(rows, columns=COLUMNS).round(dict.fromkeys(COLUMNS[2:5], 6))


def resample_means(correct: np.ndarray, names: Sequence[str], *, resamples: int, seed: int) -> dict[str, np.ndarray]:
    """Mean accuracies over the runs of the same name, (resamples,) for each name, with reviews and runs drawn again.

    `correct` says which answers are right, of shape (runs, reviews); `names` says of what each run is, and runs of the
    same name differ in their seed only. A resample draws the reviews once for all, which keeps the names paired, and
    the runs for each name by itself: what runs with the same seed share, a subset or an order of the training reviews,
    is not relied on.
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
    """The accuracies of all runs on reviews drawn with replacement, as many as there are.

    From booleans of shape (runs, reviews) to shape (resamples, runs). How often a review is drawn is its weight, the
    same in all runs. The weights are multiplied some resamples at a time: all of them at once would take gigabytes.
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
    """The p-value of McNemar's test that two models are equally often right; booleans of shape (reviews,).

    It is the exact test for any number of reviews on which they differ: the approximation by chi-squared, which is
    for many, saves nothing here.
    """
    table = [[np.sum(a & b) for b in (second, ~second)] for a in (first, ~first)]
    return float(mcnemar(table, exact=True).pvalue)
