"""Intervals: how often they cover what they say, in simulated studies whose truth is known; and figures by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from wordorder.evaluation.intervals import (
    METRICS,
    Estimate,
    Measurements,
    Scores,
    accuracy,
    measure,
    roc_auc,
    run_name,
    scores_of,
)
from wordorder.evaluation.predictions import Predictions

# Variances of what decides whether a review is classified rightly: its movie, itself, a liking of the variant for it,
# and chance in the run. Together 10; with them and the seeds below, runs differ as those of the study do: the standard
# deviation over the seeds is 0.54 points at an accuracy of 0.87, and on 25,000 reviews the standard error of the
# difference of two runs is 0.2 points, of two variants with any number of seeds 0.12.
MOVIE, REVIEW, LIKING, CHANCE = 1.2, 7.3, 0.5, 1.0
TOTAL = MOVIE + REVIEW + LIKING + CHANCE
# The chapter's LSTMs; the LSTM whose weights are averaged.
SEEDS = {0.54: 0.0255**2 * TOTAL, 0.07: 0.0033**2 * TOTAL}
POOL = np.random.default_rng(1).standard_normal(2**22, np.float32)
MEAN = stats.norm.ppf(0.87) * math.sqrt(TOTAL)


class Simulation:
    """A study with as many runs of each variant as `seeds` says, all of the same mean skill.

    `variance` is that over the seeds: of all variants, or of each.
    """

    def __init__(self, rng, seeds, variance, reviews=2000, movies=300):
        self.runs = [(f"v{v}", "all", s) for v, n in enumerate(seeds) for s in range(n)]
        variant = np.array([int(name[1:]) for name, _, _ in self.runs])

        def normal(*shape):
            """Parts of the pool, from random places: to draw each number anew would take most of the time."""
            starts = rng.integers(len(POOL) - shape[-1], size=math.prod(shape[:-1]))
            return np.stack([POOL[start : start + shape[-1]] for start in starts]).reshape(shape)

        movie = rng.integers(movies, size=reviews)
        self.groups = movie.astype(str)
        self.labels = np.arange(reviews) % 2
        # What does not depend on the seed, (variants, reviews), and then the runs.
        of_review = MEAN + MOVIE**0.5 * normal(movies)[movie] + REVIEW**0.5 * normal(reviews)
        self.of_variant = of_review + LIKING**0.5 * normal(len(seeds), reviews)
        self.variance = np.broadcast_to(variance, len(seeds))
        skill = self.variance[variant, None] ** 0.5 * normal(len(self.runs))[:, None]
        self.latent = self.of_variant[variant] + skill + CHANCE**0.5 * normal(len(self.runs), reviews)

    def predictions(self):
        """Probabilities of the second class."""
        signed = np.where(self.labels == 1, self.latent, -self.latent)
        return Predictions([], self.labels, 0.5 + signed / 100, ["neg", "pos"])

    def measurements(self, metric=accuracy):
        """What the engine makes of it."""
        alike = {name: "lstm" for name, _, _ in self.runs}
        return Measurements(metric(self.predictions(), self.groups), self.runs, alike)

    def truth_here(self, variant):
        """The accuracy of a variant on these reviews, mean over all seeds that there could be."""
        return stats.norm.cdf(self.of_variant[variant] / math.sqrt(self.variance[variant] + CHANCE)).mean()


def covered(estimate, truth):
    low, high = estimate.interval()
    return low <= truth <= high


# All variants have the same number of seeds, or two of them one and the others three, from which those borrow.
SEVERAL = {"one": [1, 1, 3, 3, 3, 3], **{str(n): [n] * 6 for n in (2, 3, 5, 10)}}
STUDIES = 1000


@pytest.mark.whole
@pytest.mark.parametrize(
    ("seeds", "deviation"), [*((name, 0.54) for name in SEVERAL), *((name, 0.07) for name in ("one", "3"))]
)
def test_intervals_cover_what_they_say(seeds, deviation):
    # Catches: an interval that leaves out seeds, reviews or movies, counts one of them twice or has too many degrees of
    # freedom. On 25,000 reviews those of a bootstrap over reviews and seeds cover 38 % with one seed, 76 with two.
    rng = np.random.default_rng([len(seeds), ord(seeds[0]), int(100 * deviation)])
    hits = {"difference": [], "difference here": [], "accuracy": [], "accuracy here": []}
    truth = stats.norm.cdf(MEAN / math.sqrt(TOTAL + SEEDS[deviation]))
    for _ in range(STUDIES):
        study = Simulation(rng, SEVERAL[seeds], SEEDS[deviation])
        measured = study.measurements()
        here = [study.truth_here(v) for v in range(2)]
        weights = {"v0": 1, "v1": -1}
        hits["difference"].append(covered(measured.estimate(weights), 0))
        hits["difference here"].append(covered(measured.estimate(weights, other_reviews=False), here[0] - here[1]))
        hits["accuracy"].append(covered(measured.estimate({"v0": 1}), truth))
        hits["accuracy here"].append(covered(measured.estimate({"v0": 1}, other_reviews=False), here[0]))
    coverage = {key: float(np.mean(each)) for key, each in hits.items()}
    assert all(0.93 <= share <= 0.97 for share in coverage.values()), coverage


@pytest.mark.whole
def test_intervals_cover_where_some_vary_more_than_others():
    # Catches: a variance that is pooled where ten seeds tell each its own: of the first two the interval is then too
    # narrow, and of the next two too wide. Two vary by 1.1 points, four by 0.25, as LSTMs without and with a mask may.
    rng = np.random.default_rng(4)
    variances = [SEEDS[0.54] * (deviation / 0.54) ** 2 for deviation in (1.1, 1.1, 0.25, 0.25, 0.25, 0.25)]
    hits = []
    for _ in range(STUDIES):
        study = Simulation(rng, [10] * 6, variances)
        measured = study.measurements()
        here = [study.truth_here(v) for v in range(4)]
        hits.append(
            [
                covered(measured.estimate({f"v{one}": 1, f"v{two}": -1}, other_reviews=False), here[one] - here[two])
                for one, two in ((0, 1), (2, 3), (0, 2))
            ]
        )
    coverage = np.mean(hits, axis=0)
    assert ((coverage >= 0.93) & (coverage <= 0.97)).all(), coverage


@pytest.mark.whole
def test_intervals_of_areas_cover_what_they_say():
    # Catches: placements among the wrong class, or with a wrong sign. A run adds its skill to both classes.
    rng = np.random.default_rng(3)
    variance = 10 * SEEDS[0.54]
    truth = stats.norm.cdf(2 * MEAN / math.sqrt(2 * TOTAL + 4 * variance))
    hits = []
    for _ in range(500):
        measured = Simulation(rng, [3] * 4, variance, reviews=500, movies=100).measurements(roc_auc)
        hits += [covered(measured.estimate({"v0": 1, "v1": -1}), 0), covered(measured.estimate({"v2": 1}), truth)]
    assert 0.93 <= np.mean(hits[::2]) <= 0.97
    assert 0.93 <= np.mean(hits[1::2]) <= 0.97


def test_areas_are_those_of_scikit_learn():
    # Catches: ties, the classes turned round, the mean over the classes, an influence that does not add up to 0.
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=60)
    three = rng.dirichlet(np.ones(3), size=(2, 60)).round(1)
    two = Predictions([], (labels > 0).astype(int), three[..., 0], ["a", "b"])
    groups = [str(i) for i in range(60)]
    assert roc_auc(two, groups).values == pytest.approx([roc_auc_score(labels > 0, row) for row in two.probabilities])
    areas = [[roc_auc_score(labels == c, run[:, c]) for c in range(3)] for run in three]
    several = Predictions([], labels, three, ["a", "b", "c"])
    assert roc_auc(several, groups).values == pytest.approx(np.mean(areas, axis=1))


def test_standard_error_of_one_accuracy_is_that_of_the_binomial():
    # Catches: a factor in the covariance. Of one certain variant only the reviews vary, here each by itself.
    right, labels = np.arange(100) < 80, np.arange(100) % 2
    predictions = Predictions([], labels, np.where(right == labels, 0.9, 0.1)[None], ["a", "b"])
    measured = measure(predictions, [str(i) for i in range(100)], [("nb", "all", 1)], {"nb": None})["accuracy"]
    estimate = measured.estimate({"nb": 1})
    assert estimate == pytest.approx((0.8, math.sqrt(0.8 * 0.2 / 99), 99))
    assert estimate.interval() == pytest.approx(stats.t.interval(0.95, 99, 0.8, estimate.standard_error))
    assert measured.estimate({"nb": 1}, other_reviews=False).interval() == (0.8, 0.8)


def test_reviews_of_a_movie_count_as_one():
    # Catches: groups that are not read, or read in another order. Each review twice tells no more than once.
    rng = np.random.default_rng(2)
    influences = rng.normal(size=(3, 40))
    influences -= influences.mean(axis=1, keepdims=True)
    once = scores_of(np.zeros(3), influences, [str(i) for i in range(40)])
    order = rng.permutation(80)
    twice = scores_of(
        np.zeros(3), np.repeat(influences / 2, 2, axis=1)[:, order], np.repeat(range(40), 2)[order].astype(str)
    )
    assert twice.covariances == pytest.approx(once.covariances)
    assert twice.degrees == once.degrees == 39


def scores_by_hand(values):
    """Scores on reviews that do not vary."""
    return Scores(np.array(values), np.zeros((len(values), len(values))), 1000)


def test_seed_variance_is_pooled_over_variants_that_vary_alike():
    # Catches: a mean of variances that does not weigh degrees of freedom, variants of another kind or size that count,
    # the seeds of one variant divided by those of another. By hand: a has squares 2 with 2 degrees, b 0.5 with 1.
    runs = [("a", "all", 1), ("a", "all", 2), ("a", "all", 3), ("b", "all", 1), ("b", "all", 2), ("c", "all", 1)]
    runs += [("d", "all", 1), ("d", "all", 2), ("a", 100, 1), ("a", 100, 2)]
    scores = scores_by_hand([1, 2, 3, 5, 6, 10, 0, 80, 0, 90])
    measured = Measurements(scores, runs, {"a": "lstm", "b": "lstm", "c": "lstm", "d": "bag"})
    pooled = (2 + 0.5) / 3
    assert measured.estimate({"a": 1, "b": -1}) == pytest.approx((-3.5, math.sqrt(pooled * (1 / 3 + 1 / 2)), 3))
    assert measured.estimate({"c": 1}) == pytest.approx((10, math.sqrt(pooled), 3))
    assert measured.estimate({"a/100": 1}) == pytest.approx((45, math.sqrt(90**2 / 2 / 2), 1))
    assert measured.seeds("a", "c") == 1
    # Satterthwaite's degrees of freedom lie between those of the parts and their sum.
    mixed = measured.estimate({"a": 1, "d": -1})
    assert 1 < mixed.degrees < 4


def test_ten_seeds_tell_their_own_variance():
    # Catches: others that count beside ten seeds; nine that do not borrow; the ten left out of what others borrow.
    rng = np.random.default_rng(1)
    values = {"a": rng.normal(size=10), "b": 5 * rng.normal(size=10), "c": rng.normal(size=9)}
    runs = [(name, "all", seed) for name, each in values.items() for seed in range(len(each))]
    measured = Measurements(scores_by_hand(np.concatenate(list(values.values()))), runs, dict.fromkeys(values, "lstm"))
    own = stats.sem(values["b"])
    assert measured.estimate({"b": 1}) == pytest.approx((values["b"].mean(), own, 9))
    welch = stats.ttest_ind(values["a"], values["b"], equal_var=False)
    assert measured.estimate({"a": 1, "b": -1}).p_value() == pytest.approx(welch.pvalue)
    pooled = sum(each.var(ddof=1) * (len(each) - 1) for each in values.values()) / 26
    assert measured.estimate({"c": 1}) == pytest.approx((values["c"].mean(), math.sqrt(pooled / 9), 26))


def test_one_training_has_no_interval():
    # Catches: an interval that covers the reviews alone and looks like any other.
    measured = Measurements(scores_by_hand([0.8, 0.7]), [("a", "all", 1), ("b", "all", 1)], {"a": "lstm", "b": None})
    estimate = measured.estimate({"a": 1, "b": -1})
    assert not estimate.known
    assert estimate.value == pytest.approx(0.1)
    assert math.isnan(estimate.p_value())
    assert math.isnan(measured.seeds_to_decide({"a": 1}, 0.1, other_reviews=True))
    assert measured.estimate({"b": 1}).known


def test_on_a_part_of_the_reviews_everything_depends_on_the_seed():
    # Catches: a certain interval for what is fitted exactly, but to reviews that the seed has drawn.
    runs = [("nb", 200, 1), ("nb", 200, 2)]
    measured = Measurements(scores_by_hand([0.7, 0.8]), runs, {"nb": None})
    assert measured.estimate({"nb/200": 1}) == pytest.approx((0.75, math.sqrt(0.005 / 2), 1))


def test_p_value_is_that_of_the_t_test():
    # Catches: one side for two, the normal distribution in place of Student's.
    values = np.array([0.3, 0.1, 0.4])
    estimate = Estimate(values.mean(), stats.sem(values), 2)
    assert estimate.p_value() == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    assert estimate.above(0.2) == pytest.approx(stats.ttest_1samp(values, 0.2, alternative="greater").pvalue)
    assert estimate.below(0.2) == pytest.approx(stats.ttest_1samp(values, 0.2, alternative="less").pvalue)
    assert [Estimate(value, 0, math.inf).p_value() for value in (1, -1, 0)] == [0, 0, 1]


def test_small_p_values_do_not_hang_on_the_sign():
    # Catches: a p-value that is lost as a difference from 1, so that it is 0 for two variants in the other order.
    small = stats.ttest_ind_from_stats(1, 0.05**0.5, 100, 0, 0.05**0.5, 100).pvalue
    assert 0 < small < 1e-50
    for value in (1, -1):
        assert Estimate(value, (2 * 0.05 / 100) ** 0.5, 198).p_value() == pytest.approx(small)


def test_reviews_of_one_group_tell_nothing_of_others():
    # Catches: an interval of width 0, and a p-value of 0, where all reviews vary together and nothing is known.
    rng = np.random.default_rng(1)
    influences = rng.normal(size=(2, 50))
    scores = scores_of(np.array([0.8, 0.7]), influences - influences.mean(axis=1, keepdims=True), ["same"] * 50)
    measured = Measurements(scores, [("a", "all", 0), ("b", "all", 0)], {"a": None, "b": None})
    assert not measured.estimate({"a": 1}).known
    assert math.isnan(measured.estimate({"a": 1, "b": -1}).p_value())
    assert measured.estimate({"a": 1}, other_reviews=False).known


def test_seeds_to_decide():
    # Catches: the number for one variant where both get seeds, a power of one half, a number where none is enough.
    # Cohen's formula for two means: n = 2 (1.96 + 0.84)² (deviation / distance)² = 15.7, here a deviation away.
    values = [0, 2**0.5, 0, 2**0.5]
    runs = [("a", "all", 1), ("a", "all", 2), ("b", "all", 1), ("b", "all", 2)]
    scores = scores_by_hand(values)
    measured = Measurements(scores, runs, {"a": "x", "b": "x"})
    assert measured.spreads["a", "b"].variance == pytest.approx(1)
    assert measured.seeds_to_decide({"a": 1, "b": -1}, 1, other_reviews=False) in (16, 17)
    varying = Measurements(scores._replace(covariances=np.eye(4) / 4), runs, {"a": "x", "b": "x"})
    assert varying.seeds_to_decide({"a": 1}, 0.1, other_reviews=False) < 1000
    noisy = scores._replace(covariances=np.ones((4, 4)) / 4)
    assert (
        Measurements(noisy, runs, {"a": "x", "b": "x"}).seeds_to_decide({"a": 1}, 0.5, other_reviews=True) == math.inf
    )


def test_all_metrics_are_measured():
    # Catches: a metric under the name of another.
    study = Simulation(np.random.default_rng(1), [2, 2], SEEDS[0.54], reviews=200)
    measured = measure(study.predictions(), study.groups, study.runs, {"v0": "lstm", "v1": "lstm"})
    assert set(measured) == set(METRICS) == {"accuracy", "roc_auc"}
    right = (study.predictions().probabilities > 0.5) == study.labels
    assert measured["accuracy"].values("v0") == pytest.approx(right[:2].mean(axis=1))
    assert [run_name(*run[:2]) for run in itertools.islice(study.runs, 1)] == ["v0"]
