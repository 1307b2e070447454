"""The reviews of a split as a Parquet file."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wordorder.io.tables import read_table, write_table

SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "label", "group", "text")])


class Review(NamedTuple):
    """A row of the files: its name in the corpus, such as train/pos/0_9; the names of its class and group, or ""."""

    id: str
    label: str
    group: str
    text: str


def write_reviews(path: Path, reviews: list[Review]) -> None:
    """Write reviews, sorted by label and id."""
    rows = sorted(reviews, key=lambda review: (review.label, review.id))
    write_table(path, pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA))


def read_reviews(path: Path) -> pa.Table:
    """Read the columns id, label, group and text. Raises InputError if the file is damaged."""
    return read_table(path, SCHEMA)


def read_groups(path: Path) -> dict[str, str]:
    """Return the group of each review by its name; one that has none is a group. Raises InputError as above."""
    table = read_reviews(path)
    return {
        name: group or name for name, group in zip(*(table[key].to_pylist() for key in ("id", "group")), strict=True)
    }
