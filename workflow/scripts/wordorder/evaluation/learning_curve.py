"""Accuracy against the number of training reviews, and where one variant overtakes another."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from wordorder.evaluation.comparison import TAILS, resample_means
from wordorder.evaluation.predictions import Run

CURVE_COLUMNS = ["variant", "size", "seeds", "test_accuracy", "test_accuracy_std"]
CURVE_COLUMNS += ["test_accuracy_low", "test_accuracy_high"]
CROSSING_COLUMNS = ["variant", "other", "ahead", "size", "size_low", "size_high", "share"]


def run_name(variant: str, size: int | str) -> str:
    """Return the name that the bootstrap has for the runs of a variant on `size` training reviews, or on "all".

    For all it is the variant alone, as in comparisons.csv, so that the intervals are the same there and elsewhere.
    """
    return variant if size == "all" else f"{variant}/{size}"


def tabulate(
    correct: np.ndarray, runs: Sequence[Run], *, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables of the curve, columns `CURVE_COLUMNS`, and of its crossings, columns `CROSSING_COLUMNS`.

    `correct` tells which answers are right, of shape (runs, reviews). All variants have the same sizes, which are
    numbers.

    The curve has a row for each variant and size, in the order of the runs, sizes ascending: the mean over the seeds,
    their sample standard deviation (empty for one seed), and the 95 % percentile interval of the mean by the bootstrap
    over reviews and seeds of `resample_means`.

    The crossings have a row for each pair of variants: `ahead` is the better one at the largest size,
    `size` where it overtakes the other for the last time (see `crossing`), with a 95 % interval by the same resamples,
    and `share` is the fraction of the resamples in which it overtakes the other within the measured sizes. A resample
    in which it is ahead throughout counts as a crossing below them, one in which it is not ahead at the largest size as
    a crossing above them; an end of the interval that lies there is empty. Where the curves do not cross, the sizes are
    empty.
    """
    names = [run_name(variant, size) for variant, size, _ in runs]
    resampled = resample_means(correct, names, resamples=resamples, seed=seed)
    accuracies: dict[str, list[float]] = {name: [] for name in names}
    for name, answers in zip(names, correct, strict=True):
        accuracies[name].append(answers.mean())
    variants, sizes = dict.fromkeys(variant for variant, _, _ in runs), sorted({int(size) for _, size, _ in runs})
    rows = []
    for variant, size in itertools.product(variants, sizes):
        each = accuracies[run_name(variant, size)]
        deviation = np.std(each, ddof=1) if len(each) > 1 else math.nan
        low, high = np.quantile(resampled[run_name(variant, size)], TAILS)
        rows.append((variant, size, len(each), np.mean(each), deviation, low, high))
    curve = pd.DataFrame(rows, columns=CURVE_COLUMNS).round(dict.fromkeys(CURVE_COLUMNS[3:], 6))
    rows = []
    for pair in itertools.combinations(variants, 2):
        one, other = ([run_name(variant, size) for size in sizes] for variant in pair)
        measured = [np.mean(accuracies[a]) - np.mean(accuracies[b]) for a, b in zip(one, other, strict=True)]
        draws = np.stack([resampled[a] - resampled[b] for a, b in zip(one, other, strict=True)], axis=1)
        # Rounded, because a mean of the same numbers in another order is not quite the same.
        rows.append((*pair, *crossing_row(pair, sizes, np.round(measured, 12), draws)))
    crossings = pd.DataFrame(rows, columns=CROSSING_COLUMNS).round(
        dict.fromkeys(CROSSING_COLUMNS[3:6], 0) | {"share": 4}
    )
    # Whole numbers stay such where one is missing.
    return curve, crossings.astype(dict.fromkeys(CROSSING_COLUMNS[3:6], "Int64"))


def crossing_row(pair: tuple[str, str], sizes: list[int], measured: np.ndarray, draws: np.ndarray) -> tuple:
    """Return ahead, size, size_low, size_high and share of a pair, from its differences at the sizes.

    `measured` has the shape (sizes,), `draws` that of (resamples, sizes).
    """
    if measured[-1] == 0:
        return None, *[math.nan] * 4
    sign = np.sign(measured[-1])
    at = crossing(sizes, sign * measured)
    each = np.array([crossing(sizes, differences) for differences in sign * draws])
    share = np.isfinite(each).mean()
    # Without interpolation, which is not possible between infinities.
    low, high = np.quantile(each, TAILS, method="inverted_cdf") if math.isfinite(at) else (math.nan, math.nan)
    at, low, high = (value if math.isfinite(value) else math.nan for value in (at, low, high))
    return pair[0] if sign > 0 else pair[1], at, low, high, share


def crossing(sizes: Sequence[int], differences: Sequence[float]) -> float:
    """Return the size from which on the differences are positive, linear in log(size) between the measured sizes.

    It is minus infinity if no difference is negative, and infinity if the last one is not positive. Of several changes
    of sign it is the last: small differences at small sizes, where all models guess, are no answer.
    """
    if differences[-1] <= 0:
        return math.inf
    behind = np.flatnonzero(np.asarray(differences) < 0)
    if not len(behind):
        return -math.inf
    i = behind[-1]
    left, right = math.log(sizes[i]), math.log(sizes[i + 1])
    return math.exp(left + (right - left) * differences[i] / (differences[i] - differences[i + 1]))
