"""Lines of text files, which may be compressed."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from wordorder.io.errors import InputError

# What compressed files begin with.
COMPRESSED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
ZIP = b"PK\x03\x04"
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; what gzip, bzip2, xz or zip have compressed is decompressed, whatever its name.

    Raises OSError if it cannot be read, and InputError if it is damaged, or a zip archive of more than one file.
    """
    with path.open("rb") as file:
        start = file.read(max(map(len, [*COMPRESSED, ZIP])))
    try:
        if start.startswith(ZIP):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(names) != 1:
                    shown = ", ".join(map(repr, names[:10]))
                    raise InputError(f"{path} holds {len(names)} files: {shown}. Take the one that is meant out of it.")
                with archive.open(names[0]) as member:
                    yield member
            return
        for magic, decompressing in COMPRESSED.items():
            if start.startswith(magic):
                with decompressing(path, "rb") as file:
                    yield file
                return
        with path.open("rb") as file:
            yield file
    except DAMAGED as error:
        raise InputError(f"{path} is damaged ({error}). Get it again.") from error


def text_lines(file: BinaryIO | IO[bytes], name: str, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a file, with their ends. Raises InputError with the number of one that is not so encoded."""
    for number, line in enumerate(file, 1):
        try:
            # Excel starts UTF-8 with a byte order mark.
            yield line.decode("utf-8-sig" if number == 1 and encoding == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}, line {number}: not {encoding.upper()} ({error.reason}). Save it as UTF-8."
            ) from error
