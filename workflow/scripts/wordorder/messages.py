"""Words that the messages about bad input share."""

import difflib
import json
from collections.abc import Iterable, Sequence
from itertools import islice

# Pieces of JSON: values, names and what stands between them.
LARGEST = 1000
TOO_LARGE = "a value too large to show"


def shown(value: object) -> str:
    """Return a value on one line, much as it stands in a YAML file."""
    pieces = json.JSONEncoder(ensure_ascii=False, default=str, skipkeys=True).iterencode(value)
    try:
        text = "".join(islice(pieces, LARGEST))
        # By aliases, a few lines of YAML can hold billions of values.
        return text if next(pieces, None) is None else TOO_LARGE
    # A number of thousands of digits, a value that contains itself, or very many lists within lists.
    except (ValueError, RecursionError):
        return TOO_LARGE


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return the known word that may have been meant, or all that there are."""
    known = list(known)
    close = difflib.get_close_matches(word if isinstance(word, str) else shown(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"write one of: {', '.join(known)}."


def listed(words: Sequence[str]) -> str:
    """Join words by commas and, before the last one, an "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
