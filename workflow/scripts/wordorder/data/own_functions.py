"""Functions in a user's own file that standardize or split texts: `mine.py:clean` in the config."""

import hashlib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wordorder.io.errors import InputError
from wordorder.tokens import own_function


def load_function(
    setting: str, digests: Mapping[str, str], returns: type[str] | type[list]
) -> Callable[[str], Any] | None:
    """Return the function that a setting such as `mine.py:clean` names, None if it names none.

    `digests` has the checksum of each file by its name; `returns` is str, or list for a list of str. The file is run.
    Raises InputError if it is not there, is another one, has no such function or cannot be run; the function raises
    InputError if it fails or returns something else.
    """
    own = own_function(setting)
    if own is None:
        return None
    file, name = own
    path = Path(file)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}, which makes tokens of the texts, cannot be read ({error.strerror}). Put it there again."
        ) from error
    if f"sha256:{hashlib.sha256(source).hexdigest()}" != digests.get(file):
        raise InputError(
            f"{path} has changed since the vocabulary was made with it. Run snakemake again, so that they match."
        )
    namespace: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(source, str(path), "exec"), namespace)
    except Exception as error:
        raise InputError(f"{path} cannot be run: {place(error)}. Correct it.") from error
    function = namespace.get(name)
    if not callable(function):
        raise InputError(f"{path} has no function {name}. Correct the name in vectorizers in the config, or define it.")

    def checked(text: str) -> Any:
        try:
            result = function(text)
        except Exception as error:
            raise InputError(f"{setting} fails for the text {text[:60]!r}: {place(error)}. Correct it.") from error
        if not isinstance(result, returns) or not all(isinstance(each, str) for each in result):
            wanted = "text" if returns is str else "a list of text"
            raise InputError(
                f"{setting} returns {result!r:.60} for the text {text[:60]!r}, and not {wanted}. Correct it."
            )
        return result

    return checked


def place(error: Exception) -> str:
    """Return what an error is, and the line at which it came up."""
    line = error.lineno if isinstance(error, SyntaxError) else traceback.extract_tb(error.__traceback__)[-1].lineno
    return f"{type(error).__name__}: {error} (line {line})"
