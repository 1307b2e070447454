"""Lines of text files."""

from collections.abc import Iterator
from typing import BinaryIO

from wordorder.io.errors import InputError


def text_lines(file: BinaryIO, name: str) -> Iterator[str]:
    """Yield the lines of a file in UTF-8, with their ends. Raises InputError with the number of a line that is not."""
    for number, line in enumerate(file, 1):
        try:
            # Excel starts UTF-8 with a byte order mark.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{name}, line {number}: not UTF-8 ({error.reason}). Save it as UTF-8.") from error
