"""Words that the messages about bad input share."""

import difflib
import json
from collections.abc import Iterable, Sequence


def shown(value: object) -> str:
    """Return a value on one line, much as it stands in a YAML file."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, skipkeys=True)
    # A number of thousands of digits, a value that contains itself, or very many lists within lists.
    except (ValueError, RecursionError):
        return "a value too large to show"


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return the known word that may have been meant, or all that there are."""
    known = list(known)
    close = difflib.get_close_matches(word if isinstance(word, str) else shown(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"write one of: {', '.join(known)}."


def listed(words: Sequence[str]) -> str:
    """Join words by commas and, before the last one, an "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
