"""An archive, tar or zip, with a folder for each class."""

import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from wordorder.data.corpus import ADVICE, SPLIT_NAMES, SPLITS, Corpus, Format, Layout, Text
from wordorder.io.errors import InputError
from wordorder.io.log import tell

# More folders within each other than any corpus has.
DEPTH = 50
CHECK = "Check corpus.sources in the config."


class Member(NamedTuple):
    """What lies in an archive: the parts of its path; the bytes of a file that may be read, else None."""

    name: str
    parts: tuple[str, ...]
    is_folder: bool
    content: bytes | None


class Folders(Format):
    """A tar or zip archive with a folder of files for each class, named as `Layout.pattern` says.

    The folders of the classes lie in train/, test/ and validation/, or what else splits are called (`SPLIT_NAMES`), if
    there are train/ and one of the others, or else beside each other; further folders around that do not matter. Left
    out, counted and named are files with other names, and those outside the folders of classes. What is hidden by a
    name that starts with a dot is just left out.
    """

    def read(self, path: Path, layout: Layout) -> Corpus:
        """Read a corpus. Raises InputError, with the member, if there are folders in the folder of a class."""
        group_files = [layout.group_files.replace("{label}", "*")] if layout.group_files else []
        members = read_archive(path, [layout.pattern, *group_files])
        folders = {member.parts[:depth] for member in members for depth in range(len(member.parts) + member.is_folder)}
        root, has_splits = find_root(path, folders)
        heads = [folder for folder in folders if folder[:-1] == root and is_split(folder)] if has_splits else [root]
        depth = len(heads[0]) + 1
        labels = {folder: folder[-1] for folder in folders if folder and folder[:-1] in heads}
        groups = group_lines(members, labels, layout.group_files)
        texts, others, outside = {}, [], []
        for member in members:
            folder, inside = member.parts[:depth], member.parts[depth:]
            if folder not in labels or not inside:
                is_known = member.is_folder or any(fnmatchcase(member.parts[-1], each) for each in group_files)
                outside += [] if is_known else [member.name]
                continue
            where = f"{path}, member {member.name!r}"
            if member.is_folder or len(inside) > 1:
                raise InputError(
                    f"{where}: a folder in that of the class {labels[folder]!r}. There are no classes within classes "
                    f"here: put the folders of all classes beside each other. {CHECK}"
                )
            if member.content is None or not fnmatchcase(inside[0], layout.pattern):
                others.append(member.name)
                continue
            identifier = "/".join(member.parts[len(root) :]).removesuffix(".txt")
            if identifier in texts:
                raise InputError(f"{where}: this name occurs twice. {CHECK}")
            split, label = SPLIT_NAMES[folder[len(root)].lower()] if has_splits else "train", labels[folder]
            text = decoded(where, member.content, layout.encoding)
            group = group_of(where, inside[0], groups[folder]) if folder in groups else ""
            texts[identifier] = Text(identifier, split, "" if label == layout.unlabelled else label, text, group)
        tell_unread(path, layout, bool(texts), outside, others)
        return Corpus(list(texts.values()), sorted(set(labels.values()) - {layout.unlabelled}))


def read_archive(path: Path, patterns: Sequence[str]) -> list[Member]:
    """Return what lies in an archive and is not hidden, with the bytes of files that are named like these patterns.

    Raises InputError if it is not complete, or if something in it is neither a file nor a folder.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). {ADVICE.file}") from error

    def is_read(name: str) -> bool:
        return any(fnmatchcase(name.rsplit("/", 1)[-1], pattern) for pattern in patterns)

    return list(visible(path, zip_members(path, is_read) if is_zip else tar_members(path, is_read)))


def tell_unread(path: Path, layout: Layout, is_any_read: bool, outside: list[str], others: list[str]) -> None:
    """Say which files are no texts of a class. Raises InputError if there are no others."""
    kinds = [(outside, "not in the folder of a class"), (others, f"not named like corpus.pattern, {layout.pattern}")]
    for names, reason in kinds:
        if names:
            tell(f"Not read in {path}, because {reason}: {len(names)} files, such as {names[:3]}")
    if not is_any_read:
        found = f", but {len(others)} others, such as {others[0]!r}" if others else ""
        key = 'Set corpus.pattern in the config, to "*" for all files' if others else "Check corpus.sources"
        raise InputError(
            f"{path}: no folder of a class has a file named {layout.pattern}{found}. {key}; or, if this is no archive "
            "with a folder for each class, set corpus.format."
        )


def is_split(folder: tuple[str, ...], *names: str) -> bool:
    """Return whether a folder has the name of a split; with `names`, of one of these splits."""
    return bool(folder) and SPLIT_NAMES.get(folder[-1].lower()) in (names or SPLITS)


def group_lines(
    members: Iterable[Member], labels: dict[tuple[str, ...], str], pattern: str | None
) -> dict[tuple[str, ...], list[str]]:
    """Return the lines of the files that name the groups of texts, by the folder of these texts."""
    if pattern is None:
        return {}
    named = {(*folder[:-1], pattern.replace("{label}", label)): folder for folder, label in labels.items()}
    return {
        named[member.parts]: decoded(member.name, member.content).splitlines()
        for member in members
        if member.parts in named and member.content is not None
    }


def group_of(where: str, name: str, lines: Sequence[str]) -> str:
    """Return the group of the text of a file n_*.txt: line n. Raises InputError if there is none."""
    number = name.removesuffix(".txt").split("_")[0]
    if not (number.isascii() and number.isdigit() and int(number) < len(lines)):
        raise InputError(
            f"{where}: the file of the groups has no line for it; its name must begin with the number of its line, "
            "from 0. Correct it, or set corpus.group_files to null in the config."
        )
    return lines[int(number)]


def find_root(path: Path, folders: set[tuple[str, ...]]) -> tuple[tuple[str, ...], bool]:
    """Return the folder with the splits or, without any, with the classes; and whether it has splits."""
    trained = {folder[:-1] for folder in folders if is_split(folder, "train")}
    found = sorted(trained & {folder[:-1] for folder in folders if is_split(folder, "validation", "test")})
    if len(found) > 1:
        places = ", ".join(repr("/".join(folder)) for folder in found)
        raise InputError(f"{path}: in more than one folder there are train/ and test/: {places}. Leave one of them.")
    if found:
        return found[0], True

    def inside(parent: tuple[str, ...]) -> list[tuple[str, ...]]:
        return [folder for folder in folders if folder and folder[:-1] == parent]

    root: tuple[str, ...] = ()
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
    """Return the parts of a path in an archive, without the ./ of `tar -C folder .`."""
    return () if name == "." else tuple(name.removeprefix("./").split("/"))


def tar_members(path: Path, is_read: Callable[[str], bool]) -> Iterator[Member]:
    """Yield what lies in a tar archive; `is_read` tells by a name whether the bytes are wanted.

    Raises InputError if it is not complete, or has links or devices.
    """
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
                file = tar.extractfile(member) if not member.isdir() and is_read(member.name) else None
                yield Member(member.name, parts_of(member.name), member.isdir(), file.read() if file else None)
            else:
                # tarfile takes a missing or unreadable header for the end. The real end is a block of zeros, after
                # which there is at least one more; reading them also makes the decompressor compare its checksum, which
                # it does not do in tarfile's mode "r|*". Both modes read the archive once, from front to back.
                rest = tar.fileobj.read(-1)
                if len(rest) < tarfile.BLOCKSIZE or rest.strip(b"\0"):
                    raise tarfile.ReadError("the end of the archive is missing")
    # Broad, because tarfile lets the errors of the decompressors through, and those have no class in common.
    except Exception as error:
        raise damaged_archive(path, "tar", error) from error
    if irregular is not None:
        raise irregular_member(path, irregular)


def zip_members(path: Path, is_read: Callable[[str], bool]) -> Iterator[Member]:
    """Yield what lies in a zip archive, as above. Raises InputError if it is not complete, or has links."""
    irregular = None
    try:
        with ZipFile(path) as archive:
            for info in archive.infolist():
                if stat.S_ISLNK(info.external_attr >> 16):
                    irregular = info.filename
                    break
                content = archive.read(info) if not info.is_dir() and is_read(info.filename) else None
                yield Member(info.filename, parts_of(info.filename.removesuffix("/")), info.is_dir(), content)
    # Broad, as above.
    except Exception as error:
        raise damaged_archive(path, "zip", error) from error
    if irregular is not None:
        raise irregular_member(path, irregular)


def damaged_archive(path: Path, kind: str, error: Exception) -> InputError:
    """Return the error for an archive that cannot be read to its end."""
    if isinstance(error, MemoryError):
        return InputError(
            f"{path} is not a complete {kind} archive, or it takes more memory than there is: a member claims to be as "
            f"large. Give the job more memory, if the archive is right. {ADVICE.file}"
        )
    # tarfile tells on further lines what it has tried.
    problem = str(error).partition("\n")[0].rstrip(":")
    return InputError(f"{path} is not a complete {kind} archive ({problem}). {ADVICE.file}")


def irregular_member(path: Path, name: str) -> InputError:
    """Return the error for an archive that holds anything but files and folders."""
    return InputError(f"{path}, member {name!r}: not a regular file. Put the file itself into the archive. {CHECK}")


def decoded(where: str, content: bytes, encoding: str = "utf-8") -> str:
    """Decode a text. Raises InputError with the position of the first byte that is not so encoded."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: not {encoding.upper()} at byte {error.start} ({error.reason}). {ADVICE.encoding} {CHECK}"
        ) from error
