"""Files from the network or the disk, checked before they get their names."""

import json
import logging
import os
import shutil
import stat
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

import pooch
import requests
import urllib3
from remotezip import RangeNotSupported, RemoteZip, RemoteZipError
from tqdm import tqdm

from wordorder.data.sources import folder_members, local_path
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError
from wordorder.io.text import SeveralMembersError, is_packed, opened

logger = logging.getLogger(__name__)

# Seconds without a byte from the server.
TIMEOUT = 30
# Seconds between two states of the progress bar, which goes to a log file.
PROGRESS_INTERVAL = 10
CHUNK_SIZE = 2**16
# The bytes of the file and not a compressed form of them, which pooch would unpack and remotezip would not.
HEADERS = {"Accept-Encoding": "identity"}
WEB_PAGE = "this is a web page and not the file"


class SourceError(Exception):
    """Why a source cannot be used."""


class PassingError(SourceError):
    """Why a source cannot be used now, though it may be a moment later."""


def fetch(sources: Sequence[str], target: Path, checksum: str | None, *, attempts: int = 3, pause: float = 2.0) -> None:
    """Get the file `target` from the first of `sources` that has it with the right checksum.

    Sources are http(s) addresses, file:// addresses or paths; a folder becomes a tar archive. `checksum` is
    "<algorithm>:<hex>", or None for any file. If `target` is there and has it, nothing is fetched. Where a fault may
    pass, an address is tried up to `attempts` times, the second time after `pause` seconds, then each time after twice
    as long.

    Raises InputError, with what was wrong with each source, if none is left.
    """
    fetch_first(copy_file, sources, target, checksum, attempts, pause)


def fetch_vectors(
    sources: Sequence[str],
    target: Path,
    member: str | None,
    checksum: str | None,
    *,
    attempts: int = 3,
    pause: float = 2.0,
) -> None:
    """Get a file of vectors, as `fetch` gets a file, unpacked: `checksum` is that of what comes out.

    It is the `member` of a zip archive, or without one the source itself, which may be compressed, by gzip, bzip2, xz
    or zstd, or be a zip archive with one member. From an
    archive on a server only the member is fetched, unless the server has no byte ranges. `target` need not have the
    name of the member.
    """

    def copy(source: str, part: Path) -> None:
        if member is None:
            copy_file(source, part)
            unpack(part)
        else:
            copy_member(source, part, member)

    fetch_first(copy, sources, target, checksum, attempts, pause)


def record_checksums(path: Path, record: Path, verified: str | None) -> None:
    """Write the checksums of a file as a JSON list, first the one by which it was verified."""
    checksums = [f"{algorithm}:{pooch.file_hash(path, algorithm)}" for algorithm in ("md5", "sha256")]
    with atomic_write(record) as part:
        part.write_text(f"{json.dumps([verified, *checksums])}\n", encoding="ascii")


def fetch_first(
    copy: Callable[[str, Path], None],
    sources: Sequence[str],
    target: Path,
    checksum: str | None,
    attempts: int,
    pause: float,
) -> None:
    """Let `copy` write from the first source with which it succeeds and whose checksum is right."""
    if checksum and target.is_file() and has_checksum(target, checksum):
        logger.info("%s is there already, with the right checksum", target)
        return
    failures = []
    with atomic_write(target) as part:
        for source in sources:
            try:
                fetch_patiently(copy, source, part, checksum, attempts, pause)
                return
            except SourceError as error:
                logger.warning("%s: %s. Giving this source up.", source, error)
                failures.append(f"- {source}: {error}.")
        raise InputError(
            "\n".join([f"{target} cannot be had from any of its sources:", *failures])
            + "\nIf it is not enough to try again later, download the file that these sources name in another way "
            "and put its path first in the list of sources in the config."
        )


def fetch_patiently(
    copy: Callable[[str, Path], None], source: str, part: Path, checksum: str | None, attempts: int, pause: float
) -> None:
    """Let `copy` write `source` to `part` and check it; if it is an address, try again after faults that may pass."""
    last = 1 if local_path(source) else attempts
    for attempt in range(1, last + 1):
        logger.info("%s: fetching", source)
        try:
            copy(source, part)
            if checksum:
                check(part, checksum)
        except PassingError as error:
            if attempt == last:
                raise
            seconds = pause * 2 ** (attempt - 1)
            logger.warning("%s: %s. Try %d of %d in %g s.", source, error, attempt + 1, last, seconds)
        else:
            verified = "with the right checksum" if checksum else "of any checksum"
            logger.info("%s: %d bytes %s", source, part.stat().st_size, verified)
            return
        # Outside the except clause, or the next fault would have this one for its cause.
        time.sleep(seconds)


def copy_file(source: str, part: Path) -> None:
    """Copy the file at `source` to `part`, or pack the folder."""
    path = local_path(source)
    if path is None:
        download(source, part)
    elif path.is_dir():
        pack(path, part)
    else:
        with reading(path) as file, part.open("wb") as copy:
            shutil.copyfileobj(file, copy, CHUNK_SIZE)


def pack(folder: Path, part: Path) -> None:
    """Write what is below a folder to a tar archive, whose bytes are a function of the names and contents.

    Raises SourceError if something cannot be read, or is neither a file nor a folder.
    """
    with tarfile.open(part, "w") as archive:
        try:
            for path in folder_members(folder):
                # tarfile's gettarinfo would take dates and owners along, and two names of a file for a link.
                entry = tarfile.TarInfo(str(path.relative_to(folder)))
                mode = path.lstat().st_mode
                if stat.S_ISDIR(mode):
                    entry.type = tarfile.DIRTYPE
                    archive.addfile(entry)
                elif stat.S_ISREG(mode):
                    with path.open("rb") as file:
                        entry.size = os.fstat(file.fileno()).st_size
                        archive.addfile(entry, file)
                else:
                    raise SourceError(f"{path} is a link or a device; put the file itself there")
        except OSError as error:
            # An error of writing names no file.
            if error.filename is None:
                raise
            raise SourceError(f"{error.filename}: {error.strerror}") from error


def unpack(part: Path) -> None:
    """Replace a file that is compressed, or a zip archive with one member, by what is in it."""
    whole = part.with_name(f"{part.name}.whole")
    # What a killed run has left.
    whole.unlink(missing_ok=True)
    if not is_packed(part):
        return
    part.replace(whole)
    try:
        with opened(whole) as file, writing(part) as copy:
            shutil.copyfileobj(file, copy, CHUNK_SIZE)
    except SeveralMembersError as error:
        raise SourceError(f"the archive has {error.members}; name one of them under glove.member") from error
    except InputError as error:
        raise PassingError(f"the file is not complete ({error.__cause__})") from error
    finally:
        whole.unlink(missing_ok=True)


def copy_member(source: str, part: Path, member: str) -> None:
    """Copy `member` of the zip archive at `source` to `part`."""
    path = local_path(source)
    whole = part.with_name(f"{part.name}.zip")
    try:
        if path is None:
            try:
                with network_faults(), RemoteZip(source, timeout=TIMEOUT, headers=HEADERS) as archive:
                    extract(archive, member, part)
                return
            except RangeNotSupported:
                logger.info("%s: this server has no byte ranges, fetching the whole archive", source)
            download(source, whole)
            path = whole
        with reading(path) as file, ZipFile(file) as archive:
            extract(archive, member, part)
    except BadZipFile as error:
        raise SourceError(WEB_PAGE if path and is_web_page(path) else "not a zip archive") from error
    finally:
        # Also what a killed run has left.
        whole.unlink(missing_ok=True)


def extract(archive: ZipFile, member: str, part: Path) -> None:
    """Write the uncompressed `member` of `archive` to `part`."""
    if member not in archive.namelist():
        raise SourceError(f"the archive has no member {member}; it has {', '.join(archive.namelist()[:10])}")
    try:
        with archive.open(member) as file, writing(part, archive.getinfo(member).file_size) as copy:
            shutil.copyfileobj(file, copy, CHUNK_SIZE)
    except (BadZipFile, EOFError, zlib.error) as error:
        raise PassingError(f"{member} is damaged in the archive ({error})") from error
    except RuntimeError as error:
        # Encrypted, or compressed in a way that zipfile does not support.
        raise SourceError(str(error)) from error


def download(url: str, part: Path) -> None:
    """Download `url` to `part`."""
    downloader = pooch.HTTPDownloader(chunk_size=CHUNK_SIZE, timeout=TIMEOUT, headers=HEADERS)
    with network_faults(), writing(part) as file:
        downloader(url, file, None)


@contextmanager
def network_faults() -> Iterator[None]:
    """Turn the faults of requests, urllib3 and remotezip into SourceErrors, except RangeNotSupported."""
    try:
        yield
    except RangeNotSupported:
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError, RemoteZipError) as error:
        raise source_error(error) from error


def source_error(error: Exception) -> SourceError:
    """Return what is behind an error of a network library; each wraps the errors of those below it."""
    chain: list[BaseException] = [error]
    while cause := chain[-1].__cause__ or (None if chain[-1].__suppress_context__ else chain[-1].__context__):
        chain.append(cause)
    root = chain[-1]
    if isinstance(root, requests.HTTPError):
        status = root.response.status_code
        kind = PassingError if status == 429 or status >= 500 else SourceError
        return kind(f"HTTP status {status} {root.response.reason}")
    if isinstance(root, TimeoutError):
        return PassingError(f"no answer for {TIMEOUT} seconds")
    lasting = requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects
    kind = SourceError if any(isinstance(each, lasting) for each in chain) else PassingError
    return kind(f"{type(root).__name__}: {root}")


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a local file. Raises SourceError if that cannot be done."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror) from error
    with file:
        yield file


@contextmanager
def writing(part: Path, size: int | None = None) -> Iterator[BinaryIO]:
    """Open `part`, and from the first PROGRESS_INTERVAL on show how many of `size` bytes have been written."""
    with (
        part.open("wb") as file,
        tqdm.wrapattr(
            file,
            "write",
            total=size,
            ascii=True,
            delay=PROGRESS_INTERVAL,
            mininterval=PROGRESS_INTERVAL,
            # bytes=True would count in units of 1024, and call them kB and MB.
            bytes=False,
            unit="B",
            unit_scale=True,
        ) as observed,
    ):
        yield observed


def has_checksum(path: Path, checksum: str) -> bool:
    """Return whether a file has the checksum."""
    algorithm, expected = checksum.lower().split(":")
    return bool(pooch.file_hash(path, algorithm) == expected)


def check(part: Path, checksum: str) -> None:
    """Raise PassingError if `part` does not have the checksum."""
    algorithm, expected = checksum.lower().split(":")
    received = pooch.file_hash(part, algorithm)
    if received != expected:
        hint = WEB_PAGE if is_web_page(part) else "if it is the file that you want, write this one in the config"
        raise PassingError(f"wrong checksum, expected {algorithm}:{expected}, received {algorithm}:{received}; {hint}")


def is_web_page(path: Path) -> bool:
    """Return whether the file starts like HTML."""
    with path.open("rb") as file:
        start = file.read(1024)
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))
