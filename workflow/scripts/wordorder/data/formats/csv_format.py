"""CSV files in UTF-8, with a header."""

import csv
import io
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from wordorder.data.corpus import Advice, Table, column_index
from wordorder.io.errors import InputError
from wordorder.io.text import text_lines


class Csv(Table):
    """Fields separated by commas, and quoted by " where needed (RFC 4180); empty lines are left out."""

    suffix: ClassVar[str] = ".csv"

    def rows(
        self, path: Path, columns: Sequence[str], advice: Advice, *, numbers: Collection[str] = ()
    ) -> Iterator[Sequence[str]]:
        """Yield rows as `Table.rows` does. Raises InputError with the line at a row that is not one."""
        try:
            with path.open("rb") as file:
                rows = csv_rows(text_lines(file, str(path)), str(path))
                header = next(rows, [])
                hint = ""
                if len(header) == 1 and any(character in header[0] for character in ";\t|"):
                    hint = "Its columns must be separated by commas; save it so. "
                indices = [column_index(path, header, name, hint + advice.column) for name in columns]
                for row in rows:
                    yield [row[index] for index in indices]
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}). {advice.file}") from error


def csv_rows(lines: Iterator[str], name: str) -> Iterator[list[str]]:
    """Yield the rows, the header first, without empty lines. Raises InputError with the line at a bad one."""
    # A text may be longer than the 128 KB that are the default.
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(split_at_returns(lines), strict=True)
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
