"""CSV files with a header, whatever separates their columns."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import ClassVar

from wordorder.data.corpus import Table, Wanted, column_index
from wordorder.io.errors import InputError
from wordorder.io.text import opened, text_lines

SEPARATORS = (",", ";", "\t", "|")


class Csv(Table):
    """Fields quoted by " where needed (RFC 4180); empty lines are left out.

    They are separated by that of `SEPARATORS` by which the first line has all columns. The file may be compressed.
    """

    suffix: ClassVar[str] = ".csv"

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str]]:
        """Yield rows as `Table.rows` does. Raises InputError with the line at a row that is not one."""
        try:
            with opened(path) as file:
                lines = split_at_returns(text_lines(file, str(path), wanted.encoding))
                first = next(lines, "")
                rows = csv_rows(chain([first], lines), str(path), separator(first, wanted.columns))
                header = next(rows, [])
                indices = [column_index(path, header, name, wanted.advice.column) for name in wanted.columns]
                for row in rows:
                    yield [row[index] for index in indices]
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}). {wanted.advice.file}") from error

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the fields of the first line."""
        try:
            with opened(path) as file:
                first = next(split_at_returns(text_lines(file, str(path), encoding)), "")
                return next(csv_rows(iter([first]), str(path), separator(first, ())), [])
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}).") from error


def separator(line: str, columns: Sequence[str]) -> str:
    """Return by what the columns in a first line are separated, a comma where that is not clear."""
    found = {each: next(csv.reader([line], delimiter=each), []) for each in SEPARATORS}
    if columns and (having := [each for each, fields in found.items() if set(columns) <= set(fields)]):
        return having[0]
    return max(SEPARATORS, key=lambda each: len(found[each]))


def csv_rows(lines: Iterator[str], name: str, separator: str) -> Iterator[list[str]]:
    """Yield the rows, the header first, without empty lines. Raises InputError with the line at a bad one."""
    # A text may be longer than the 128 KB that are the default.
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    fields = None
    try:
        for row in filter(None, rows):
            fields = fields or len(row)
            # A text with a comma, and without quotes, would be cut there.
            if len(row) != fields:
                raise csv.Error(f"{len(row)} fields, but {fields} in the first line")
            yield row
    except csv.Error as error:
        raise InputError(
            f"{name}, line {rows.line_num}: {error}. Put double quotes around a text that holds commas, quotes or line "
            "ends, and double the quotes in it."
        ) from error


def split_at_returns(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines that end at carriage returns as well, as those of old spreadsheets do."""
    for line in lines:
        if "\r" in line[:-2]:
            yield from io.StringIO(line, newline="")
        else:
            yield line
