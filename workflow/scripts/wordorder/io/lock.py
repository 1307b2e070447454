"""Work that one process does at a time."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Wait until no other process is at work on `target`, whatever run it belongs to, and let others wait meanwhile.

    What is locked is a file beside it, `.lock-<name>`, which is deleted at the end. If it cannot be had, because the
    folder is read-only or the file system has no locks, nobody waits.
    """
    path = target.with_name(f".lock-{target.name}")
    file = None
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = locked(path)
    try:
        yield
    finally:
        if file:
            path.unlink(missing_ok=True)
            file.close()


def locked(path: Path) -> TextIO:
    """Open a file and lock it, until it is closed. Raises OSError if that cannot be done."""
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("Waiting for another process to end that writes %s", path.name.removeprefix(".lock-"))
            fcntl.flock(file, fcntl.LOCK_EX)
        # The process before this one may have deleted the file that it had locked.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()
