"""Text from outside, shown on a terminal or in a log as what it is."""

import unicodedata

# Control characters, marks that reorder or hide text, halves of a character, ends of lines.
STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Without these, words of Persian and many emoji fall apart.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def printable(text: str, *, newlines: bool = False) -> str:
    """Return text with escapes in place of what could steer a terminal, or show it otherwise than it is.

    With `newlines`, ends of lines and tabs stay.
    """
    kept = JOINERS + ("\n\t" if newlines else "")
    return "".join(
        repr(each)[1:-1] if unicodedata.category(each) in STEERING and each not in kept else each for each in text
    )
