"""A corpus: its texts with their classes, whatever the format of its file."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

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

    `id` is its path in an archive, such as train/pos/0_9, or the number of its row. `split` is one of `SPLITS`, train
    in a corpus without splits of its own. `label` is the name of its class; "" without one, where `split` does not
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
    """Where texts and classes are in a corpus: the keys of these names in the config.

    `unlabelled` is the label, or the folder, of texts without a class. `group_files` names, with a place for the label,
    files of which line n, from 0, is the group of the text n_*.txt in the folder of that label. `encoding` is that of
    the texts.
    """

    unlabelled: str | None
    text_column: str
    label_column: str
    split_column: str | None
    group_column: str | None
    group_files: str | None
    encoding: str


class Advice(NamedTuple):
    """What to do if a column is not there, or not text; and if the file is not such a table, or is damaged."""

    column: str
    file: str


ADVICE = Advice(
    "Name the columns of the text and of the label under corpus.text_column, corpus.label_column, "
    "corpus.split_column and corpus.group_column in the config.",
    "Delete it and run again; if that does not help, check corpus.sources, corpus.checksum and corpus.format in the "
    "config.",
)


class Wanted(NamedTuple):
    """What to read of a table: columns by their names, in this order.

    Those in `numbers` may hold whole numbers or booleans, which become text, where the format has them. `encoding` is
    that of a file of text.
    """

    columns: Sequence[str]
    advice: Advice
    numbers: Collection[str] = ()
    encoding: str = "utf-8"


class Format(ABC):
    """A format of a corpus."""

    @abstractmethod
    def read(self, path: Path, layout: Layout) -> Corpus:
        """Read a corpus, whatever its file is called. Raises InputError if it is damaged or of another format."""


class Table(Format):
    """A format with columns; `suffix` is that of its files."""

    suffix: ClassVar[str]

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
        columns = [layout.text_column, layout.label_column, *filter(None, optional)]
        numbers = [layout.label_column, *filter(None, [layout.group_column])]
        rows = list(self.rows(path, Wanted(columns, ADVICE, numbers, layout.encoding)))
        texts = []
        for number, (text, label, *others) in enumerate(rows, 1):
            where = f"{path}, row {number} (not counting the header)"
            # An empty text is a text; an empty label is none.
            if text is None or not label:
                empty = layout.text_column if text is None else layout.label_column
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
            # Padded with zeros, so that the order of the names is that of the rows.
            texts.append(Text(f"{number:0{len(str(len(rows)))}d}", split or "", label, text, group or ""))
        return Corpus(texts, sorted({text.label for text in texts} - {""}))


def column_index(path: Path, header: Sequence[str], name: str, advice: str) -> int:
    """Return the index of a column. Raises InputError, with the advice, if it is not there once."""
    if header.count(name) == 1:
        return header.index(name)
    problem = "there is no column" if name not in header else "more than one column is called"
    shown = ", ".join(map(repr, header[:20])) or "none"
    raise InputError(f"{path}: {problem} {name!r}; its columns are: {shown}. {advice}")


def read_corpus(
    path: Path,
    *,
    format: str,
    unlabelled: str | None,
    text_column: str,
    label_column: str,
    split_column: str | None,
    group_column: str | None,
    group_files: str | None,
    encoding: str,
) -> Corpus:
    """Read a corpus; the arguments are the keys of the same names in the config.

    Raises InputError if the file is damaged, is no such corpus or has no text, or if the name of a class, which stands
    in tables and on terminals, has control characters.
    """
    layout = Layout(unlabelled, text_column, label_column, split_column, group_column, group_files, encoding)
    corpus = formats.named(format).read(path, layout)
    if not corpus.texts:
        raise InputError(f"{path}: there is no text in it. Check corpus.sources and corpus.format in the config.")
    for name in corpus.classes:
        if printable(name) != name:
            raise InputError(
                f"{path}: the name of the class '{printable(name)}' has characters that cannot be seen. Take them out."
            )
    return corpus
