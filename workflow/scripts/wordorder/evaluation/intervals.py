"""How certain a mean over seeds is: intervals that cover other seeds and, where that is asked, other reviews.

What a model scores hangs on the seed of its training and on the reviews it is tested on. Both are samples, and all runs
read the same reviews: the design that radiology calls multi-reader multi-case (Obuchowski and Rockette 1995; Hillis
2007 for the degrees of freedom), with trainings as its readers, each of one variant only; Sellam et al. (2022) have it
for seeds and test sets. In closed form, for weights w of some variants v with n_v seeds each:

    variance = sum of w_v² S²/n_v + sum over v, u of w_v w_u C(v, u)

S² is the variance over the seeds on these reviews: that of the variant itself where it has seeds enough, else pooled
over variants that vary alike. C(v, u) is the covariance, over other reviews, of two different trainings of v and u.
Drawing seeds and reviews with replacement (Owen 2007) instead gives too narrow intervals with few seeds: n of them vary
by (n - 1)/n of S² only.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import stats

from wordorder.evaluation.predictions import Predictions, Run

LEVEL = 0.95
# With these, the probability that something is decided that is so.
POWER = 0.8
# So many seeds tell enough about the variance of a variant, which then need not be like that of others.
OWN_SEEDS = 10
# More would not be told from infinitely many.
MOST_SEEDS = 10**6


def run_name(variant: str, size: int | str | None) -> str:
    """Return the name of all runs of a variant on `size` training reviews; the variant alone for "all" or None."""
    return variant if size in ("all", None) else f"{variant}/{size}"


class Estimate(NamedTuple):
    """An estimate with its standard error and Student's degrees of freedom, both NaN where they cannot be known."""

    value: float
    standard_error: float
    degrees: float

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.standard_error)

    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval."""
        margin = stats.t.ppf((1 + LEVEL) / 2, self.degrees) * self.standard_error
        return self.value - margin, self.value + margin

    def above(self, bound: float) -> float:
        """Return the one-sided p-value that the true value is above a bound; small where it is."""
        if self.standard_error == 0:
            return float(self.value <= bound)
        return float(stats.t.sf((self.value - bound) / self.standard_error, self.degrees))

    def below(self, bound: float) -> float:
        """Return the same for a true value below it. Not as a difference from 1, in which a small value is lost."""
        if self.standard_error == 0:
            return float(self.value >= bound)
        return float(stats.t.cdf((self.value - bound) / self.standard_error, self.degrees))

    def p_value(self) -> float:
        """Return the two-sided p-value of a true value of 0."""
        return min(1.0, 2 * min(self.above(0), self.below(0))) if self.known else math.nan


class Scores(NamedTuple):
    """What runs score on the same reviews: values, (runs,), and their covariances over other reviews, (runs, runs).

    `degrees` are those of the covariances: one less than there are groups of reviews.
    """

    values: np.ndarray
    covariances: np.ndarray
    degrees: int


def scores_of(values: np.ndarray, influences: np.ndarray, groups: Sequence[str]) -> Scores:
    """Return the scores of runs from the influence of each review on them, (runs, reviews), which add up to 0.

    Reviews of the same group, such as those of one movie, vary together (Obuchowski 1997).
    """
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(np.asarray(groups)[order], return_index=True)
    sums = np.add.reduceat(influences[:, order], starts, axis=1)
    count = len(starts)
    return Scores(values, sums @ sums.T * (count / (count - 1) if count > 1 else math.nan), count - 1)


def accuracy(predictions: Predictions, groups: Sequence[str]) -> Scores:
    """Return the accuracies of the runs; `groups` of the reviews are as in `scores_of`."""
    right = (predictions.answers() == predictions.labels).astype(float)
    values = right.mean(axis=1)
    return scores_of(values, (right - values[:, None]) / right.shape[1], groups)


def roc_auc(predictions: Predictions, groups: Sequence[str]) -> Scores:
    """Return the areas under the ROC curves of the runs, with more than two classes the means of one against the rest.

    The influence of a review is its placement among those of the other class (DeLong et al. 1988).
    """
    probabilities = predictions.probabilities.astype(float)
    classes = range(len(predictions.classes)) if probabilities.ndim == 3 else [1]
    values, influences = np.zeros(len(probabilities)), np.zeros(probabilities.shape[:2])
    for label in classes:
        of_class = probabilities[..., label] if probabilities.ndim == 3 else probabilities
        inside = predictions.labels == label
        for run, row in enumerate(of_class):
            ranks = stats.rankdata(row)
            # How many of the other class, as a share, are below a review of the class, and above one of the other.
            placements = np.empty(len(row))
            for side in (inside, ~inside):
                placements[side] = (ranks[side] - stats.rankdata(row[side])) / np.count_nonzero(~side)
            placements[~inside] = 1 - placements[~inside]
            area = placements[inside].mean()
            sizes = np.where(inside, np.count_nonzero(inside), np.count_nonzero(~inside))
            values[run] += area / len(classes)
            influences[run] += (placements - area) / sizes / len(classes)
    return scores_of(values, influences, groups)


METRICS = {"accuracy": accuracy, "roc_auc": roc_auc}


class Spread(NamedTuple):
    """How much runs of variants that vary alike differ from seed to seed.

    `variance` is that of the scores on these reviews, `degrees` what it was estimated with; `noise` is the part of the
    covariance of a run with itself, over other reviews, that it does not share with a run with another seed.
    """

    variance: float
    degrees: float
    noise: float


# Of variants that do not depend on the seed.
CERTAIN = Spread(0, math.inf, 0)


class Measurements:
    """The scores of all runs by one metric, and how certain their means over the seeds are."""

    def __init__(self, scores: Scores, runs: Sequence[Run], varies_like: Mapping[str, str | None]) -> None:
        """Take the scores of `runs`; `varies_like` names for each variant those whose seeds vary alike.

        None are variants that do not depend on the seed. Runs on other numbers of training reviews do not vary alike,
        and on a part of the reviews every variant depends on the seed, which draws them.
        """
        self.scores = scores
        self.at: dict[str, list[int]] = {}
        self.seed = [seed for _, _, seed in runs]
        self.alike: dict[str, tuple[str, int | str] | None] = {}
        for i, (variant, size, _) in enumerate(runs):
            name = run_name(variant, size)
            self.at.setdefault(name, []).append(i)
            like = varies_like[variant]
            # On a part of the training reviews the seed also draws the part, so that all depend on it.
            self.alike[name] = None if like is None and size == "all" else (like or variant, size)

    def values(self, name: str) -> np.ndarray:
        """Return the scores of the runs of a name, (seeds,)."""
        return self.scores.values[self.at[name]]

    def seeds(self, *names: str) -> int:
        """Return the number of runs of that name that has fewest."""
        return min(len(self.at[name]) for name in names)

    def of_seeds(self, weights: Mapping[str, float]) -> list[float]:
        """Return the weighted sum for each seed that all of the names have, ascending."""
        by_seed = [{self.seed[i]: self.scores.values[i] for i in self.at[name]} for name in weights]
        common = sorted(set.intersection(*(set(each) for each in by_seed)))
        return [
            float(sum(w * each[seed] for w, each in zip(weights.values(), by_seed, strict=True))) for seed in common
        ]

    def known_from(self, name: str) -> tuple[str, ...]:
        """Return the names whose runs tell how much those of a name vary; none where they do not."""
        alike = self.alike[name]
        if alike is None or len(self.at[name]) >= OWN_SEEDS:
            return () if alike is None else (name,)
        return tuple(other for other, like in self.alike.items() if like == alike)

    @cached_property
    def spreads(self) -> dict[tuple[str, ...], Spread]:
        """The spread of each `known_from`; not known where no name has two runs."""
        found: dict[tuple[str, ...], Spread] = {(): CERTAIN}
        for names in {self.known_from(name) for name in self.at} - {()}:
            degrees, squares, noise = 0, 0.0, 0.0
            for name in names:
                more = len(self.at[name]) - 1
                if more:
                    degrees += more
                    squares += float(np.sum((self.values(name) - self.values(name).mean()) ** 2))
                    noise += more * (self.own_covariance(name) - self.shared_covariance(name, name))
            found[names] = Spread(squares / degrees, degrees, noise / degrees) if degrees else Spread(*[math.nan] * 3)
        return found

    def own_covariance(self, name: str) -> float:
        """Return the mean variance, over other reviews, of a run of this name."""
        return float(np.mean(np.diag(self.scores.covariances)[self.at[name]]))

    def shared_covariance(self, name: str, other: str) -> float:
        """Return the mean covariance, over other reviews, of two different runs of these names."""
        block = self.scores.covariances[np.ix_(self.at[name], self.at[other])]
        if name != other:
            return float(block.mean())
        seeds = len(block)
        if seeds > 1:
            return float((block.sum() - np.trace(block)) / (seeds * (seeds - 1)))
        # Of one run, what is its own is known from others that vary alike.
        return float(block[0, 0]) - self.spreads[self.known_from(name)].noise

    def estimate(
        self, weights: Mapping[str, float], *, other_reviews: bool = True, seeds: int | None = None
    ) -> Estimate:
        """Return the weighted sum of the means over the seeds of some names.

        Of what other seeds would give and, with `other_reviews`, other reviews as well. With `seeds`, the standard
        error and the degrees of freedom are those to be expected with that many seeds of each name.
        """
        value = sum(weight * float(self.values(name).mean()) for name, weight in weights.items())
        parts = []
        for known_from in dict.fromkeys(map(self.known_from, weights)):
            names = [name for name in weights if self.known_from(name) == known_from]
            spread = self.spreads[known_from]
            share = sum(weights[name] ** 2 / (seeds or len(self.at[name])) for name in names)
            parts.append((share * spread.variance, max(spread.degrees, len(names) * ((seeds or 1) - 1))))
        if other_reviews:
            shared = sum(
                weight * other_weight * self.shared_covariance(name, other)
                for name, weight in weights.items()
                for other, other_weight in weights.items()
            )
            # NumPy's maximum keeps NaN, which is what is known of other reviews if all are of one group.
            parts.append((float(np.maximum(0.0, shared)), self.scores.degrees))
        variance = sum(part for part, _ in parts)
        if math.isnan(variance):
            return Estimate(value, math.nan, math.nan)
        # Satterthwaite: as many degrees of freedom as a single variance with the same uncertainty would have.
        uncertainty = sum(part**2 / degrees for part, degrees in parts if part)
        return Estimate(value, math.sqrt(variance), variance**2 / uncertainty if uncertainty else math.inf)

    def seeds_to_decide(self, weights: Mapping[str, float], distance: float, *, other_reviews: bool) -> float:
        """Return with how many seeds of each name an interval would leave out a value that is `distance` away.

        With a probability of 80 %, if the true value is the measured one; infinity if no number of seeds is enough, NaN
        where nothing is known about the seeds.
        """

        def enough(seeds: int) -> bool:
            expected = self.estimate(weights, other_reviews=other_reviews, seeds=seeds)
            quantiles = stats.t.ppf((1 + LEVEL) / 2, expected.degrees) + stats.t.ppf(POWER, expected.degrees)
            return distance > quantiles * expected.standard_error

        if not self.estimate(weights, other_reviews=other_reviews).known:
            return math.nan
        if not enough(MOST_SEEDS):
            return math.inf
        # The first of many that are enough.
        low, high = 0, MOST_SEEDS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high


def measure(
    predictions: Predictions, groups: Sequence[str], runs: Sequence[Run], varies_like: Mapping[str, str | None]
) -> dict[str, Measurements]:
    """Return the measurements of all runs by each metric of `METRICS`; the arguments are those of the parts above."""
    return {name: Measurements(metric(predictions, groups), runs, varies_like) for name, metric in METRICS.items()}
