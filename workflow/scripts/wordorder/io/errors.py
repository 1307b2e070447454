"""Errors that are written for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(Exception):
    """Something that the user gave (a file, an address, a setting) cannot be used.

    The message says what is wrong, where, and what to do about it; it is shown without a traceback.
    """


@contextmanager
def reading(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong while a product of the pipeline is read into an InputError.

    These are the errors of files, of JSON and of values that are missing or of the wrong kind, and `errors`, those of
    the library that reads. What the reader finds wrong itself it raises as a ValueError, whose text ends up in the
    message.
    """
    expected: tuple[type[Exception], ...] = (OSError, ValueError, LookupError, TypeError, RecursionError, *errors)
    try:
        yield
    except MemoryError:
        # It says nothing about the file.
        raise
    except expected as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else error
        raise InputError(f"{path} is damaged ({problem}). Delete it and run again.") from error
