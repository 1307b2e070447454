"""JSON Lines: an object on each line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wordorder.data.corpus import ADVICE, SEVERAL, Advice, Table, Wanted, column_index
from wordorder.io.errors import InputError
from wordorder.io.text import opened, text_lines


class JsonLines(Table):
    """The keys of the objects are the columns; empty lines are left out. The file may be compressed."""

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str | None]]:
        """Yield rows as `Table.rows` does. Raises InputError with the line that is no object."""
        seen = False
        for where, row in objects(path, wanted):
            if not seen:
                for name in wanted.columns:
                    column_index(path, list(row), name, wanted.advice.column)
                seen = True
            yield [
                value_text(where, name, row.get(name), name in wanted.numbers, wanted.advice) for name in wanted.columns
            ]

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the keys of the first object that are not those of lists and objects."""
        _, row = next(objects(path, Wanted((), ADVICE, encoding=encoding)), ("", {}))
        return [name for name, value in row.items() if not isinstance(value, list | dict)]


def objects(path: Path, wanted: Wanted) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a file, each with its place. Raises InputError if a line is none."""
    try:
        with opened(path) as file:
            for number, line in enumerate(text_lines(file, str(path), wanted.encoding, wanted.advice.encoding), 1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise InputError(f"{where}: not JSON ({error}). {wanted.advice.file}") from error
                if not isinstance(row, dict):
                    raise InputError(f"{where}: not a JSON object, which has columns by name. {wanted.advice.file}")
                yield where, row
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). {wanted.advice.file}") from error


def value_text(where: str, name: str, value: Any, may_be_number: bool, advice: Advice) -> str | None:
    """Return a value as text, None where there is none. Raises InputError if it is neither text nor such a number."""
    if value is None:
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            half = json.dumps(value[error.start])[1:-1]
            raise InputError(
                f"{where}: {name} has half of a character ({half}). Its text was cut there; remove the half."
            ) from error
        return value
    if may_be_number and isinstance(value, bool | int | float):
        return json.dumps(value)
    several = SEVERAL if may_be_number and isinstance(value, list) else ""
    raise InputError(f"{where}: {name} is {json.dumps(value)[:60]} and not text. {several}{advice.column}")
