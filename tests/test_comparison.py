"""The comparison of variants, against the intervals, SciPy's tests, and figures by hand."""

import csv
import itertools
import math

import numpy as np
import pytest
from made_up_runs import answers, measured_of, write_answers
from scipy import stats

import compare_variants
from wordorder.evaluation.comparison import COLUMNS, compare, mcnemar_p
from wordorder.io.errors import InputError


def table_of(correct, variants, seeds):
    """The comparison of answers of shape (variants, seeds, reviews)."""
    correct, runs = correct.reshape(-1, correct.shape[2]), list(itertools.product(variants, ["all"], seeds))
    return compare(measured_of(correct, runs), correct, runs)


def test_intervals_and_p_values_are_those_of_the_measurements():
    # Catches: another interval or p-value than that of claims and figures, the area under the name of the accuracy.
    correct = answers(3, 4, 300)
    runs = list(itertools.product("abc", ["all"], range(4)))
    measured = measured_of(correct.reshape(12, 300), runs)
    rows = table_of(correct, "abc", range(4))
    assert list(rows) == COLUMNS
    for row in rows.itertuples():
        weights = {row.variant: 1, row.other: -1}
        for metric, value in (("accuracy", row[3:6]), ("roc_auc", row[8:11])):
            estimate = measured[metric].estimate(weights)
            assert value == pytest.approx((estimate.value, *estimate.interval()), abs=1e-6)
        assert row.p == measured["accuracy"].estimate(weights).p_value()


def test_false_discovery_rate_by_hand():
    # Catches: the correction of Bonferroni or Holm, p-values that change places. Of three, in order, the k-th times
    # 3 / k, and none is larger than the one after it.
    rows = table_of(answers(3, 4, 300), "abc", range(4))
    order = np.argsort(rows["p"])
    first, second, third = rows["p"].iloc[order]
    expected = [min(3 * first, 1.5 * second, third), min(1.5 * second, third), third]
    assert rows["p_adjusted"].iloc[order].tolist() == pytest.approx(expected)


def test_one_training_each_gives_no_interval():
    # Catches: an interval of the reviews alone, a p-value, or a failure, where nothing is known about seeds.
    row = table_of(answers(2, 1, 100), "ab", [1]).iloc[0]
    empty = [name for name in COLUMNS if name.endswith(("low", "high", "p", "adjusted")) and name != "mcnemar_p"]
    assert row[empty].isna().all()
    assert row[["difference", "auc_difference", "mcnemar_p"]].notna().all()


def test_pairing_narrows_the_interval():
    # Catches: reviews that vary for each variant by itself: two variants that are always right and wrong together do
    # not differ, whatever the reviews are.
    correct = np.repeat(np.repeat(answers(1, 1, 300), 2, axis=0), 2, axis=1)
    row = table_of(correct, ["a", "b"], [1, 2]).iloc[0]
    assert list(row[["difference", "difference_low", "difference_high", "mcnemar_p"]]) == [0, 0, 0, 1]


def test_each_pair_once_in_the_order_of_the_variants():
    # Catches: pairs that are missing, stand twice or in the order of the alphabet; a difference the other way round.
    correct = np.zeros((3, 1, 10), bool)
    for variant, right in enumerate([5, 9, 2]):
        correct[variant, 0, :right] = True
    table = table_of(correct, ["c", "a", "b"], [1])
    assert [tuple(row) for row in table[["variant", "other", "difference"]].itertuples(index=False)] == [
        ("c", "a", -0.4),
        ("c", "b", 0.3),
        ("a", "b", 0.7),
    ]


def test_one_variant_has_no_pair():
    # Catches: a failure, or a table without a head, where there is nothing to compare.
    table = table_of(answers(1, 2, 10), ["a"], [1, 2])
    assert len(table) == 0
    assert list(table) == COLUMNS


def test_variants_may_have_different_seeds():
    # Catches: runs that are given to the wrong variant, a mean over the seeds of another one.
    correct = answers(1, 4, 100)[0]
    runs = [("a", "all", 1), ("b", "all", 3), ("a", "all", 2), ("b", "all", 2)]
    row = compare(measured_of(correct, runs), correct, runs).iloc[0]
    assert row["difference"] == pytest.approx(correct[[0, 2]].mean() - correct[[1, 3]].mean(), abs=1e-6)
    assert row["mcnemar_p"] == mcnemar_p(correct[0], correct[3])
    row = compare(measured_of(correct[:3], runs[:3]), correct[:3], runs[:3]).iloc[0]
    assert row["difference"] == pytest.approx(correct[[0, 2]].mean() - correct[1].mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("both", "first", "second", "neither"), [(10, 3, 1, 2), (0, 0, 5, 0), (50, 40, 20, 8), (9000, 550, 430, 20)]
)
def test_mcnemar_is_the_sign_test(both, first, second, neither):
    # Catches: reviews counted that both have right or wrong, a test on one side, a table whose cells change places.
    a = np.repeat([True, True, False, False], [both, first, second, neither])
    b = np.repeat([True, False, True, False], [both, first, second, neither])
    expected = stats.binomtest(first, first + second).pvalue
    assert mcnemar_p(a, b) == pytest.approx(expected)
    if first + second < 10:
        # 3 of 4: 2 x (1 + 4) / 16; 0 of 5: 2 / 32.
        tail = sum(math.comb(first + second, k) for k in range(min(first, second) + 1))
        assert expected == pytest.approx(2 * tail / 2 ** (first + second))


def test_mcnemar_is_of_the_lowest_seed():
    # Catches: the first seed of the list, the answers of all seeds in one test.
    correct = answers(2, 3, 200)
    row = table_of(correct, ["a", "b"], [5, 2, 9]).iloc[0]
    values = [mcnemar_p(correct[0, i], correct[1, i]) for i in range(3)]
    assert len(set(values)) == 3
    assert row["mcnemar_p"] == values[1]


def compared(folder, paths, reviews, seeds):
    """Run the script, and read what it wrote without pandas."""
    path, runs = folder / "comparisons.csv", list(itertools.product(["b", "a"], ["all"], seeds))
    compare_variants.main(paths, reviews, path, runs=runs, varies_like={"a": "lstm", "b": "lstm"})
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_of_the_script(tmp_path):
    # Catches: files that go to another variant or seed, a p-value that is rounded to nothing.
    correct = answers(2, 2, 300)
    correct[0, 1], correct[1, 1, :150] = True, False
    (row,) = compared(tmp_path, *write_answers(tmp_path, correct.reshape(4, -1)), [7, 4])
    (expected,) = table_of(correct, ["b", "a"], [7, 4]).to_dict("records")
    assert (row.pop("variant"), row.pop("other")) == (expected.pop("variant"), expected.pop("other")) == ("b", "a")
    assert {name: float(value) for name, value in row.items()} == pytest.approx(expected)
    assert 0 < float(row["mcnemar_p"]) < 1e-30


def test_damaged_predictions_are_refused(tmp_path):
    # Catches: a comparison of half a file; a table that is left behind; predictions of other reviews.
    paths, reviews = write_answers(tmp_path, answers(2, 2, 30).reshape(4, -1))
    content = paths[2].read_bytes()
    paths[2].unlink()
    paths[2].write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"2\.parquet is damaged"):
        compared(tmp_path, paths, reviews, [1, 2])
    assert not (tmp_path / "comparisons.csv").exists()
    paths, _ = write_answers(tmp_path, answers(2, 2, 30).reshape(4, -1))
    (tmp_path / "other").mkdir()
    _, others = write_answers(tmp_path / "other", answers(1, 1, 28)[0])
    with pytest.raises(InputError, match=r"0\.parquet is not of the reviews in .*other"):
        compared(tmp_path, paths, others, [1, 2])
