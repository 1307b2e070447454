"""Read the source strings of the config: http(s) addresses, file:// addresses and paths.

Imports nothing heavy: Snakemake reads it at every start.
"""

import filecmp
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Words in the names of files that are parts of a corpus.
PART = re.compile(r"(?<![a-z])(?:train(?:ing)?|valid(?:ation)?|val|dev|eval|test(?:ing)?)(?![a-z])|\d+-of-\d+")
PINNED = re.compile(r"(.+)#(md5=[0-9a-f]{32}|sha256=[0-9a-f]{64})")


def local_path(source: str) -> Path | None:
    """Return the path that a source names, None if it is an address elsewhere. Raises ValueError if it is neither."""
    parts = urlsplit(source)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme in ("http", "https") or "://" in source else Path(source)


def source_problem(source: str, folders: bool) -> str | None:
    """Return what is wrong with a source, None if nothing; it may be a folder where `folders` is true."""
    try:
        parts, path = urlsplit(source), local_path(source)
    except ValueError:
        return f"{source} is not an address; correct it, or remove this source."
    if parts.scheme in ("http", "https"):
        return None if parts.netloc else f"{source} names no server; write {parts.scheme}://, the server and the path."
    if path is None:
        return f"{source} is neither http://, https:// nor file://, nor a path; correct it, or remove this source."
    if is_there(path, folders):
        return None
    if is_there(path, folders=True):
        return f"{path} is a folder; name the file in it, or the files of a corpus under corpus.splits."
    if os.path.lexists(path):
        return f"{path.absolute()} is no regular file; put the file itself there, or remove this source."
    return f"there is no file {path.absolute()}; correct the path, or remove this source."


def is_there(path: Path, folders: bool = False) -> bool:
    """Return whether there is a file of this name, or a folder where `folders` is true."""
    try:
        mode = path.stat().st_mode
    # The name may be too long, or hold a NUL character.
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or (folders and stat.S_ISDIR(mode))


def checksum_problem(sources: Sequence[str], checksum: str | None) -> str | None:
    """Return what is wrong with a checksum beside sources without a problem, None if nothing."""
    paths = [local_path(source) for source in sources]
    if checksum is None and (len(paths) > 1 or paths[0] is None):
        return "null is for a single file on this machine; write sha256: and what sha256sum says of the file."
    if checksum is not None and any(path is not None and path.is_dir() for path in paths):
        return "a folder has no checksum; write null."
    return None


def mirror_problem(sources: Sequence[str]) -> str | None:
    """Return why sources cannot all be copies of one file, None if they can.

    Those on this machine are compared; of the others the names must not be those of two splits or shards.
    """
    first, *others = sources
    files = [path for source in sources if (path := local_path(source)) and path.is_file()]
    different = [other for other in files[1:] if not is_same(files[0], other)]
    parts = [other for other in others if part_named(other) != part_named(first)]
    if not different and not parts:
        return None
    one, two = (files[0], different[0]) if different else (first, parts[0])
    return (
        f"{one} and {two} are different files, but these are copies of one, of which only one is read. For a corpus "
        "in several files write, for example, corpus.splits: {train: [train.csv], test: [test.csv]}."
    )


def is_same(one: Path, other: Path) -> bool:
    """Return whether two files have the same content, or cannot be read: the job that reads them says more."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return True


def part_named(source: str) -> list[str]:
    """Return what the name of a file says of the part of a corpus that it is: of which split, the how many-th shard."""
    return PART.findall(urlsplit(source).path.rsplit("/", 1)[-1].lower())


def split_file(source: str) -> tuple[str, str | None]:
    """Return source and checksum of an entry of corpus.splits, which may end in #sha256=<digest>, as for pip."""
    match = PINNED.fullmatch(source)
    return (match[1], match[2].replace("=", ":")) if match else (source, None)


def matching(source: str) -> list[str]:
    """Return the files that a pattern such as data/*.csv names, sorted; the source itself if there are none."""
    path = local_path(source)
    if path is None or "://" in source or is_there(path, folders=True):
        return [source]
    anchor = Path(path.anchor)
    try:
        return sorted(map(str, anchor.glob(str(path.relative_to(anchor))))) or [source]
    # No pattern either.
    except (OSError, ValueError):
        return [source]


def folder_members(folder: Path) -> Iterator[Path]:
    """Yield the folders and files below a folder, in an order that depends on their names alone.

    Left out is what is hidden by a name that starts with a dot. Raises OSError if a folder cannot be listed.
    """
    with os.scandir(folder) as entries:
        visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in visible:
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from folder_members(Path(entry.path))


def file_digest(path: Path) -> str:
    """Return the checksum of a file as the config writes it."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def local_digest(source: str) -> str:
    """Return a digest of a file on this machine, or of the names and contents of a folder; if there is none, why."""
    path = local_path(source)
    if path is None:
        raise ValueError(f"{source} is not on this machine")
    try:
        if not path.is_dir():
            return file_digest(path)
        digest = hashlib.sha256()
        for member in folder_members(path):
            # Not what a link leads to, such as a device without end; the job refuses it by name.
            content = file_digest(member) if stat.S_ISREG(member.lstat().st_mode) else ""
            digest.update(f"{member.relative_to(path)}\0{content}\n".encode(errors="surrogateescape"))
        return f"sha256:{digest.hexdigest()}"
    except OSError as error:
        # The job that reads it fails, and says more.
        return str(error.strerror)


def known_as(checksum: str | None, record: Path) -> str | None:
    """Return the checksum by which a download was first verified, if the file also has this one; else this one.

    So md5 written in place of sha256 makes no other file of it. `record` is what `download.record_checksums` wrote.
    """
    try:
        first, *others = json.loads(record.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return checksum
    return first if checksum in others else checksum
