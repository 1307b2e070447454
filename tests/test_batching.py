"""Batches: the reviews they were made of, each once, in few shapes and in an order that the seed decides."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.data.encoded import EncodedReviews
from wordorder.training.batching import Rounding, batches, make_batch, shuffled_chunks

STEP = 512
ROUNDING = Rounding(STEP, 0.75)


def encoded(reviews):
    """The reviews, lists of tokens, as `read_encoded` gives them."""
    return EncodedReviews(
        [f"train/pos/{i}_9" for i in range(len(reviews))],
        np.zeros(len(reviews), np.int8),
        np.array([token for review in reviews for token in review], np.int32),
        np.cumsum([0, *map(len, reviews)]),
        ["neg", "pos"],
    )


def random_reviews(lengths, vocabulary_size, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, vocabulary_size, length).tolist() for length in lengths]


def long_tailed_lengths(count, seed=1):
    """Lengths as of real reviews: most near 170, some over 1,000."""
    return np.random.default_rng(seed).lognormal(5.2, 0.65, count).astype(int) + 1


def padded(review, cut, length):
    kept = review[:cut]
    return kept + [0] * (length - len(kept))


def decoded(batch):
    """The tokens of the reviews in a batch, by the number of the review."""
    rows = batch.vocabulary[batch.positions].tolist()
    return {number: row for number, row in zip(batch.reviews.tolist(), rows, strict=True) if number >= 0}


corpora = st.builds(
    random_reviews,
    st.lists(st.integers(0, 60), min_size=1, max_size=40),
    st.sampled_from([2, 5, STEP - 1, STEP, STEP + 1, 3000]),
    st.integers(0, 2**32),
)
cuts = st.none() | st.integers(1, 70)


@settings(max_examples=200)
@given(corpora, cuts, st.integers(0, 3), st.integers(0, 5), st.data())
def test_batch_holds_its_reviews(reviews, cut, spare_rows, spare_columns, data):
    # Catches: tokens of a neighbour, a cut at the wrong end, padding before the words, a number that points to another
    # token, fillers that can be taken for reviews.
    chosen = data.draw(st.permutations(range(len(reviews))))[: data.draw(st.integers(1, len(reviews)))]
    length = max(1, max(len(reviews[i][:cut]) for i in chosen)) + spare_columns
    batch = make_batch(encoded(reviews), np.array(chosen), len(chosen) + spare_rows, length, 3000, cut, STEP)
    tokens = batch.vocabulary[batch.positions]
    assert tokens.shape == (len(chosen) + spare_rows, length)
    assert tokens[: len(chosen)].tolist() == [padded(reviews[i], cut, length) for i in chosen]
    assert not tokens[len(chosen) :].any()
    assert batch.reviews.tolist() == chosen + [-1] * spare_rows


@settings(max_examples=200)
@given(corpora, st.sampled_from([3000, 3 * STEP]) | st.integers(3000, 5000))
def test_vocabulary_of_a_batch(reviews, vocabulary_size):
    # Catches: padding that is not token 0, a token twice, a token that does not exist, more of them than the next
    # common size, a size of its own for every batch.
    reviews = [[token % (vocabulary_size - 1) + 1 for token in review] for review in reviews]
    batch = make_batch(encoded(reviews), np.arange(len(reviews)), len(reviews), 60, vocabulary_size, None, STEP)
    assert batch.vocabulary[0] == 0
    assert (np.diff(batch.vocabulary) > 0).all()
    assert batch.vocabulary[-1] < vocabulary_size
    distinct = len({0}.union(*reviews))
    assert distinct <= len(batch.vocabulary) < distinct + STEP
    assert len(batch.vocabulary) == vocabulary_size or len(batch.vocabulary) % STEP == 0


def test_padding_is_in_the_vocabulary_of_a_batch_that_has_none():
    # Catches: another token at place 0, which the mask takes for padding, where there is no room left for a spare one.
    review = list(range(1, STEP + 1))
    batch = make_batch(encoded([review]), np.array([0]), 1, len(review), 3000, None, STEP)
    assert batch.vocabulary[0] == 0
    assert decoded(batch) == {0: review}


def test_numbers_are_int32():
    # Catches: arrays of 8 bytes, which JAX refuses or copies, or another type in one batch: the step compiled again.
    for count in (1, 40):
        batch = make_batch(encoded([[1, 2]] * count), np.arange(count), 64, 8, 1000, None, STEP)
        assert (batch.vocabulary.dtype, batch.positions.dtype) == (np.int32, np.int32)


@settings(max_examples=100)
@given(corpora, cuts, st.booleans(), st.booleans(), st.integers(1, 16), st.integers(0, 9), st.integers(1, 20))
def test_an_epoch_holds_every_review_once(reviews, cut, trim, group, batch_size, seed, epoch):
    # Catches: reviews lost or repeated where the last batch is not full, tokens cut off by trimming, batches of
    # another size.
    data = encoded(reviews)
    chunks = shuffled_chunks(data.lengths(cut), batch_size, seed, epoch, group)
    seen = {}
    for chunk, batch in zip(chunks, batches(data, chunks, batch_size, 3000, cut, trim, ROUNDING), strict=True):
        assert batch.reviews.tolist() == chunk.tolist() + [-1] * (batch_size - len(chunk))
        assert len(batch.positions) == batch_size
        rows = decoded(batch)
        assert not rows.keys() & seen.keys()
        seen |= rows
    assert sorted(seen) == list(range(len(reviews)))
    for i, row in seen.items():
        assert row == padded(reviews[i], cut, len(row))
        assert len(row) >= len(reviews[i][:cut])
    assert sorted(Counter(map(len, chunks)))[1:] in ([], [batch_size])
    assert len(chunks) == -(-len(reviews) // batch_size)


@pytest.mark.parametrize("cut", [None, 100, 600])
def test_without_trimming_all_batches_have_the_same_length(cut):
    # Catches: padding that is missing where it counts, in the models without a mask.
    lengths = long_tailed_lengths(200)
    data = encoded(random_reviews(lengths, 50))
    chunks = shuffled_chunks(data.lengths(cut), 32, 1, 1, False)
    assert {batch.positions.shape for batch in batches(data, chunks, 32, 50, cut, False, ROUNDING)} == {
        (32, cut or lengths.max())
    }


@pytest.mark.parametrize("cut", [None, 600])
def test_trimmed_batches_have_few_lengths_near_the_longest_review(cut):
    # Catches: a compilation for every batch, and batches as long as if they were not trimmed.
    data = encoded(random_reviews(long_tailed_lengths(3000), 50))
    chunks = shuffled_chunks(data.lengths(cut), 32, 1, 1, True)
    found = set()
    for chunk, batch in zip(chunks, batches(data, chunks, 32, 50, cut, True, ROUNDING), strict=True):
        length, longest = batch.positions.shape[1], data.lengths(cut)[chunk].max()
        assert longest <= length <= max(16, 1.4 * longest)
        found.add(length)
    assert 5 < len(found) <= 20


def test_real_sizes_make_few_shapes():
    # Catches: sizes of vocabularies so close to each other that there is something to compile in every epoch anew.
    weights = 1 / np.arange(1, 20_000)
    rng = np.random.default_rng(1)
    lengths = np.minimum(long_tailed_lengths(3000), 600)
    tokens = rng.choice(np.arange(1, 20_000), lengths.sum(), p=weights / weights.sum())
    data = encoded(np.split(tokens, np.cumsum(lengths)[:-1]))
    chunks = shuffled_chunks(lengths, 32, 1, 1, True)
    shapes = {(b.positions.shape, b.vocabulary.shape) for b in batches(data, chunks, 32, 20_000, 600, True, ROUNDING)}
    assert len(shapes) < 30


def test_all_reviews_empty():
    # Catches: a length of 0, of which no layer can be built.
    data = encoded([[], []])
    for trim in (False, True):
        (batch,) = batches(data, [np.array([1, 0])], 2, 50, None, trim, ROUNDING)
        assert batch.positions.tolist() == [[0], [0]]


def as_lists(chunks):
    return [chunk.tolist() for chunk in chunks]


@pytest.mark.parametrize("group", [False, True])
def test_order_is_a_function_of_seed_and_epoch(group):
    # Catches: an order that another random number drawn before changes; the same order in every epoch or for every
    # seed; an epoch of one seed that is the next epoch of the one before.
    lengths = long_tailed_lengths(400)
    orders = {}
    for seed in (0, 1, 2):
        for epoch in (1, 2, 3):
            np.random.seed(7)  # noqa: NPY002
            orders[seed, epoch] = as_lists(shuffled_chunks(lengths, 32, seed, epoch, group))
            np.random.seed(8)  # noqa: NPY002
            assert as_lists(shuffled_chunks(lengths, 32, seed, epoch, group)) == orders[seed, epoch]
    assert len(set(map(str, orders.values()))) == len(orders)
    assert orders[1, 2][0] != sorted(orders[1, 2][0])


def test_order_is_the_same_on_every_machine():
    # Catches: another generator, or another use of it, with which earlier results could not be made again.
    assert as_lists(shuffled_chunks(np.arange(10), 4, 1, 1, False)) == [[7, 2, 4, 6], [1, 0, 3, 5], [9, 8]]


def test_order_does_not_depend_on_the_lengths_unless_grouped():
    # Catches: reviews that meet because of their length where nobody asked for it.
    first, second = (shuffled_chunks(long_tailed_lengths(400, seed), 32, 1, 1, False) for seed in (1, 2))
    assert as_lists(first) == as_lists(second)


def padding_share(chunks, lengths):
    needed = sum(len(chunk) * lengths[chunk].max() for chunk in chunks)
    return 1 - lengths.sum() / needed


def test_grouping_saves_padding():
    # Catches: grouping by something else than the length, or only within a batch.
    lengths = np.minimum(long_tailed_lengths(8000), 600)
    grouped, mixed = (shuffled_chunks(lengths, 32, 1, 1, group) for group in (True, False))
    assert padding_share(mixed, lengths) > 0.5
    assert padding_share(grouped, lengths) < 0.05


def test_grouped_batches_are_shuffled_and_mixed_anew_in_every_epoch():
    # Catches: an epoch that goes from short reviews to long ones, and the same neighbours in every epoch.
    lengths = long_tailed_lengths(8000)
    epochs = [shuffled_chunks(lengths, 32, 1, epoch, True) for epoch in (1, 2)]
    for chunks in epochs:
        means = np.array([lengths[chunk].mean() for chunk in chunks])
        assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.2
        assert abs(np.corrcoef(means[1:], means[:-1])[0, 1]) < 0.2
    neighbours = [{pair for chunk in chunks for pair in pairwise(sorted(chunk.tolist()))} for chunks in epochs]
    assert len(neighbours[0] & neighbours[1]) < 0.2 * len(neighbours[0])
