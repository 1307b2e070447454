"""Encoded reviews: the token ids on disk that training and prediction read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import pyarrow as pa

from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading

NO_LABEL = -1
SCHEMA = pa.schema([("id", pa.string()), ("label", pa.int32()), ("tokens", pa.large_list(pa.int32()))])


class EncodedReviews(NamedTuple):
    """Whole reviews as token ids, one after the other: review i is `tokens[offsets[i]:offsets[i + 1]]`.

    `tokens` is int32 and stays on disk (memory-mapped), `offsets` has one entry more than there are reviews, `labels`
    is int32, the indices of their classes in `classes` (-1 for reviews without one), `ids` are the names of the reviews
    in the corpus and `classes` those of the classes, sorted.
    """

    ids: list[str]
    labels: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray
    classes: list[str]

    def lengths(self, sequence_length: int | None) -> np.ndarray:
        """Return the number of tokens of each review after cutting it to `sequence_length` (None: whole)."""
        lengths = np.diff(self.offsets)
        return lengths if sequence_length is None else np.minimum(lengths, sequence_length)

    def take(self, reviews: np.ndarray) -> "EncodedReviews":
        """Return the reviews of these indices, in this order, with their tokens in memory."""
        sequences = [self.tokens[self.offsets[i] : self.offsets[i + 1]] for i in reviews]
        return EncodedReviews([self.ids[i] for i in reviews], self.labels[reviews], *joined(sequences), self.classes)

    def followed_by(self, other: "EncodedReviews") -> "EncodedReviews":
        """Return these reviews and after them others, with their tokens in memory."""
        return EncodedReviews(
            [*self.ids, *other.ids],
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.tokens, other.tokens]),
            np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
            self.classes,
        )

    def distinct(self) -> "EncodedReviews":
        """Return the reviews with each of their tokens once, by ascending id."""
        pairs = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        sequences = [np.unique(self.tokens[a:b]) for a, b in pairs]
        return EncodedReviews(self.ids, self.labels, *joined(sequences), self.classes)

    def shuffled(self, seed: int, sequence_length: int | None) -> "EncodedReviews":
        """Return the reviews cut to `sequence_length`, the tokens of each in a random order.

        It is a function of the seed and of the tokens: whoever reads the same text again reads it in the same order.
        """
        sequences = []
        for start, length in zip(self.offsets[:-1], self.lengths(sequence_length), strict=True):
            tokens = self.tokens[start : start + length]
            sequences.append(np.random.default_rng([seed, crc32(tokens.tobytes())]).permutation(tokens))
        return EncodedReviews(self.ids, self.labels, *joined(sequences), self.classes)

    def document_frequencies(self, vocabulary_size: int) -> np.ndarray:
        """Return the number of reviews in which each token of the vocabulary occurs."""
        return np.bincount(self.distinct().tokens, minlength=vocabulary_size)


def joined(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the token ids of sequences one after the other, and the offsets at which each starts and the last ends."""
    offsets = np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])]).astype(np.int64)
    return np.concatenate([np.empty(0, np.int32), *sequences]).astype(np.int32), offsets


def write_encoded(
    path: Path, ids: Sequence[str], labels: Sequence[int], sequences: Sequence[np.ndarray], classes: Sequence[str]
) -> None:
    """Write reviews as an Arrow file: columns id, label, tokens; uncompressed, so that it can be memory-mapped.

    The names of the classes are in the metadata of the schema, under "classes", as a JSON list.
    """
    tokens, offsets = joined(sequences)
    columns = [ids, labels, pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(tokens))]
    schema = SCHEMA.with_metadata({"classes": json.dumps(list(classes))})
    # A writer's write_table would write no batch at all where there is no review.
    batch = pa.record_batch(columns, schema)
    with atomic_write(path) as part, pa.OSFile(str(part), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)


def classes_of(schema: pa.Schema) -> list[str]:
    """Return the names in the metadata of a schema, as `write_encoded` writes them. Raises ValueError if damaged."""
    classes = json.loads((schema.metadata or {}).get(b"classes", b"null"))
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("the names of the classes are missing")
    if classes != sorted(set(classes)):
        raise ValueError("the names of the classes are not in order")
    # Half a surrogate pair, which JSON can hold, is not a character.
    "".join(classes).encode()
    return classes


def read_encoded(path: Path) -> EncodedReviews:
    """Read what `write_encoded` wrote; the tokens stay on disk. Raises InputError if the file is damaged."""
    with reading(path, pa.ArrowException):
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
        labels, classes = labels.to_numpy(), classes_of(file.schema)
        # Unlabelled reviews have no classes, and then -1 is the only label.
        if not np.isin(labels, np.arange(len(classes)) if classes else NO_LABEL).all():
            raise ValueError("a label is that of no class")
        return EncodedReviews(
            ids.to_pylist(),
            labels,
            sequences.values.to_numpy(),
            sequences.offsets.to_numpy(),
            classes,
        )
