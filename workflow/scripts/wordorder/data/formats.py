"""What a corpus may be: an archive with a folder for each class, a CSV file or a Parquet file."""

import csv
import io
import stat
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.io.errors import InputError

SPLITS = ("train", "validation", "test")
# More folders within each other than any corpus has.
DEPTH = 50
CHECK = "Check corpus.sources in the config."
COLUMNS = (
    "Name the columns of the text and of the label under corpus.text_column, corpus.label_column and "
    "corpus.split_column in the config."
)


class Text(NamedTuple):
    """A text of a corpus.

    `id` is its path in an archive, such as train/pos/0_9, or the number of its row. `split` is one of `SPLITS`, train
    in a corpus without splits of its own. `label` is the name of its class; "" without one, where `split` says nothing.
    """

    id: str
    split: str
    label: str
    text: str


class Corpus(NamedTuple):
    """All texts of a corpus, in any order, and the sorted names of its classes, of which some may have no text."""

    texts: list[Text]
    classes: list[str]


class Member(NamedTuple):
    """What lies in an archive: the parts of its path; the bytes of a .txt file, None for others and for folders."""

    name: str
    parts: tuple[str, ...]
    is_folder: bool
    content: bytes | None


def read_corpus(
    path: Path,
    *,
    format: str,
    unlabelled: str | None,
    text_column: str,
    label_column: str,
    split_column: str | None,
) -> Corpus:
    """Read a corpus; the arguments are the keys of the same names in the config.

    `unlabelled` is what stands in the place of a class for texts that have none. Raises InputError if the file is
    damaged, is no such corpus or has no text.
    """
    if format == "folders":
        corpus = read_folders(path, unlabelled)
    else:
        names = {"text": text_column, "label": label_column} | ({"split": split_column} if split_column else {})
        columns = {"csv": csv_columns, "parquet": parquet_columns}[format](path, names)
        corpus = corpus_of_columns(path, names, columns, unlabelled)
    if not corpus.texts:
        raise InputError(f"{path}: there is no text in it. Check corpus.sources and corpus.format in the config.")
    return corpus


def read_folders(path: Path, unlabelled: str | None) -> Corpus:
    """Read a tar or zip archive with a folder of .txt files for each class.

    The folders of the classes lie in train/, test/ and validation/, if there are train/ and one of the others, or else
    beside each other; further folders around that do not matter. Left out are files outside the folders of classes,
    and what is hidden by a name that starts with a dot.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Delete it and run again.") from error
    members = list(visible(path, zip_members(path) if is_zip else tar_members(path)))
    folders = {member.parts[:depth] for member in members for depth in range(len(member.parts) + member.is_folder)}
    root, has_splits = find_root(path, folders)
    heads = [(*root, split) for split in SPLITS] if has_splits else [root]
    depth = len(heads[0]) + 1
    labels = {folder: folder[-1] for folder in folders if folder and folder[:-1] in heads}
    texts = {}
    for member in members:
        folder, inside = member.parts[:depth], member.parts[depth:]
        if folder not in labels or not inside:
            continue
        where = f"{path}, member {member.name!r}"
        if member.is_folder or len(inside) > 1 or not inside[0].endswith(".txt"):
            raise InputError(f"{where}: in the folder of a class there must only be files named *.txt. {CHECK}")
        identifier = "/".join(member.parts[len(root) :]).removesuffix(".txt")
        if identifier in texts:
            raise InputError(f"{where}: this name occurs twice. {CHECK}")
        split, label = folder[len(root)] if has_splits else "train", labels[folder]
        text = decoded(where, member.content)
        texts[identifier] = Text(identifier, split, "" if label == unlabelled else label, text)
    return Corpus(list(texts.values()), sorted(set(labels.values()) - {unlabelled}))


def find_root(path: Path, folders: set[tuple[str, ...]]) -> tuple[tuple[str, ...], bool]:
    """Find the folder with the splits or, without any, with the classes; returns it, and whether it has splits."""
    found = [
        folder
        for folder in sorted(folders)
        if (*folder, "train") in folders and {(*folder, "validation"), (*folder, "test")} & folders
    ]
    if len(found) > 1:
        places = ", ".join(repr("/".join(folder)) for folder in found)
        raise InputError(f"{path}: in more than one folder there are train/ and test/: {places}. Leave one of them.")
    if found:
        return found[0], True

    def inside(parent: tuple[str, ...]) -> list[tuple[str, ...]]:
        return [folder for folder in folders if folder and folder[:-1] == parent]

    root = ()
    # The only folder at its place is one around the classes, if there are folders in it.
    while len(only := inside(root)) == 1 and inside(only[0]):
        root = only[0]
    return root, False


def visible(path: Path, members: Iterable[Member]) -> Iterator[Member]:
    """Yield the members that are not hidden. Raises InputError if one has no plain path, or one that is not UTF-8."""
    for member in members:
        # Names are shown with repr: in an archive they can hold anything.
        where = f"{path}, member {member.name!r}"
        # The depth is limited because each folder on the way is noted.
        if any(part in ("", ".", "..") for part in member.parts) or len(member.parts) > DEPTH:
            raise InputError(f"{where}: not a plain path. {CHECK}")
        # __MACOSX is where the archiver of macOS puts what is hidden.
        if any(part.startswith(".") or part == "__MACOSX" for part in member.parts):
            continue
        try:
            member.name.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{where}: its name is not UTF-8. {CHECK}") from error
        yield member


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a path in an archive, without the ./ of `tar -C folder .`."""
    return () if name == "." else tuple(name.removeprefix("./").split("/"))


def tar_members(path: Path) -> Iterator[Member]:
    """Yield what lies in a tar archive. Raises InputError if it is not complete, or has links or devices."""
    irregular = None
    try:
        with tarfile.open(path, "r:*") as tar:
            last = -1
            for member in tar:
                # A negative size may lead tarfile back to a header that it has read before, without end.
                if member.size < 0 or member.offset <= last:
                    raise tarfile.ReadError("a size is negative")
                last = member.offset
                # A sparse file may claim any size, and would fill the memory with its zeros.
                if not member.isdir() and (not member.isreg() or member.issparse()):
                    irregular = member.name
                    break
                is_text = not member.isdir() and member.name.endswith(".txt")
                content = tar.extractfile(member).read() if is_text else None
                yield Member(member.name, parts_of(member.name), member.isdir(), content)
            else:
                # tarfile takes a missing or unreadable header for the end. The real end is a block of zeros, after
                # which there is at least one more; reading them also makes the decompressor compare its checksum, which
                # it does not do in tarfile's mode "r|*". Both modes read the archive once, from front to back.
                rest = tar.fileobj.read()
                if len(rest) < tarfile.BLOCKSIZE or rest.strip(b"\0"):
                    raise tarfile.ReadError("the end of the archive is missing")
    # Broad, because tarfile lets the errors of the decompressors through, and those have no class in common.
    except Exception as error:
        raise damaged_archive(path, "tar", error) from error
    if irregular is not None:
        raise irregular_member(path, irregular)


def zip_members(path: Path) -> Iterator[Member]:
    """Yield what lies in a zip archive. Raises InputError if it is not complete, or has links."""
    irregular = None
    try:
        with ZipFile(path) as archive:
            for info in archive.infolist():
                if stat.S_ISLNK(info.external_attr >> 16):
                    irregular = info.filename
                    break
                content = archive.read(info) if info.filename.endswith(".txt") else None
                yield Member(info.filename, parts_of(info.filename.removesuffix("/")), info.is_dir(), content)
    # Broad, as above.
    except Exception as error:
        raise damaged_archive(path, "zip", error) from error
    if irregular is not None:
        raise irregular_member(path, irregular)


def damaged_archive(path: Path, kind: str, error: Exception) -> InputError:
    """Say that an archive cannot be read to its end."""
    return InputError(
        f"{path} is not a complete {kind} archive ({error}). Delete it and run again; if that does not help, check "
        "corpus.sources, corpus.checksum and corpus.format in the config."
    )


def irregular_member(path: Path, name: str) -> InputError:
    """Say that an archive holds something else than files and folders."""
    return InputError(f"{path}, member {name!r}: not a regular file. Put the file itself into the archive. {CHECK}")


def decoded(where: str, content: bytes) -> str:
    """Decode UTF-8. Raises InputError with the place of the byte that is none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: not UTF-8 at byte {error.start} ({error.reason}). Save it as UTF-8. {CHECK}"
        ) from error


def csv_columns(path: Path, names: dict[str, str]) -> dict[str, list[str]]:
    """Read columns of a CSV file in UTF-8."""
    try:
        # Excel starts UTF-8 with a byte order mark.
        content = decoded(str(path), path.read_bytes()).removeprefix("\ufeff")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Delete it and run again.") from error
    rows = csv_rows(io.StringIO(content, newline=""), str(path))
    header = next(rows, [])
    places = {key: column_place(str(path), header, name, COLUMNS) for key, name in names.items()}
    columns = {key: [] for key in names}
    for row in rows:
        for key, place in places.items():
            columns[key].append(row[place])
    return columns


def csv_rows(lines: Iterable[str], name: str) -> Iterator[list[str]]:
    """Yield the rows of CSV, the header first; empty lines are left out.

    The fields are separated by commas and quoted by " where needed (RFC 4180). Raises InputError with the line, of
    `name`, where they are not, or are more or fewer than those of the header.
    """
    # A text may be longer than the 128 KB that are the default.
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(lines, strict=True)
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


def parquet_columns(path: Path, names: dict[str, str]) -> dict[str, list[str | None]]:
    """Read columns of a Parquet file: text, or for labels whole numbers or booleans as well, which become text."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            header = file.schema_arrow.names
            for name in names.values():
                column_place(str(path), header, name, COLUMNS)
            table = file.read(columns=list(names.values()))
            rows = file.metadata.num_rows
        if len(table) != rows:
            raise ValueError(f"it holds {len(table)} of {rows} rows")
        columns = {}
        for key, name in names.items():
            column = table[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            kind = column.type
            if not is_text(kind) and (key != "label" or not (pa.types.is_integer(kind) or pa.types.is_boolean(kind))):
                raise InputError(f"{path}: the column {name} holds {kind} and not text. {columns_hint(key)}")
            column = column.cast(pa.large_string())
            column.validate(full=True)
            columns[key] = column.to_pylist()
        return columns
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a complete Parquet file ({error}). Delete it and run again; if that does not help, check "
            "corpus.sources and corpus.format in the config."
        ) from error


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, be it each time or a number for each that there is (a dictionary)."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def column_place(file: str, header: list[str], name: str, advice: str) -> int:
    """The place of a column. Raises InputError, which names the file and gives the advice, if it is not there once."""
    if header.count(name) == 1:
        return header.index(name)
    problem = "there is no column" if name not in header else "more than one column is called"
    hint = ""
    if len(header) == 1 and any(character in header[0] for character in ";\t|"):
        hint = " Its columns must be separated by commas; save it so."
    shown = ", ".join(map(repr, header[:20])) or "none"
    raise InputError(f"{file}: {problem} {name!r}; its columns are: {shown}.{hint} {advice}")


def columns_hint(key: str) -> str:
    """Where the config names a column."""
    return f"Name another one under corpus.{key}_column in the config."


def corpus_of_columns(
    path: Path, names: dict[str, str], columns: dict[str, list[str | None]], unlabelled: str | None
) -> Corpus:
    """Make a corpus of columns of the same length, text, label and perhaps split. Raises InputError with the row."""
    number = len(columns["text"])
    texts = []
    for row, values in enumerate(zip(*columns.values(), strict=True), 1):
        value = dict(zip(columns, values, strict=True))
        where = f"{path}, row {row} (the first line is not counted)"
        for key in ("text", "label"):
            # An empty text is a text; an empty label is none.
            if value[key] is None or (key == "label" and not value[key]):
                raise InputError(
                    f"{where}: nothing in the column {names[key]}. Fill it in, or remove the row; for a text without a "
                    "class write what corpus.unlabelled in the config says."
                )
        label = "" if value["label"] == unlabelled else value["label"]
        split = value.get("split", "train")
        if label and split not in SPLITS:
            raise InputError(
                f"{where}: {split!r} in the column {names['split']}. Write train, validation or test, or set "
                "corpus.split_column to null in the config."
            )
        # Filled up with zeros, so that the order of the names is that of the rows.
        texts.append(Text(f"{row:0{len(str(number))}d}", split, label, value["text"]))
    return Corpus(texts, sorted({text.label for text in texts} - {""}))
