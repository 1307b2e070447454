"""Text from elsewhere on a terminal."""

import unicodedata


def printable(text: str, layout: str = "") -> str:
    r"""Return a text in which what is not seen but obeyed is written out, such as `\x1b` for an escape.

    That is whatever Python does not print: control characters, marks that change the direction of writing, halves of
    surrogate pairs. Spaces stay, and the characters of `layout`, such as line ends.
    """
    return "".join(
        each if each.isprintable() or each in layout or unicodedata.category(each) == "Zs" else escaped(each)
        for each in text
    )


def escaped(character: str) -> str:
    """Return a character as Python writes it in ASCII."""
    return character.encode("unicode_escape").decode("ascii")
