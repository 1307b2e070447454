"""The comparison of variants, against a bootstrap written out in loops, SciPy's tests, and figures by hand."""

import csv
import itertools
import math
import random

import numpy as np
import pytest
from made_up_runs import answers, write_answers
from scipy import stats

import compare_variants
from wordorder.evaluation.comparison import compare, mcnemar_p, resample_reviews
from wordorder.io.errors import InputError


def table_of(correct, variants, seeds, **options):
    """The comparison of answers of shape (variants, seeds, reviews)."""
    return compare(correct.reshape(-1, correct.shape[2]), list(itertools.product(variants, ["all"], seeds)), **options)


def brute_force(first, second, resamples):
    """Differences of the mean accuracy by the plainest bootstrap: loops, lists and another generator."""
    rng = random.Random(7)
    (seeds, reviews), differences = first.shape, []
    lists = [correct.tolist() for correct in (first, second)]
    for _ in range(resamples):
        drawn = rng.choices(range(reviews), k=reviews)
        means = []
        for correct in lists:
            runs = rng.choices(range(seeds), k=seeds)
            means.append(sum(correct[run][i] for run in runs for i in drawn) / seeds / reviews)
        differences.append(means[0] - means[1])
    return differences


@pytest.mark.parametrize(("seeds", "reviews"), [(1, 200), (3, 100), (4, 50)])
def test_interval_is_that_of_a_brute_force_bootstrap(seeds, reviews):
    # Catches: reviews that are not paired, seeds that are not drawn or drawn for each review, seeds that are paired,
    # an interval of another level.
    correct = answers(2, seeds, reviews)
    row = table_of(correct, ["a", "b"], range(seeds), resamples=20000, seed=1).iloc[0]
    differences = brute_force(*correct, 4000)
    # Of a quantile of 4,000 draws the error is about 0.04 standard deviations; differences come in steps.
    tolerance = 0.15 * np.std(differences) + 1 / seeds / reviews
    assert row["difference_low"] == pytest.approx(np.quantile(differences, 0.025), abs=tolerance)
    assert row["difference_high"] == pytest.approx(np.quantile(differences, 0.975), abs=tolerance)
    assert row["difference"] == pytest.approx(correct[0].mean() - correct[1].mean(), abs=1e-6)


def test_interval_is_that_of_scipy_for_one_seed():
    # Catches: the same, against a library: with one seed it is the paired bootstrap of a difference of means.
    correct = answers(2, 1, 500)
    row = table_of(correct, ["a", "b"], [1], resamples=20000, seed=1).iloc[0]
    expected = stats.bootstrap(
        (correct[0, 0].astype(float), correct[1, 0].astype(float)),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20000,
        rng=np.random.default_rng(2),
    )
    low, high = expected.confidence_interval
    tolerance = 0.1 * expected.standard_error
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high), abs=tolerance)


def test_interval_covers_the_variance_of_reviews_and_of_seeds():
    # Catches: a bootstrap in which one of the two sources of chance is lost. All answers of a run are the same here, so
    # that only the seeds matter: the mean of two draws of {0, 1} less that of two draws of {0, 1}.
    seeds_only = np.zeros((2, 2, 50), bool)
    seeds_only[:, 1] = True
    row = table_of(seeds_only, ["a", "b"], [1, 2], resamples=5000, seed=1).iloc[0]
    # P(-1) = 1/16 > 2.5 %.
    assert (row["difference_low"], row["difference"], row["difference_high"]) == (-1, 0, 1)
    # And here only the reviews: with every seed the first variant is right on the first half, the second on the other.
    reviews_only = np.zeros((2, 3, 100), bool)
    reviews_only[0, :, :50] = reviews_only[1, :, 50:] = True
    row = table_of(reviews_only, ["a", "b"], [1, 2, 3], resamples=20000, seed=1).iloc[0]
    # 2 B / 100 - 1 with B of the binomial distribution of 100 draws and chance 1/2.
    low, high = 2 * stats.binom.ppf([0.025, 0.975], 100, 0.5) / 100 - 1
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high), abs=0.021)


def test_pairing_narrows_the_interval():
    # Catches: reviews that are drawn for each variant by itself: two variants that are always right and wrong together
    # do not differ, whatever the reviews are.
    correct = np.repeat(answers(1, 1, 300), 2, axis=0)
    row = table_of(correct, ["a", "b"], [1], resamples=500, seed=1).iloc[0]
    assert list(row[["difference", "difference_low", "difference_high", "mcnemar_p"]]) == [0, 0, 0, 1]


def test_resamples_reach_the_last_chunk():
    # Catches: rows that are left as they were in memory, where the number of resamples is no multiple of the chunk.
    correct = np.ones((3, 10), bool)
    for resamples in (1, 49, 50, 51, 100, 149):
        assert (resample_reviews(correct, resamples, np.random.default_rng(1)) == np.ones((resamples, 3))).all()


def test_each_pair_once_in_the_order_of_the_variants():
    # Catches: pairs that are missing, stand twice or in the order of the alphabet; a difference the other way round.
    correct = np.zeros((3, 1, 10), bool)
    for variant, right in enumerate([5, 9, 2]):
        correct[variant, 0, :right] = True
    table = table_of(correct, ["c", "a", "b"], [1], resamples=100, seed=1)
    assert [tuple(row) for row in table[["variant", "other", "difference"]].itertuples(index=False)] == [
        ("c", "a", -0.4),
        ("c", "b", 0.3),
        ("a", "b", 0.7),
    ]


def test_one_variant_has_no_pair():
    # Catches: a failure, or a table without a head, where there is nothing to compare.
    table = table_of(answers(1, 2, 10), ["a"], [1, 2], resamples=100, seed=1)
    assert len(table) == 0
    assert list(table) == ["variant", "other", "difference", "difference_low", "difference_high", "mcnemar_p"]


def test_a_pair_depends_on_nothing_else():
    # Catches: intervals that change when another variant is added or the order is changed; a seed that has no effect.
    correct = answers(3, 3, 200)
    table = table_of(correct, ["a", "b", "c"], [1, 2, 3], resamples=300, seed=1)
    (alone,) = table_of(correct[1:], ["b", "c"], [1, 2, 3], resamples=300, seed=1).itertuples(index=False)
    assert tuple(table.iloc[2]) == alone
    (mirrored,) = table_of(correct[:0:-1], ["c", "b"], [1, 2, 3], resamples=300, seed=1).itertuples(index=False)
    assert mirrored[2:5] == pytest.approx((-alone[2], -alone[4], -alone[3]), abs=1e-9)
    assert mirrored.mcnemar_p == alone.mcnemar_p
    (other,) = table_of(correct[1:], ["b", "c"], [1, 2, 3], resamples=300, seed=2).itertuples(index=False)
    assert other[3:5] != alone[3:5]


def test_variants_may_have_different_seeds():
    # Catches: runs that are given to the wrong variant, a mean over the seeds of another one.
    correct = answers(1, 4, 100)[0]
    runs = [("a", "all", 1), ("b", "all", 3), ("a", "all", 2), ("b", "all", 2)]
    row = compare(correct, runs, resamples=300, seed=1).iloc[0]
    assert row["difference"] == pytest.approx(correct[[0, 2]].mean() - correct[[1, 3]].mean(), abs=1e-6)
    assert row["mcnemar_p"] == mcnemar_p(correct[0], correct[3])
    row = compare(correct[:3], runs[:3], resamples=300, seed=1).iloc[0]
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
    row = table_of(correct, ["a", "b"], [5, 2, 9], resamples=100, seed=1).iloc[0]
    values = [mcnemar_p(correct[0, i], correct[1, i]) for i in range(3)]
    assert len(set(values)) == 3
    assert row["mcnemar_p"] == values[1]


def compared(folder, paths, seeds):
    """Run the script, and read what it wrote without pandas."""
    path = folder / "comparisons.csv"
    compare_variants.main(paths, path, runs=list(itertools.product(["b", "a"], ["all"], seeds)), resamples=200, seed=1)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_of_the_script(tmp_path):
    # Catches: files that go to another variant or seed, a p-value that is rounded to nothing.
    correct = answers(2, 2, 300)
    correct[0, 1], correct[1, 1, :150] = True, False
    (row,) = compared(tmp_path, write_answers(tmp_path, correct.reshape(4, -1)), [7, 4])
    (expected,) = table_of(correct, ["b", "a"], [7, 4], resamples=200, seed=1).to_dict("records")
    assert (row.pop("variant"), row.pop("other")) == (expected.pop("variant"), expected.pop("other")) == ("b", "a")
    assert {name: float(value) for name, value in row.items()} == expected
    assert 0 < float(row["mcnemar_p"]) < 1e-30


def test_damaged_predictions_are_refused(tmp_path):
    # Catches: a comparison of half a file; a table that is left behind.
    paths = write_answers(tmp_path, answers(2, 2, 30).reshape(4, -1))
    content = paths[2].read_bytes()
    paths[2].unlink()
    paths[2].write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"2\.parquet is damaged"):
        compared(tmp_path, paths, [1, 2])
    assert not (tmp_path / "comparisons.csv").exists()
