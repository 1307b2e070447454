"""CSV files, whatever separates their columns."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from wordorder.data.corpus import Sheet, Wanted
from wordorder.io.errors import InputError
from wordorder.io.text import opened, text_lines

SEPARATORS = (",", ";", "\t", "|")
# Lines from which the separator is found out.
SAMPLE = 100


class Csv(Sheet):
    """Fields quoted by " where needed (RFC 4180); empty lines are left out. The file may be compressed."""

    def all_rows(self, path: Path, wanted: Wanted) -> Iterator[list[str]]:
        """Yield rows as `Sheet.all_rows` does. Raises InputError with the line at a row that is not one."""
        # A text may be longer than the 128 KB that are the default.
        csv.field_size_limit(sys.maxsize)
        try:
            with opened(path) as file:
                lines = split_at_returns(text_lines(file, str(path), wanted.encoding, wanted.advice.encoding))
                sample = list(islice(lines, SAMPLE))
                yield from csv_rows(chain(sample, lines), str(path), wanted.separator or separator(sample, wanted))
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}). {wanted.advice.file}") from error


def separator(sample: Sequence[str], wanted: Wanted) -> str:
    """Return what separates the columns: that of `SEPARATORS` by which the first lines have the most, and those wanted.

    Without a header they also have the same number. Where that is so of none, the first row has the most.
    """
    found = {each: list(filter(None, csv.reader(sample, delimiter=each))) or [[]] for each in SEPARATORS}

    def fits(rows: list[list[str]]) -> bool:
        # The last row of a sample may go on after it.
        widths = {len(row) for row in (rows[:-1] or rows)}
        names = rows[0] if wanted.header else map(str, range(len(rows[0])))
        return set(wanted.columns) <= set(names) and (wanted.header or len(widths) == 1)

    fitting = [each for each, rows in found.items() if fits(rows)]
    return max(fitting or SEPARATORS, key=lambda each: len(found[each][0]))


def csv_rows(lines: Iterator[str], name: str, separator: str) -> Iterator[list[str]]:
    """Yield the rows, without empty lines. Raises InputError with the line at a bad one."""
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
        if "\r" in line.removesuffix("\n")[:-1]:
            yield from io.StringIO(line, newline="")
        else:
            yield line
