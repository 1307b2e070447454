"""Encoded reviews: the integer arrays on disk that training and prediction read."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from wordorder.errors import InputError
from wordorder.files import replacing

SCHEMA = pa.schema([("id", pa.string()), ("label", pa.int8()), ("tokens", pa.large_list(pa.int32()))])


class EncodedReviews(NamedTuple):
    """Whole reviews as token numbers, one after the other: review i is `tokens[offsets[i]:offsets[i + 1]]`.

    `tokens` is int32 and stays on disk (memory-mapped), `offsets` has one entry more than there are reviews, `labels`
    is 0 or 1 (-1 for reviews without a label), `ids` are the names of the reviews in the corpus.
    """

    ids: list[str]
    labels: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray

    def lengths(self, sequence_length: int | None) -> np.ndarray:
        """Number of tokens of each review after cutting it to `sequence_length` (None: whole)."""
        lengths = np.diff(self.offsets)
        return lengths if sequence_length is None else np.minimum(lengths, sequence_length)

    def take(self, reviews: np.ndarray) -> "EncodedReviews":
        """Return the reviews of these numbers, in this order, with their tokens in memory."""
        sequences = [self.tokens[self.offsets[i] : self.offsets[i + 1]] for i in reviews]
        return EncodedReviews([self.ids[i] for i in reviews], self.labels[reviews], *joined(sequences))

    def distinct(self) -> "EncodedReviews":
        """Return the reviews with each of their tokens once, by ascending number."""
        pairs = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return EncodedReviews(self.ids, self.labels, *joined([np.unique(self.tokens[a:b]) for a, b in pairs]))

    def document_frequencies(self, vocabulary_size: int) -> np.ndarray:
        """Number of reviews in which each token of the vocabulary occurs."""
        return np.bincount(self.distinct().tokens, minlength=vocabulary_size)


def joined(sequences: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Put token numbers one after the other: the tokens, and where each sequence starts and the last one ends."""
    offsets = np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])]).astype(np.int64)
    return np.concatenate([np.empty(0, np.int32), *sequences]).astype(np.int32), offsets


def write_encoded(path: Path, ids: list[str], labels: list[int], sequences: list[np.ndarray]) -> None:
    """Write reviews as an Arrow file: columns id, label, tokens; uncompressed, so that it can be memory-mapped."""
    tokens, offsets = joined(sequences)
    columns = [ids, labels, pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(tokens))]
    # Not write_table, which writes no batch at all where there is no review.
    batch = pa.record_batch(columns, SCHEMA)
    with replacing(path) as part, pa.OSFile(str(part), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_batch(batch)


def read_encoded(path: Path) -> EncodedReviews:
    """Read what `write_encoded` wrote; the tokens stay on disk. Raises InputError if the file is damaged."""
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        if not file.schema.equals(SCHEMA):
            raise ValueError(f"it holds {', '.join(f'{field.name} ({field.type})' for field in file.schema)}")
        if file.num_record_batches != 1:
            raise ValueError(f"it holds {file.num_record_batches} batches instead of one")
        batch = file.get_batch(0)
        batch.validate(full=True)
        if any(column.null_count for column in batch.columns):
            raise ValueError("a value is missing")
        ids, labels, sequences = (batch.column(name) for name in ("id", "label", "tokens"))
        return EncodedReviews(
            ids.to_pylist(),
            labels.to_numpy(),
            sequences.values.to_numpy(),
            sequences.offsets.to_numpy(),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
