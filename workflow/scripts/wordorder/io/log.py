"""Redirect the output of a job to its log, and end it tidily when something is wrong."""

import logging
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from wordorder.io.errors import InputError
from wordorder.io.lock import alone
from wordorder.io.terminal import printable

# The standard error of the process before it goes to a log.
SCREEN = os.dup(2)
# Seconds that a job may take to clean up when it is told to end.
GRACE = 10
WARNINGS: list[str] = []


@contextmanager
def logged(log: str, *, strict: bool = False) -> Iterator[None]:
    """Send everything that this process prints to the file `log`, errors included.

    The file descriptors are redirected, because the C++ parts of TensorFlow and JAX write past `sys.stderr`. An
    `InputError` is written as one plain message, any other exception with its traceback; both end the job. So does
    SIGTERM, which schedulers send before they kill. If it is `strict`, so do warnings, once all have been told.

    Two processes never work on the same job: if a Snakemake was killed and its job lives on, this one waits for it.
    """
    # Not a lock on the log itself: Snakemake deletes that before it starts a job again.
    with alone(Path(log)):
        redirect(log)
        try:
            yield
            if strict and WARNINGS:
                raise InputError(f"strict is true in the config, and there are warnings: {len(WARNINGS)}, as above.")
        except InputError as error:
            print(f"Error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception as error:
            traceback.print_exc()
            if is_out_of_memory(error):
                print("Error: out of memory. Give the job more: ulimit -v, or mem_mb on a cluster.", file=sys.stderr)
            sys.exit(1)


class Log(TextIOWrapper):
    """A file descriptor to write text to, which is shown as it is: UTF-8, whatever the locale; nothing that steers."""

    def __init__(self, descriptor: int):
        file = os.fdopen(descriptor, "wb", closefd=False)
        super().__init__(file, "utf-8", "backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """Write text; what would be written over what is there goes on a line of its own, as progress does."""
        return super().write(printable(text.replace("\r", "\n"), newlines=True))


def redirect(log: str) -> None:
    """Send the output of this process to a new log, and let SIGTERM end it."""
    with Path(log).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = Log(1), Log(2)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    logging.getLogger("wordorder").setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, end_job)
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        # C++ code that gets no memory ends the process with std::bad_alloc, or without any message.
        print(f"Memory is limited to {limit / 2**20:,.0f} MB (ulimit -v). If this log ends early, that was too little.")


def tell(message: str) -> None:
    """Write a line to standard error: to the log, and to the screen that the log has taken the place of."""
    line = printable(message, newlines=True)
    print(line, file=sys.stderr, flush=True)
    with suppress(OSError):
        if not os.path.sameopenfile(2, SCREEN):
            os.write(SCREEN, f"{line}\n".encode())


def warn(message: str) -> None:
    """Tell what is probably not meant."""
    WARNINGS.append(message)
    tell(f"Warning: {message}")


def is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out, which the loader of shared libraries and XLA report in their messages only."""
    words = "failed to map segment", "cannot allocate memory", "RESOURCE_EXHAUSTED"
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def end_job(number: int, frame: object) -> None:
    """Handle a signal: end the process with its exit status, but let it clean up."""
    signal.signal(number, signal.SIG_DFL)
    # Libraries may lose the exception: what is raised in a callback or a destructor goes no further.
    signal.alarm(GRACE)
    # The signal may have come in the middle of a print, which cannot be entered again.
    os.write(2, f"Ended by {signal.Signals(number).name}. Run again to go on.\n".encode())
    sys.exit(128 + number)
