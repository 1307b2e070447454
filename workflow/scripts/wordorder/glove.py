"""The GloVe vectors of the tokens in a vocabulary."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wordorder.errors import InputError

# Padding and unknown, the first two tokens of every vocabulary, are not words.
SPECIAL_TOKENS = 2


def is_finite_number(field: bytes) -> bool:
    """Whether `field` is a number, and neither infinite nor NaN."""
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


def word_with_spaces(line: bytes, dimension: int) -> bytes:
    """Return what precedes the last `dimension` fields of `line`; ValueError if there are fewer or more numbers."""
    word, *numbers = line.rsplit(b" ", dimension)
    if len(numbers) == dimension and not is_finite_number(word.rsplit(b" ", 1)[-1]):
        return word
    fields = line.split(b" ")[1:]
    count = next((i for i, field in enumerate(reversed(fields)) if not is_finite_number(field)), len(fields))
    if count == 0:
        raise ValueError("there is no number at its end")
    raise ValueError(f"the vector seems to have {count} numbers, but glove.dimension in the config is {dimension}")


def parse_vector(numbers: bytes) -> np.ndarray:
    """Parse numbers separated by single spaces to float32; ValueError if one is not finite."""
    fields = numbers.split(b" ")
    with np.errstate(over="ignore"):
        vector = np.array(list(map(float, fields))).astype(np.float32)
    finite = np.isfinite(vector)
    if not finite.all():
        raise ValueError(f"not a finite float32 number: {fields[finite.argmin()]!r}")
    return vector


def glove_matrix(vectors: Path, tokens: Sequence[str], dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Look up the vector of each token in `vectors`, a text file with a line "word number number ..." for each word.

    Returns the matrix, (tokens, dimension) float32, row i for token i; and a bool array, (tokens,): which tokens have a
    vector. The rows of the others are zero, and so are the first two, padding and unknown, whatever the file holds.

    Words and tokens are compared byte for byte. A word may hold spaces, as some do in glove.840B: the vector is the
    last `dimension` fields. Only the vectors of tokens are parsed; of all other lines, to the end of the file, just the
    number of fields is checked.

    Raises InputError, with the number of the line, if a line has too few or too many numbers, if a number is not finite
    or if a token has two vectors; and if the file is empty.
    """
    rows = {token.encode(): row for row, token in enumerate(tokens) if row >= SPECIAL_TOKENS}
    matrix = np.zeros((len(tokens), dimension), np.float32)
    # Counted from 1; 0 for a token that has not been found.
    line_numbers = np.zeros(len(tokens), np.int64)
    number = 0
    with Path(vectors).open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                word = line[: line.index(b" ")] if line.count(b" ") == dimension else word_with_spaces(line, dimension)
                row = rows.get(word)
                if row is None:
                    continue
                if line_numbers[row]:
                    raise ValueError(f"{tokens[row]!r} has a vector in line {line_numbers[row]} already")
                matrix[row] = parse_vector(line[len(word) + 1 :])
                line_numbers[row] = number
            except ValueError as error:
                raise InputError(
                    f"{vectors}, line {number}: {error}. If the file is not damaged, set glove.member and "
                    "glove.dimension in the config to fit each other; otherwise delete it and run again."
                ) from error
    if number == 0:
        raise InputError(f"{vectors} is empty. Delete it and run again.")
    return matrix, line_numbers > 0


def missing_tokens(tokens: Sequence[str], found: np.ndarray, count: int = 20) -> list[str]:
    """Return the `count` most frequent tokens that have no vector, without padding and unknown."""
    pairs = zip(tokens[SPECIAL_TOKENS:], found[SPECIAL_TOKENS:], strict=True)
    return [token for token, has_vector in pairs if not has_vector][:count]
