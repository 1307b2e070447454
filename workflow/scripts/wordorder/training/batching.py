"""The batches that training and prediction draw from encoded reviews."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wordorder.tokens import PADDING

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews


class Batch(NamedTuple):
    """A batch with a vocabulary of its own.

    `vocabulary`, (distinct,): the token ids that occur, ascending, and some that do not to reach a common size; the
    first is padding. `positions`, (batch, length): where in `vocabulary` each token stands; padding is at 0. `reviews`,
    (batch,): the indices of the reviews; a batch that is not full is filled up with empty reviews of index -1.
    """

    vocabulary: np.ndarray
    positions: np.ndarray
    reviews: np.ndarray


def padded(data: "EncodedReviews", reviews: np.ndarray, batch_size: int, length: int, cut: int | None) -> np.ndarray:
    """Return the token ids of reviews, cut to `cut` tokens and padded to `length`: (batch_size, length) int32."""
    tokens = np.full((batch_size, length), PADDING, np.int32)
    for row, review in enumerate(reviews):
        start = data.offsets[review]
        stop = data.offsets[review + 1] if cut is None else min(data.offsets[review + 1], start + cut)
        tokens[row, : stop - start] = data.tokens[start:stop]
    return tokens


def make_batch(
    data: "EncodedReviews",
    reviews: np.ndarray,
    batch_size: int,
    length: int,
    vocabulary_size: int,
    cut: int | None,
    vocabulary_step: int,
) -> Batch:
    """Cut the given reviews to `cut` tokens, pad them to `length` and number their tokens within the batch.

    The vocabulary of the batch is filled up to a multiple of `vocabulary_step`, or to the whole.
    """
    tokens = padded(data, reviews, batch_size, length, cut)
    occurs = np.zeros(vocabulary_size, bool)
    occurs[tokens] = True
    occurs[PADDING] = True
    missing = min(vocabulary_size, -(-occurs.sum() // vocabulary_step) * vocabulary_step) - occurs.sum()
    occurs[np.flatnonzero(~occurs)[:missing]] = True
    vocabulary = np.flatnonzero(occurs).astype(np.int32)
    place = np.zeros(vocabulary_size, np.int32)
    place[vocabulary] = np.arange(len(vocabulary), dtype=np.int32)
    filled = np.full(batch_size, -1)
    filled[: len(reviews)] = reviews
    return Batch(vocabulary, place[tokens], filled)


class Rounding(NamedTuple):
    """How sizes of batches are rounded up to few, because each new shape costs the compiler some seconds.

    `vocabulary`: the distinct tokens are filled up to a multiple of it, or to the whole vocabulary. `length`: each
    length that batches are padded to is that part of the next longer one. `common`: reviews that are read whole are
    padded to the same lengths, whatever the longest of them.
    """

    vocabulary: int
    length: float
    common: bool = False

    def lengths(self, longest: int) -> np.ndarray:
        """Return the lengths that batches are padded to, ascending, the last one `longest`."""
        steps = [longest]
        while steps[-1] > 16:
            steps.append(int(steps[-1] * self.length))
        return np.array(steps[::-1])


def batches(
    data: "EncodedReviews",
    chunks: Sequence[np.ndarray],
    batch_size: int,
    vocabulary_size: int,
    sequence_length: int | None,
    trim: bool,
    rounding: Rounding,
) -> Iterator[Batch]:
    """Make a batch of each chunk of review indices.

    With `trim` a batch is padded to its longest review only (rounded up to one of few lengths); otherwise to
    `sequence_length`, or to the longest review of all where that is None.
    """
    lengths = data.lengths(sequence_length)
    longest = sequence_length or max(1, int(lengths.max()))
    if rounding.common and trim and not sequence_length:
        longest = max(16, 1 << (longest - 1).bit_length())
    steps = rounding.lengths(longest)
    for chunk in chunks:
        length = steps[np.searchsorted(steps, lengths[chunk].max())] if trim else longest
        yield make_batch(data, chunk, batch_size, int(length), vocabulary_size, sequence_length, rounding.vocabulary)


def shuffled_chunks(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int, group_by_length: bool
) -> list[np.ndarray]:
    """Deal all reviews into batches, in an order that is a function of the seed and the epoch alone.

    With `group_by_length`, reviews of similar length meet in a batch: the shuffled reviews are taken 50 batches at a
    time, sorted by length, cut into batches, and the batches of the whole epoch are shuffled.
    """
    generator = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = generator.permutation(len(lengths))
    if not group_by_length:
        return np.split(order, range(batch_size, len(order), batch_size))
    pools = np.split(order, range(50 * batch_size, len(order), 50 * batch_size))
    order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    chunks = np.split(order, range(batch_size, len(order), batch_size))
    return [chunks[i] for i in generator.permutation(len(chunks))]
