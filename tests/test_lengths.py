"""The accuracy by length of the reviews, against figures worked out by hand."""

import csv

import numpy as np
import pytest
from made_up_runs import IDS, LABELS, write

import tabulate_lengths
from wordorder.data.encoded import write_encoded
from wordorder.evaluation.lengths import accuracy_by_length
from wordorder.io.errors import InputError


def test_quarters_by_hand():
    # Catches: quarters of the range in place of the reviews, reviews that are sorted while their answers are not, runs
    # that change places.
    lengths = np.array([80, 10, 70, 20, 60, 30, 1000, 40])
    first = np.array([1, 0, 1, 1, 0, 0, 1, 0], bool)
    table = accuracy_by_length(np.array([first, ~first]), lengths, [("b", "all", 2), ("a", "all", 1)])
    assert list(table) == ["variant", "seed", "quartile", "min_tokens", "max_tokens", "reviews", "accuracy"]
    assert [tuple(row) for row in table.itertuples(index=False)] == [
        ("b", 2, 1, 10, 20, 2, 0.5),
        ("b", 2, 2, 30, 40, 2, 0),
        ("b", 2, 3, 60, 70, 2, 0.5),
        ("b", 2, 4, 80, 1000, 2, 1),
        ("a", 1, 1, 10, 20, 2, 0.5),
        ("a", 1, 2, 30, 40, 2, 1),
        ("a", 1, 3, 60, 70, 2, 0.5),
        ("a", 1, 4, 80, 1000, 2, 0),
    ]


def test_quarters_are_of_the_same_size():
    # Catches: quarters that are none; a short corpus would not show it.
    lengths = np.random.default_rng(1).permutation(1000)
    table = accuracy_by_length(np.ones((1, 1000), bool), lengths, [("a", "all", 1)])
    assert table["reviews"].tolist() == [250] * 4


def test_reviews_of_the_same_length_stay_together():
    # Catches: quarters that overlap, an accuracy of no reviews, which is not a number.
    table = accuracy_by_length(
        np.array([[True, False, True, True, True]]), np.array([7, 7, 7, 7, 9]), [("a", "all", 1)]
    )
    assert [tuple(row)[2:] for row in table.itertuples(index=False)] == [(1, 7, 7, 4, 0.75), (4, 9, 9, 1, 1)]


@pytest.mark.parametrize("reviews", [1, 2, 7, 1000])
def test_every_review_counts_once(reviews):
    # Catches: reviews at the edges that are lost or in two quarters.
    rng = np.random.default_rng(reviews)
    lengths, correct = rng.integers(0, 300, reviews), rng.random((2, reviews)) < 0.7
    for (_, rows), answers in zip(
        accuracy_by_length(correct, lengths, [("a", "all", 1), ("a", "all", 2)]).groupby("seed"), correct, strict=True
    ):
        assert rows["reviews"].sum() == reviews
        assert (rows["reviews"] * rows["accuracy"]).sum() == pytest.approx(answers.sum(), abs=1e-3)
        assert (rows["min_tokens"].to_numpy()[1:] > rows["max_tokens"].to_numpy()[:-1]).all()


def tabulated(folder, ids=IDS):
    """Run the script on two runs, and read what it wrote without pandas."""
    sequences = [np.arange(n, dtype=np.int32) for n in (5, 700, 0, 601)]
    write_encoded(folder / "test.arrow", ids, list(LABELS), sequences, ["neg", "pos"])
    paths = [write(folder / f"{i}.parquet", probabilities) for i, probabilities in enumerate([[0, 0, 0, 1], [0] * 4])]
    tabulate_lengths.main(
        paths, folder / "test.arrow", folder / "accuracy_by_length.csv", runs=[("b", "all", 3), ("a", "all", 3)]
    )
    with (folder / "accuracy_by_length.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_table_of_the_script(tmp_path):
    # Catches: lengths after cutting, lengths that go to other reviews.
    rows = tabulated(tmp_path)
    assert [tuple(row.values()) for row in rows[:4]] == [
        ("b", "3", "1", "0", "0", "1", "0.0"),
        ("b", "3", "2", "5", "5", "1", "1.0"),
        ("b", "3", "3", "601", "601", "1", "1.0"),
        ("b", "3", "4", "700", "700", "1", "1.0"),
    ]
    assert [(row["variant"], row["accuracy"]) for row in rows[4:]] == [
        ("a", "0.0"),
        ("a", "1.0"),
        ("a", "0.0"),
        ("a", "1.0"),
    ]


def test_other_reviews_are_refused(tmp_path):
    # Catches: lengths of other reviews than those that were answered.
    with pytest.raises(InputError, match=r"0\.parquet is not of the reviews in .*test\.arrow"):
        tabulated(tmp_path, ids=IDS[::-1])
    assert not (tmp_path / "accuracy_by_length.csv").exists()
