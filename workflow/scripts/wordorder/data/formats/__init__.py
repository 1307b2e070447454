"""The formats of a corpus: a file for each, `<name>_format.py`, with a class derived from `data.corpus.Format`.

The name is also the ending of the files. Imports nothing heavy: Snakemake reads the names at every start.
"""

import importlib
import pkgutil
import zipfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wordorder.data.corpus import Format, Table

SUFFIX = "_format"
# Those of archives, in whose place there may be a folder.
OF_FOLDERS = ("folders", "lines")
# Endings after that of the format.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def names() -> list[str]:
    """Return the names that the formats have in the config."""
    return sorted(module.name.removesuffix(SUFFIX) for module in pkgutil.iter_modules(__path__))


def module_of(name: str) -> str:
    """Return the module of a format, which is imported by name, so that it counts only for corpora of that format."""
    return f"data.formats.{name}{SUFFIX}"


def unpacked(path: PurePath) -> PurePath:
    """Return the name that a file has without the endings of what has compressed it."""
    while path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return path


def format_of(file: str) -> str | None:
    """Return the format that the ending of a file's name tells, whatever has compressed it; None if it tells none.

    Of a zip archive on this machine it is that of its only member. What follows a ? is not of the name.
    """
    ending = unpacked(PurePath(file.partition("?")[0])).suffix[1:].lower()
    if ending in names():
        return ending
    try:
        # A pipe or a device could be read for ever.
        if not Path(file).is_file():
            return None
        with zipfile.ZipFile(file) as archive:
            (member,) = (name for name in archive.namelist() if not name.endswith("/"))
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    return None if member == file else format_of(member)


def named(name: str) -> "Format":
    """Return the format of this name, and import no other."""
    from wordorder.data.corpus import Format

    module = importlib.import_module(f"wordorder.{module_of(name)}")
    (format,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Format) and each.__module__ == module.__name__
    )
    return format()


def table_of(file: str) -> "Table | None":
    """Return the format of a table by the ending of its name; None if that is not the ending of one."""
    from wordorder.data.corpus import Table

    format = named(name) if (name := format_of(file)) else None
    return format if isinstance(format, Table) else None


def suffixes() -> list[str]:
    """Return the endings of the names of tables."""
    return [f".{name}" for name in names() if table_of(f"a.{name}")]
