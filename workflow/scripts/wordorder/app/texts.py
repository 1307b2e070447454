"""The texts in the files that a user names, or on standard input."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from wordorder.data.corpus import Advice, Wanted
from wordorder.data.formats import suffixes, table_of, unpacked
from wordorder.io.errors import InputError
from wordorder.io.text import opened, text_lines

STANDARD_INPUT = Path("-")
# Endings of files with a text on each line.
LINES = ("", ".txt")
ADVICE = Advice(
    "Name columns of text with --text-column, and others that are there.", "Name another file, or save this one anew."
)


def name_of(source: Path) -> str:
    """Return what messages call a source."""
    return "standard input" if source == STANDARD_INPUT else str(source)


def lines_of(source: Path) -> Iterator[str]:
    """Yield the lines of a file, or of standard input, without their ends. Raises InputError if one is not UTF-8."""
    with nullcontext(sys.stdin.buffer) if source == STANDARD_INPUT else opened(source) as file:
        for line in text_lines(file, name_of(source)):
            yield line.rstrip("\r\n")


def rows_of(source: Path, text_column: str, others: Sequence[str] = ()) -> Iterator[Sequence[str | None]]:
    """Yield for each row of a table its text and the values in other columns; for each line of a text file this.

    The ending of the name says which it is. Raises InputError if it says neither, or if lines are to have columns.
    """
    if table := table_of(str(source)):
        return table.rows(source, Wanted([text_column, *others], ADVICE, others))
    if unpacked(source).suffix.lower() not in LINES:
        raise InputError(
            f"{source}: {source.suffix} is not the ending of a table that can be read ({', '.join(suffixes())}), nor "
            "that of a file with a text on each line (.txt). Save it as one of them."
        )
    if others:
        raise InputError(
            f"{name_of(source)}: there is a text on each line, and no column {others[0]!r}. Name a table "
            f"({', '.join(suffixes())})."
        )
    return ([line] for line in lines_of(source))
