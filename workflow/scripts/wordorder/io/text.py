"""Lines of text files, which may be compressed."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from wordorder.io.errors import InputError


def zstd_open(path: Path) -> io.BufferedReader:
    """Open a file that zstd has compressed."""
    # Only here: pyarrow is not wanted by whoever reads something else.
    import pyarrow as pa

    return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))


# What compressed files begin with.
COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": zstd_open,
}
ZIP = b"PK\x03\x04"
LONGEST = max(map(len, [*COMPRESSED, ZIP]))
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)


class SeveralMembersError(InputError):
    """A zip archive holds several files, or none."""

    def __init__(self, path: Path, members: Sequence[str]) -> None:
        self.members = ", ".join(map(repr, members[:10])) or "no file"
        super().__init__(f"{path} holds {len(members)} files: {self.members}. Take the one that is meant out of it.")


def is_packed(path: Path) -> bool:
    """Return whether `opened` gives something else than the bytes of a file."""
    with path.open("rb") as file:
        return file.read(LONGEST).startswith((ZIP, *COMPRESSED))


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; what gzip, bzip2, xz, zstd or zip have compressed is decompressed, whatever its name.

    Raises OSError if it cannot be read, InputError if it is damaged, and SeveralMembersError.
    """
    with path.open("rb") as file:
        start = file.read(LONGEST)
    try:
        if start.startswith(ZIP):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(names) != 1:
                    raise SeveralMembersError(path, names)
                with archive.open(names[0]) as member:
                    yield member
            return
        for magic, decompressing in COMPRESSED.items():
            if start.startswith(magic):
                with decompressing(path) as file:
                    yield file
                return
        with path.open("rb") as file:
            yield file
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno:
            raise
        # The decompressors' own errors of this kind have no number.
        raise InputError(f"{path} is damaged ({error}). Get it again.") from error


def text_lines(
    file: BinaryIO | IO[bytes], name: str, encoding: str = "utf-8", advice: str = "Save it as UTF-8."
) -> Iterator[str]:
    """Yield the lines of a file, with their ends.

    Raises InputError, with the number of the line and the advice, if one is not so encoded.
    """
    # Excel starts UTF-8, however it is spelled, with a byte order mark.
    of_first = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    for number, line in enumerate(file, 1):
        try:
            yield line.decode(of_first if number == 1 else encoding)
        except UnicodeDecodeError as error:
            raise InputError(f"{name}, line {number}: not {encoding.upper()} ({error.reason}). {advice}") from error
