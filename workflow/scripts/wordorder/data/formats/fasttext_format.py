"""The format in which fastText reads texts with their classes."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from wordorder.data.corpus import SEVERAL, Table, Wanted, column_index
from wordorder.io.errors import InputError
from wordorder.io.text import opened, text_lines

LABEL = "__label__"
# What fastText takes for the end of a word.
SPACES = re.compile(r"[ \t]+")


class FastText(Table):
    """A text on each line, after its class: "__label__pos A warm and funny film". The file may be compressed."""

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str]]:
        """Yield rows as `Table.rows` does; the columns are called text and label. Empty lines are left out.

        Raises InputError with the line that has no class, or several.
        """
        places = [
            column_index(path, self.columns(path, wanted.encoding), name, wanted.advice.column)
            for name in wanted.columns
        ]
        try:
            with opened(path) as file:
                for number, line in enumerate(text_lines(file, str(path), wanted.encoding, wanted.advice.encoding), 1):
                    if not line.strip():
                        continue
                    label, text = (*SPACES.split(line.strip(), maxsplit=1), "")[:2]
                    if not label.startswith(LABEL) or text.startswith(LABEL):
                        several = SEVERAL if text.startswith(LABEL) else f"It should begin with {LABEL} and a class. "
                        raise InputError(f"{path}, line {number}: {line[:60]!r}. {several}{wanted.advice.file}")
                    row = text, label.removeprefix(LABEL)
                    yield [row[place] for place in places]
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}). {wanted.advice.file}") from error

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return those of every such file."""
        return ["text", "label"]
