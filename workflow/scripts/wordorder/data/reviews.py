"""The reviews of a split as a Parquet file."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wordorder.io.tables import read_table, write_table

SCHEMA = pa.schema([("id", pa.string()), ("label", pa.string()), ("text", pa.string())])


class Review(NamedTuple):
    """A row of the files: its name in the corpus, such as train/pos/0_9; the name of its class, or ""; its text."""

    id: str
    label: str
    text: str


def write_reviews(path: Path, reviews: list[Review]) -> None:
    """Write reviews, sorted by label and id."""
    rows = sorted(reviews, key=lambda review: (review.label, review.id))
    write_table(path, pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA))


def read_reviews(path: Path) -> pa.Table:
    """Read the columns id, label and text. Raises InputError if the file is damaged."""
    return read_table(path, SCHEMA)
