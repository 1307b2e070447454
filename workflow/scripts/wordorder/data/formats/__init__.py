"""The formats of a corpus: a file for each, `<name>_format.py`, with a class derived from `data.corpus.Format`.

Imports nothing heavy: Snakemake reads the names at every start.
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wordorder.data.corpus import Format, Table

SUFFIX = "_format"


def names() -> list[str]:
    """Return the names that the formats have in the config."""
    return sorted(module.name.removesuffix(SUFFIX) for module in pkgutil.iter_modules(__path__))


def module_of(name: str) -> str:
    """Return the module of a format, which is imported by name, so that it counts only for corpora of that format."""
    return f"data.formats.{name}{SUFFIX}"


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


def tables() -> "dict[str, Table]":
    """Return the formats of tables by the endings of their names, such as ".csv"."""
    from wordorder.data.corpus import Table

    return {each.suffix: each for each in map(named, names()) if isinstance(each, Table)}


def suffixes() -> list[str]:
    """Return the endings of the names of tables."""
    return sorted(tables())


def table_of(suffix: str) -> "Table | None":
    """Return the format of the tables whose names end in `suffix`; None if there is none."""
    return tables().get(suffix.lower())
