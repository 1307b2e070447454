"""Files that are either complete or not there."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wordorder.io.errors import InputError


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """Give a path to write to in place of a file that a user has named, as `atomic_write` does.

    A link stays one, and what it names is replaced; the file keeps its mode; several processes with the same name do
    not meet. What is no plain file, such as a pipe, is written as it is.
    """
    if output.exists() and not output.is_file():
        yield output
        return
    target = output.resolve()
    with atomic_write(target, writer=f"{os.getpid()}-") as part:
        yield part
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))


@contextmanager
def atomic_write(target: Path, *, writer: str = "") -> Iterator[Path]:
    """Give a path beside `target` to write to; on success it becomes `target`, on failure it is deleted.

    It may be a file or a folder. The temporary name is `.part-<name>`: it keeps the suffix (Keras decides by it how to
    save) and is always the same, so that what a killed job has left behind is overwritten by the next try. With a
    `writer` it has a name of its own, for files that several processes may write at a time.

    Raises InputError if the file cannot be written: the disk is full, the folder is read-only and the like; and if
    another file that is used in the block cannot be opened.
    """
    part = target.with_name(f".part-{writer}{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        delete_folder(part)
        yield part
        # Else a power failure could leave an empty file under the final name.
        for path in [*part.rglob("*"), part]:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        if part.is_dir():
            delete_folder(target)
        part.replace(target)
    except BaseException as error:
        with suppress(OSError):
            delete_folder(part)
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        # Errors of writing to an open file name none.
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else str(part)
        if name.startswith(str(part)) or Path(name) in (target, *target.parents):
            raise InputError(
                f"{target} cannot be written: {error}. Make room, or correct the path or its rights, and run again."
            ) from error
        raise InputError(
            f"{name} cannot be opened: {error.strerror}. Correct the path or its rights, and run again."
        ) from error


def delete_folder(path: Path) -> None:
    """Delete a folder with all that is in it, if there is one of this name."""
    if path.is_dir():
        shutil.rmtree(path)
