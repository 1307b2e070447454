"""The learning curve and its crossings, against the comparison of variants, SciPy's root finder and figures by hand."""

import csv
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import answers, write_answers
from scipy.interpolate import interp1d
from scipy.optimize import brentq

import tabulate_learning_curve
from wordorder.evaluation.comparison import compare
from wordorder.evaluation.learning_curve import crossing, tabulate

SIZES = [100, 1000, 10000]


def all_runs(variants, sizes, seeds):
    return [(variant, size, seed) for variant in variants for size in sizes for seed in seeds]


def answers_of(shares, reviews=1000):
    """Right answers to the first reviews, as many as the share of each run says."""
    return np.arange(reviews) < np.array(shares)[:, None] * reviews


def test_rows_of_the_curve():
    # Catches: runs that go to another variant or size, sizes in the order of the config, a population's deviation.
    runs = all_runs(["b", "a"], [1000, 100], [4, 7, 9])
    correct = answers(1, 12, 400).reshape(12, 400)
    curve, _ = tabulate(correct, runs, resamples=200, seed=1)
    assert list(zip(curve["variant"], curve["size"], strict=True)) == [("b", 100), ("b", 1000), ("a", 100), ("a", 1000)]
    assert set(curve["seeds"]) == {3}
    for row in curve.itertuples():
        each = [correct[i].mean() for i, run in enumerate(runs) if run[:2] == (row.variant, row.size)]
        assert row.test_accuracy == pytest.approx(np.mean(each), abs=1e-6)
        assert row.test_accuracy_std == pytest.approx(pd.Series(each).std(), abs=1e-6)
        assert row.test_accuracy_low < row.test_accuracy < row.test_accuracy_high


def test_interval_of_the_curve_is_that_of_the_comparison():
    # Catches: an interval of the seeds or of the reviews alone, or of another level. Against a variant that is always
    # right, the difference is the accuracy less 1.
    correct = answers(1, 3, 500).reshape(3, 500)
    curve, _ = tabulate(correct, all_runs(["a"], [100], [1, 2, 3]), resamples=5000, seed=1)
    runs = all_runs(["a", "right"], ["all"], [1, 2, 3])
    row = compare(np.concatenate([correct, np.ones_like(correct)]), runs, resamples=5000, seed=2).iloc[0]
    measured = curve.loc[0, ["test_accuracy_low", "test_accuracy_high"]].to_numpy(float)
    expected = row[["difference_low", "difference_high"]].to_numpy(float) + 1
    assert measured == pytest.approx(expected, abs=0.1 * (expected[1] - expected[0]))


def test_one_seed_has_no_deviation():
    # Catches: a deviation of zero where nothing is known of it.
    curve, _ = tabulate(answers_of([0.5, 0.8]), all_runs(["a"], [100, 1000], [1]), resamples=100, seed=1)
    assert curve["test_accuracy_std"].isna().all()
    assert curve["test_accuracy_low"].notna().all()


differences = st.lists(st.integers(-50, 50).map(lambda n: n / 1000), min_size=2, max_size=8)


@given(differences)
def test_crossing_is_the_last_root(values):
    # Catches: the first of several crossings, a line in the size instead of its logarithm, a size beside the crossing.
    sizes = [100 * 2**i for i in range(len(values))]
    found = crossing(sizes, values)
    if values[-1] <= 0:
        assert found == math.inf
        return
    if min(values) >= 0:
        assert found == -math.inf
        return
    line = interp1d(np.log(sizes), values)
    last = max(i for i, value in enumerate(values) if value < 0)
    root = brentq(line, math.log(sizes[last]), math.log(sizes[last + 1]))
    assert math.log(found) == pytest.approx(root, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Half way between 100 and 1,000 on a logarithmic axis.
        ([-0.1, 0.1, 0.2], 100 * math.sqrt(10)),
        # A quarter of the way from 1,000 to 10,000.
        ([0.1, -0.1, 0.3], 1000 * 10**0.25),
        # On a measured size, and touched without a crossing.
        ([-0.1, 0, 0.2], 1000),
        ([0.1, 0, 0.2], -math.inf),
        ([-0.1, 0.1, 0], math.inf),
        ([0.1, -0.1, -0.2], math.inf),
    ],
)
def test_crossing_by_hand(values, expected):
    # Catches: the same, and curves that touch taken for curves that cross.
    assert crossing(SIZES, values) == pytest.approx(expected)


def crossings_of(first, second, seeds=1, **options):
    """The row of two variants with these accuracies at each size, the same for each seed."""
    shares = np.repeat([*first, *second], seeds)
    runs = all_runs(["a", "b"], SIZES[: len(first)], range(seeds))
    _, crossings = tabulate(answers_of(shares, **options), runs, resamples=400, seed=1)
    return crossings.iloc[0]


def test_curves_that_cross_clearly():
    # Catches: the wrong variant ahead, a row that depends on which of the two comes first, a share of nothing.
    first, second = [0.6, 0.7, 0.85], [0.7, 0.8, 0.7]
    row, turned = crossings_of(first, second), crossings_of(second, first)
    assert (row["ahead"], turned["ahead"]) == ("a", "b")
    # From -0.1 at 1,000 to 0.15 at 10,000: two fifths of the way.
    assert row["size"] == turned["size"] == round(1000 * 10**0.4)
    assert row["share"] == turned["share"] == 1
    assert 1000 < row["size_low"] < row["size"] < row["size_high"] < 10000


def test_curves_that_do_not_cross():
    # Catches: a crossing that is made up, a share that is not of the resamples.
    row = crossings_of([0.6, 0.7, 0.8], [0.5, 0.6, 0.7])
    assert row["ahead"] == "a"
    assert row[["size", "size_low", "size_high"]].isna().all()
    assert row["share"] == 0
    equal = crossings_of([0.6, 0.7, 0.8], [0.5, 0.6, 0.8], seeds=3)
    assert equal[["ahead", "size", "size_low", "size_high", "share"]].isna().all()


def test_interval_is_open_where_the_resamples_do_not_cross():
    # Catches: an interval of those resamples only that happen to cross. The second variant is ahead by one review at
    # the smallest size, and clearly behind at the others: half of the resamples cross, the others are ahead throughout.
    row = crossings_of([0.5, 0.7, 0.8], [0.501, 0.6, 0.7])
    assert row["size"] == pytest.approx(100 * 10 ** (0.001 / 0.101), abs=1)
    assert pd.isna(row["size_low"])
    # The chance that a review that only one of them has right is drawn at least once.
    assert row["share"] == pytest.approx(1 - (1 - 1 / 1000) ** 1000, abs=0.1)
    # And here it is the last size that decides.
    row = crossings_of([0.5, 0.6, 0.801], [0.6, 0.7, 0.8])
    assert row["size"] == pytest.approx(1000 * 10 ** (0.1 / 0.101), abs=1)
    assert pd.isna(row["size_high"])
    assert row["size_low"] < row["size"]


def test_interval_covers_the_seeds():
    # Catches: a crossing of the mean curves whose interval knows only of the reviews. All seeds of a variant agree but
    # at the middle size, where the mean is behind and one seed of three is far ahead.
    shares = [0.6] * 3 + [0.9, 0.5, 0.5] + [0.9] * 3 + [0.7] * 9
    _, crossings = tabulate(answers_of(shares), all_runs(["a", "b"], SIZES, [1, 2, 3]), resamples=2000, seed=1)
    row = crossings.iloc[0]
    assert 1000 < row["size"] < 10000
    # Drawn three times with chance 1/27 the seed moves the crossing below the middle size, and twice with 2/9.
    assert 100 < row["size_low"] < 1000
    assert row["share"] == 1


def test_tables_of_the_script(tmp_path):
    # Catches: predictions that go to another run, numbers written in another form than they are read in.
    runs = all_runs(["b", "a"], SIZES, [1, 2])
    shares = np.repeat([0.6, 0.7, 0.8, 0.7, 0.8, 0.7], 2)
    correct = answers_of(shares, reviews=100)
    paths = write_answers(tmp_path, correct)
    curve, crossings = tmp_path / "learning_curve.csv", tmp_path / "crossings.csv"
    tabulate_learning_curve.main(paths, curve, crossings, runs=runs, resamples=100, seed=1)
    expected_curve, expected_crossings = tabulate(correct, runs, resamples=100, seed=1)
    pd.testing.assert_frame_equal(pd.read_csv(curve), expected_curve)
    with crossings.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["variant"], row["other"], row["ahead"], row["size"]) == ("b", "a", "b", "3162")
    assert row["size_low"] == str(expected_crossings["size_low"].iloc[0])
