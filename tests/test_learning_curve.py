"""The learning curve and its crossings, against the measurements, SciPy's root finder and figures by hand."""

import csv
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import answers, measured_of, write_answers
from scipy.interpolate import interp1d
from scipy.optimize import brentq

import tabulate_learning_curve
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
    curve, _ = tabulate(measured_of(correct, runs), runs)
    assert list(zip(curve["variant"], curve["size"], strict=True)) == [("b", 100), ("b", 1000), ("a", 100), ("a", 1000)]
    assert set(curve["seeds"]) == {3}
    for row in curve.itertuples():
        each = [correct[i].mean() for i, run in enumerate(runs) if run[:2] == (row.variant, row.size)]
        assert row.test_accuracy == pytest.approx(np.mean(each), abs=1e-6)
        assert row.test_accuracy_std == pytest.approx(pd.Series(each).std(), abs=1e-6)
        assert row.test_accuracy_low < row.test_accuracy < row.test_accuracy_high


def test_intervals_are_those_of_the_measurements():
    # Catches: an interval of another size or metric, a list of seeds of another variant.
    runs = all_runs(["a", "b"], [100, 200], [1, 2, 3])
    measured = measured_of(answers(1, 12, 500)[0], runs)
    curve, _ = tabulate(measured, runs)
    for row in curve.itertuples():
        name = f"{row.variant}/{row.size}"
        for metric, low, high in (("accuracy", *row[6:8]), ("roc_auc", *row[9:11])):
            assert (low, high) == pytest.approx(measured[metric].estimate({name: 1}).interval(), abs=1e-6)
        assert [float(each) for each in row.of_seeds.split()] == pytest.approx(measured["accuracy"].values(name))


def test_one_seed_has_no_interval():
    # Catches: a deviation of zero where nothing is known of it, an interval of the reviews alone.
    runs = all_runs(["a"], [100, 1000], [1])
    curve, _ = tabulate(measured_of(answers_of([0.5, 0.8]), runs), runs)
    assert curve[["test_accuracy_std", "test_accuracy_low", "test_accuracy_high"]].isna().all(axis=None)


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


def crossings_of(first, second, spread=0.01, reviews=1000):
    """The row of two variants with these mean accuracies at each size, and two seeds that are `spread` apart."""
    shares = [mean + half for mean in [*first, *second] for half in (-spread / 2, spread / 2)]
    runs = all_runs(["a", "b"], SIZES[: len(first)], [1, 2])
    # On reviews that all are alike but for those on which the runs differ.
    _, crossings = tabulate(measured_of(answers_of(shares, reviews), runs), runs)
    return crossings.iloc[0]


def test_curves_that_cross_clearly():
    # Catches: the wrong variant ahead, a row that depends on which of the two comes first, ends that change places.
    first, second = [0.6, 0.7, 0.85], [0.7, 0.8, 0.7]
    row, turned = crossings_of(first, second), crossings_of(second, first)
    assert (row["ahead"], turned["ahead"]) == ("a", "b")
    # From -0.1 at 1,000 to 0.15 at 10,000: two fifths of the way.
    assert row["size"] == turned["size"] == round(1000 * 10**0.4)
    assert 1000 < row["size_low"] < row["size"] < row["size_high"] < 10000


def test_curves_that_do_not_cross():
    # Catches: a crossing that is made up.
    row = crossings_of([0.6, 0.7, 0.8], [0.5, 0.6, 0.7])
    assert row["ahead"] == "a"
    assert row[["size", "size_low", "size_high"]].isna().all()
    equal = crossings_of([0.6, 0.7, 0.8], [0.5, 0.6, 0.8])
    assert equal[["ahead", "size", "size_low", "size_high"]].isna().all()


def test_interval_is_open_where_the_ends_of_the_curve_decide_nothing():
    # Catches: an end that is made up where the difference is significant at no measured size.
    row = crossings_of([0.5, 0.7, 0.8], [0.502, 0.6, 0.7])
    assert row["size"] == pytest.approx(100 * 10 ** (0.002 / 0.102), abs=1)
    assert pd.isna(row["size_low"])
    assert row["size_high"] < 1000
    row = crossings_of([0.5, 0.6, 0.802], [0.6, 0.7, 0.8])
    assert row["size"] == pytest.approx(1000 * 10 ** (0.1 / 0.102), abs=1)
    assert pd.isna(row["size_high"])
    assert row["size_low"] < row["size"]


def test_interval_is_that_of_fieller():
    # Catches: an interval of the seeds or the reviews alone. It ends where the difference, linear between two sizes, is
    # as large as the half of its own interval; SciPy finds the same places.
    shares = [mean + half for mean in (0.6, 0.8, 0.7, 0.7) for half in (-0.01, 0.01)]
    runs = all_runs(["a", "b"], [100, 1000], [1, 2])
    measured = measured_of(answers_of(shares), runs)
    row = tabulate(measured, runs)[1].iloc[0]

    def end(which):
        def at(share):
            weights = {"a/100": 1 - share, "b/100": share - 1, "a/1000": share, "b/1000": -share}
            return measured["accuracy"].estimate(weights).interval()[which]

        return 100 * 10 ** brentq(at, 0, 1)

    assert row["size_low"] == pytest.approx(end(1), rel=0.03)
    assert row["size_high"] == pytest.approx(end(0), rel=0.03)


def test_tables_of_the_script(tmp_path):
    # Catches: predictions that go to another run, numbers written in another form than they are read in.
    runs = all_runs(["b", "a"], SIZES, [1, 2])
    shares = np.repeat([0.6, 0.7, 0.8, 0.7, 0.8, 0.7], 2)
    correct = answers_of(shares, reviews=100)
    paths, reviews = write_answers(tmp_path, correct)
    curve, crossings = tmp_path / "learning_curve.csv", tmp_path / "crossings.csv"
    alike = {"a": "lstm", "b": "lstm"}
    tabulate_learning_curve.main(paths, reviews, curve, crossings, runs=runs, varies_like=alike)
    expected_curve, expected_crossings = tabulate(measured_of(correct, runs), runs)
    pd.testing.assert_frame_equal(pd.read_csv(curve), expected_curve)
    with crossings.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["variant"], row["other"], row["ahead"], row["size"]) == ("b", "a", "b", "3162")
    assert row["size_low"] == str(expected_crossings["size_low"].iloc[0])
