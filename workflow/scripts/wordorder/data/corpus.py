"""A corpus: its texts with their classes, whatever the format of its file."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from wordorder.data import formats
from wordorder.io.errors import InputError
from wordorder.io.terminal import printable

SPLITS = ("train", "validation", "test")
# What they are called elsewhere, in any case.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


class Text(NamedTuple):
    """A text of a corpus.

    `id` is its path in an archive, such as train/pos/0_9, or the number of its row or line; where a corpus has several
    files, after the split and number of its file. `split` is one of `SPLITS`, train in a corpus without splits of its
    own. `label` is the name of its class; "" without one, where `split` does not
    matter. `group` is the same for texts that belong together, such as reviews of one movie; "" for none.
    """

    id: str
    split: str
    label: str
    text: str
    group: str = ""


class Corpus(NamedTuple):
    """All texts of a corpus, in any order, and the sorted names of its classes, of which some may have no text."""

    texts: list[Text]
    classes: list[str]


class Layout(NamedTuple):
    """How a corpus is to be read: the keys of these names in the config.

    `unlabelled` is the label, or the folder, of texts without a class. `group_files` names, with a place for the label,
    files of which line n, from 0, is the group of the text n_*.txt in the folder of that label. `pattern` is that of
    the names of files with texts.
    """

    unlabelled: str | None
    text_column: Sequence[str]
    label_column: str
    split_column: str | None
    group_column: str | None
    group_files: str | None
    encoding: str
    separator: str | None
    header: bool
    pattern: str


class Advice(NamedTuple):
    """What to do about a column that is not there, or not text; about a file of another kind; about its encoding."""

    column: str
    file: str
    encoding: str = "Save it as UTF-8."


ADVICE = Advice(
    "Name the columns of the text and of the label under corpus.text_column, corpus.label_column, "
    "corpus.split_column and corpus.group_column in the config.",
    "If it was downloaded, delete it and run again; if that does not help, check corpus.sources, corpus.checksum and "
    "corpus.format in the config.",
    "Save it as UTF-8, or set corpus.encoding in the config.",
)

SEVERAL = "A text has one class here: choose one of several, or make a table for each. "


class Wanted(NamedTuple):
    """What to read of a table: columns by their names, or by their numbers, from 0, where it has no header; in order.

    Those in `numbers` may hold numbers or booleans, which become text, where the format has them. `encoding` is that of
    a file of text, and `separator` what is between its columns; None if that is to be found out.
    """

    columns: Sequence[str]
    advice: Advice
    numbers: Collection[str] = ()
    encoding: str = "utf-8"
    separator: str | None = None
    header: bool = True


class Format(ABC):
    """A format of a corpus."""

    @abstractmethod
    def read(self, path: Path, layout: Layout) -> Corpus:
        """Read a corpus, whatever its file is called. Raises InputError if it is damaged or of another format."""


class Table(Format):
    """A format with columns."""

    @abstractmethod
    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str | None]]:
        """Yield the values in the columns that are wanted, row by row; None where there is none.

        Raises InputError if a column is missing or holds something else, or if the file cannot be read to its end.
        """

    @abstractmethod
    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the names of the columns that `rows` can read, in their order. Raises InputError as `rows` does."""

    def read(self, path: Path, layout: Layout) -> Corpus:
        """Read a corpus. Raises InputError, with the row, if something is missing in one."""
        optional = [layout.split_column, layout.group_column]
        columns = [*layout.text_column, layout.label_column, *filter(None, optional)]
        numbers = [layout.label_column, *filter(None, [layout.group_column])]
        wanted = Wanted(columns, ADVICE, numbers, layout.encoding, layout.separator, layout.header)
        rows = list(self.rows(path, wanted))
        texts = []
        for number, row in enumerate(rows, 1):
            where = f"{path}, row {number}{' (not counting the header)' if layout.header else ''}"
            text, (label, *others) = joined(row[: len(layout.text_column)]), row[len(layout.text_column) :]
            # An empty text is a text; an empty label is none.
            if text is None or not label:
                empty = " and ".join(layout.text_column) if text is None else layout.label_column
                raise InputError(
                    f"{where}: nothing in the column {empty}. Fill it in, or remove the row; for a text without a "
                    "class write what corpus.unlabelled in the config says."
                )
            label = "" if label == layout.unlabelled else label
            split = others[0] if layout.split_column else "train"
            split = SPLIT_NAMES.get((split or "").lower(), split)
            group = others[-1] if layout.group_column else ""
            if label and split not in SPLITS:
                raise InputError(
                    f"{where}: {split!r} in the column {layout.split_column}. Write train, validation or test, or set "
                    "corpus.split_column to null in the config."
                )
            texts.append(Text(numbered(number, len(rows)), split or "", label, text, group or ""))
        return Corpus(texts, sorted({text.label for text in texts} - {""}))


class Sheet(Table):
    """A format whose first row has the names of the columns, unless `Wanted.header` says that there are none."""

    @abstractmethod
    def all_rows(self, path: Path, wanted: Wanted) -> Iterator[list[str]]:
        """Yield the values in all columns, row by row, the header first. Raises InputError as `rows` does."""

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str]]:
        """Yield rows as `Table.rows` does."""
        rows = self.all_rows(path, wanted)
        first = next(rows, [])
        names = first if wanted.header else [str(number) for number in range(len(first))]
        places = [column_index(path, names, name, wanted.advice.column) for name in wanted.columns]
        for row in rows if wanted.header else chain([first], rows):
            yield [row[place] for place in places]

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the first row."""
        return next(self.all_rows(path, Wanted((), ADVICE, encoding=encoding)), [])


def joined(parts: Sequence[str | None]) -> str | None:
    """Return the text in one column or more, with a space between them; None if there is none in any."""
    return None if all(part is None for part in parts) else " ".join(filter(None, parts))


def numbered(number: int, count: int) -> str:
    """Return a number as a name, padded with zeros: the order of `count` names is that of the numbers."""
    return f"{number:0{len(str(count))}d}"


def column_index(path: Path, header: Sequence[str], name: str, advice: str) -> int:
    """Return the index of a column. Raises InputError, with the advice, if it is not there once."""
    if header.count(name) == 1:
        return header.index(name)
    problem = "there is no column" if name not in header else "more than one column is called"
    shown = ", ".join(map(repr, header[:20])) or "none"
    raise InputError(f"{path}: {problem} {name!r}; its columns are: {shown}. {advice}")


def read_corpus(paths: Sequence[Path], splits: Sequence[str], *, format: str, **layout: Any) -> Corpus:
    """Read a corpus from its files; `layout` are the fields of `Layout`, and all are keys of the config.

    `splits` are those of the files, in their order; without any, there is one file, which tells of its splits itself.

    Raises InputError if a file is damaged, is no such corpus or has no text, or if the name of a class, which stands
    in tables and on terminals, has control characters.
    """
    corpora = [formats.named(format).read(path, Layout(**layout)) for path in paths]
    for path, corpus in zip(paths, corpora, strict=True):
        if not corpus.texts:
            raise InputError(f"{path}: there is no text in it. Check corpus.sources and corpus.format in the config.")
        for name in corpus.classes:
            if printable(name) != name:
                raise InputError(
                    f"{path}: the name of the class '{printable(name)}' has characters that cannot be seen. Take them "
                    "out."
                )
    if not splits:
        return corpora[0]
    texts = [
        text._replace(id=f"{split}/{numbered(number, len(paths))}/{text.id}", split=split)
        for number, (split, corpus) in enumerate(zip(splits, corpora, strict=True), 1)
        for text in corpus.texts
    ]
    return Corpus(texts, sorted({label for corpus in corpora for label in corpus.classes}))
