"""Subsets of the training reviews: of the right size and proportions, nested, and the same every time."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from wordorder.data.encoded import EncodedReviews
from wordorder.data.subsets import split_by_group, subset, subsets
from wordorder.io.errors import InputError

CLASSES = ["neg", "pos", "third", "fourth", "fifth"]
seeds = st.integers(0, 2**32)
# Of similar number, so that few sizes leave a class without a review.
labels = st.tuples(st.integers(5, 30), st.integers(5, 30)).flatmap(
    lambda counts: st.permutations([0] * counts[0] + [1] * counts[1])
)
many_labels = st.lists(st.integers(5, 30), min_size=3, max_size=5).flatmap(
    lambda counts: st.permutations([label for label, count in enumerate(counts) for _ in range(count)])
)
sizes = st.integers(4, 40)


def reviews(labels):
    """Empty reviews with these labels."""
    return EncodedReviews(
        [str(i) for i in range(len(labels))],
        np.array(labels, np.int8),
        np.empty(0, np.int32),
        np.zeros(len(labels) + 1, np.int64),
        CLASSES[: max([1, *labels]) + 1],
    )


def drawn(data, size, seed):
    """A subset; what cannot be drawn is no example."""
    try:
        return subset(data, size, seed)
    except InputError:
        assume(False)


@given(labels, sizes, seeds)
def test_size_and_proportions(labels, size, seed):
    # Catches: a review that is drawn twice, another size, a class that is rounded the wrong way or by more than half.
    chosen = drawn(reviews(labels), size, seed)
    assert len(chosen) == len(set(chosen.tolist())) == size
    assert sorted(chosen) == chosen.tolist()
    exact = Fraction(size * sum(labels), len(labels))
    rounding = sum(labels[i] for i in chosen) - exact
    assert -Fraction(1, 2) < rounding <= Fraction(1, 2)


@given(many_labels, sizes, seeds)
def test_proportions_of_more_classes(labels, size, seed):
    # Catches: numbers that do not add up, and another share than that of Webster's method, which is found here as a
    # parliament does it: for each seat the class with the highest quotient, of several the last.
    counts = np.bincount(labels)
    seats = np.zeros(len(counts), int)
    for _ in range(min(size, len(labels))):
        quotients = [Fraction(int(count), int(2 * seat + 1)) for count, seat in zip(counts, seats, strict=True)]
        seats[max(range(len(counts)), key=lambda label: (quotients[label], label))] += 1
    chosen = drawn(reviews(labels), size, seed)
    assert np.bincount(np.array(labels)[chosen]).tolist() == seats.tolist()


@given(labels | many_labels, sizes, sizes, seeds)
def test_subsets_of_a_seed_are_nested(labels, size, other, seed):
    # Catches: a larger subset that is drawn anew, numbers of a class that fall while the size grows.
    data = reviews(labels)
    small, large = sorted([drawn(data, size, seed), drawn(data, other, seed)], key=len)
    assert set(small) <= set(large)


def test_all_reviews_are_a_subset():
    # Catches: a limit that is one too low.
    assert subset(reviews([0, 1, 1, 0, 1]), 5, 3).tolist() == [0, 1, 2, 3, 4]


def test_subset_depends_on_the_seed_alone():
    # Catches: random numbers from elsewhere, a seed that is ignored.
    data = reviews([0, 1] * 50)
    np.random.seed(1)  # noqa: NPY002
    first = subset(data, 10, 7)
    np.random.seed(2)  # noqa: NPY002
    assert subset(data, 10, 7).tolist() == first.tolist()
    assert first.tolist() != subset(data, 10, 8).tolist()


def test_classes_are_drawn_evenly():
    # Catches: a draw that prefers some reviews: each of 20 is in a subset of 10 half of the time.
    data = reviews([0, 1] * 10)
    counts = np.bincount(np.concatenate([subset(data, 10, seed) for seed in range(2000)]), minlength=20)
    # Six standard deviations of a binomial count.
    assert np.abs(counts - 1000).max() < 6 * np.sqrt(2000 / 4)


@pytest.mark.parametrize(
    ("labels", "size", "message"),
    [
        ([0, 1, 1], 4, r"no 4 training reviews, only 3.*Lower learning_curve\.sizes"),
        ([0, 1, 1], 1, r"Of 1 training reviews none would be of the class neg.*raise"),
        ([0] * 9 + [1], 4, r"Of 4 training reviews none would be of the class pos"),
        ([0] * 9 + [1, 2], 4, r"Of 4 training reviews none would be of the class pos, third"),
        ([1, 1], 2, r"none would be of the class neg"),
        ([], 1, "only 0"),
    ],
)
def test_impossible_sizes_are_refused(labels, size, message):
    # Catches: a smaller subset than was asked for, a training on one class only.
    with pytest.raises(InputError, match=message):
        subset(reviews(labels), size, 1)


def test_validation_reviews_are_a_part_as_large_but_no_smaller_than_asked_for():
    # Catches: all validation reviews beside few training reviews, too few to choose an epoch by, another seed.
    train, validation = reviews([0, 1] * 50), reviews([0, 1] * 20)
    parts = subsets(train, validation, 30, 7, 2)
    assert [part.ids for part in parts] == [
        [data.ids[i] for i in subset(data, size, 7)] for data, size in ((train, 30), (validation, 12))
    ]
    assert [len(part.ids) for part in subsets(train, validation, 2, 7, 10)] == [2, 10]
    assert [len(part.ids) for part in subsets(train, validation, 2, 7, 1000)] == [2, 40]


def test_a_class_without_validation_reviews_is_named_as_such():
    # Catches: training reviews blamed for what the validation reviews lack, and a size that the user has not written.
    train, validation = reviews([0, 1] * 50), reviews([0] * 39 + [1])
    message = r"^Of 12 validation reviews, for 30 training reviews, none would be of the class pos\."
    with pytest.raises(InputError, match=message):
        subsets(train, validation, 30, 1, 2)


@given(st.lists(st.integers(0, 8), min_size=40, max_size=40), st.integers(0, 5))
def test_no_group_is_in_both_parts(movies, seed):
    # Catches: a group on both sides, reviews lost or doubled, a part of another size than before.
    both = reviews([0, 1] * 20)
    train, validation = both.take(np.arange(30)), both.take(np.arange(30, 40))
    groups = {name: f"movie {movie}" for name, movie in zip(both.ids, movies, strict=True)}
    try:
        parts = split_by_group(train, validation, groups, seed)
    except InputError:
        reject()
    inside = [{groups[name] for name in part.ids} for part in parts]
    assert not inside[0] & inside[1]
    assert sorted(parts[0].ids + parts[1].ids) == sorted(both.ids)
    assert all(
        both.labels[int(name)] == label for part in parts for name, label in zip(part.ids, part.labels, strict=True)
    )
    largest = max(map(movies.count, movies))
    assert 10 <= len(parts[1].ids) < 10 + largest


def test_texts_that_stand_for_themselves_stay_where_they_are():
    # Catches: another split for a corpus without groups; the same one for every seed with them.
    train, validation = reviews([0, 1] * 15), reviews([0, 1] * 5)
    validation = validation._replace(ids=[f"held {name}" for name in validation.ids])
    alone = {name: name for name in train.ids + validation.ids}
    assert split_by_group(train, validation, alone, 1) == (train, validation)
    pairs = {name: str(i // 2) for i, name in enumerate(alone)}
    assert len({tuple(split_by_group(train, validation, pairs, seed)[1].ids) for seed in range(5)}) > 1
