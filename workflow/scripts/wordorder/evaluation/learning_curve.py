"""Accuracy against the number of training reviews, and where one variant overtakes another."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from wordorder.evaluation.intervals import Measurements, run_name
from wordorder.evaluation.predictions import Run
from wordorder.io.tables import numbers_text

CURVE_COLUMNS = ["variant", "size", "seeds", "test_accuracy", "test_accuracy_std"]
CURVE_COLUMNS += ["test_accuracy_low", "test_accuracy_high", "roc_auc", "roc_auc_low", "roc_auc_high", "of_seeds"]
CROSSING_COLUMNS = ["variant", "other", "ahead", "size", "size_low", "size_high"]
# Steps between two measured sizes in which an end of an interval is looked for.
STEPS = 100


def tabulate(measured: Mapping[str, Measurements], runs: Sequence[Run]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables of the curve, columns `CURVE_COLUMNS`, and of its crossings, columns `CROSSING_COLUMNS`.

    `measured` is what `intervals.measure` gave. All variants have the same sizes, which are numbers.

    The curve has a row for each variant and size, in the order of the runs, sizes ascending: the mean over the seeds,
    their sample standard deviation (empty for one seed), the 95 % interval of the mean over other seeds and other
    reviews, the same for the area under the ROC curve, and the accuracy of each seed.

    The crossings have a row for each pair of variants: `ahead` is the better one at the largest size, `size` where it
    overtakes the other for the last time (see `crossing`). Between `size_low` and `size_high` the difference of the two
    curves is not significant: at smaller sizes, up to which it was, the other is ahead, at larger sizes this one
    (Fieller's interval). An end that lies beyond the measured sizes is empty. Where the curves do not cross, the sizes
    are empty.
    """
    variants, sizes = dict.fromkeys(variant for variant, _, _ in runs), sorted({int(size) for _, size, _ in runs})
    accuracies = measured["accuracy"]
    rows = []
    for variant, size in itertools.product(variants, sizes):
        name = run_name(variant, size)
        each = accuracies.values(name)
        deviation = np.std(each, ddof=1) if len(each) > 1 else math.nan
        interval = accuracies.estimate({name: 1}).interval()
        area = measured["roc_auc"].estimate({name: 1})
        row = (variant, size, len(each), each.mean(), deviation, *interval, area.value, *area.interval())
        rows.append((*row, numbers_text(each)))
    curve = pd.DataFrame(rows, columns=CURVE_COLUMNS).round(dict.fromkeys(CURVE_COLUMNS[3:-1], 6))
    rows = [(*pair, *crossing_row(accuracies, pair, sizes)) for pair in itertools.combinations(variants, 2)]
    crossings = pd.DataFrame(rows, columns=CROSSING_COLUMNS).round(dict.fromkeys(CROSSING_COLUMNS[3:], 0))
    # Whole numbers stay such where one is missing.
    return curve, crossings.astype(dict.fromkeys(CROSSING_COLUMNS[3:], "Int64"))


def crossing_row(measured: Measurements, pair: tuple[str, str], sizes: list[int]) -> tuple:
    """Return ahead, size, size_low and size_high of a pair."""
    names = [[run_name(variant, size) for size in sizes] for variant in pair]
    # Rounded, because a mean of the same numbers in another order is not quite the same.
    means = [np.array([measured.values(name).mean() for name in each]) for each in names]
    differences = np.round(means[0] - means[1], 12)
    if differences[-1] == 0:
        return None, *[math.nan] * 3
    sign = np.sign(differences[-1])
    at = crossing(sizes, sign * differences)
    low = high = math.nan
    if math.isfinite(at):
        places, lows, highs = difference_band(measured, names, sizes, float(sign))
        behind, ahead = places[(highs < 0) & (places < at)], places[lows <= 0]
        low = behind.max() if len(behind) else math.nan
        high = ahead.max() if len(ahead) and ahead.max() < sizes[-1] else math.nan
    return pair[0] if sign > 0 else pair[1], at if math.isfinite(at) else math.nan, low, high


def difference_band(
    measured: Measurements, names: list[list[str]], sizes: list[int], sign: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sizes from the smallest to the largest, and the ends of the interval of the difference there.

    `names` are those of the runs of two variants at the `sizes`. Between the sizes the curves are linear in log(size).
    """
    places, ends = [], []
    for i in range(len(sizes) - 1):
        for share in np.linspace(0, 1, STEPS, endpoint=i == len(sizes) - 2):
            weights = {names[0][i]: sign * (1 - share), names[1][i]: -sign * (1 - share)}
            weights |= {names[0][i + 1]: sign * share, names[1][i + 1]: -sign * share}
            places.append(math.exp((1 - share) * math.log(sizes[i]) + share * math.log(sizes[i + 1])))
            ends.append(measured.estimate(weights).interval())
    return np.array(places), *np.array(ends).T


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
