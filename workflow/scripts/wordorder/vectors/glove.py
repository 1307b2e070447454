"""The pretrained vectors of the tokens in a vocabulary, from GloVe's, word2vec's or fastText's text files."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wordorder.io.errors import InputError
from wordorder.tokens import SPECIAL_TOKENS

# The tokens before this one are not words.
FIRST_WORD = len(SPECIAL_TOKENS)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What fastText's own binary files begin with.
FASTTEXT = (793712314).to_bytes(4, "little")
IN_NUMBERS = set(b"0123456789+-.eE \t\r\n")


def is_finite_number(field: bytes) -> bool:
    """Return whether `field` is a number, and neither infinite nor NaN."""
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


def word_with_spaces(line: bytes, dimension: int) -> bytes:
    """Return what precedes the last `dimension` fields of `line`. Raises ValueError if they are no vector."""
    word, *numbers = line.rsplit(b" ", dimension)
    if len(numbers) == dimension and not is_finite_number(word.rsplit(b" ", 1)[-1]):
        return word
    fields = line.split(b" ")[1:]
    count = next((i for i, field in enumerate(reversed(fields)) if not is_finite_number(field)), len(fields))
    if count == 0:
        raise ValueError("there is no number at its end")
    raise ValueError(f"the vector seems to have {count} numbers, but glove.dimension in the config is {dimension}")


def parse_vector(numbers: bytes) -> np.ndarray:
    """Parse numbers separated by single spaces to float32. Raises ValueError if one is not finite."""
    fields = numbers.split(b" ")
    with np.errstate(over="ignore"):
        vector = np.array(list(map(float, fields))).astype(np.float32)
    finite = np.isfinite(vector)
    if not finite.all():
        raise ValueError(f"not a finite float32 number: {fields[finite.argmin()]!r}")
    return vector


def parse_binary(numbers: bytes) -> np.ndarray:
    """Return the vector of these bytes. Raises ValueError if a number is not finite."""
    vector = np.frombuffer(numbers, "<f4")
    if not np.isfinite(vector).all():
        raise ValueError("a number is not finite")
    return vector


def header_dimension(line: bytes) -> int | None:
    """Return the dimension in a first line "words dimension", as word2vec and fastText write it; else None."""
    fields = line.split()
    return int(fields[1]) if len(fields) == 2 and all(field.isdigit() for field in fields) else None


def is_binary(file: BinaryIO, dimension: int) -> bool:
    """Return whether vectors follow here as word2vec writes them in its binary form, without going on in the file."""
    place = file.tell()
    start = file.read(1 << 16)
    file.seek(place)
    # A number of a text has two bytes at least, one of them a space.
    numbers = start[start.find(b" ") + 1 :][: 2 * dimension]
    return not set(numbers) <= IN_NUMBERS


def binary_entries(file: BinaryIO, dimension: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield each word, and its vector as bytes. Raises ValueError if the last one is not complete."""
    word = bytearray()
    while byte := file.read(1):
        if byte != b" ":
            # Between two vectors there may be a line end.
            word += byte if byte != b"\n" else b""
            continue
        numbers = file.read(4 * dimension)
        if len(numbers) < 4 * dimension:
            raise ValueError("the file ends within a vector")
        yield bytes(word), numbers
        word.clear()


def text_entries(file: BinaryIO, dimension: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield each word, and its numbers between single spaces. Raises ValueError if a line is no vector."""
    for line in file:
        # word2vec and some files of fastText end a line with a space.
        line = line.rstrip(b"\r\n").removesuffix(b" ")
        if line.count(b" ") != dimension and len(fields := line.split()) == dimension + 1:
            line = b" ".join(fields)
        word = line[: line.index(b" ")] if line.count(b" ") == dimension else word_with_spaces(line, dimension)
        yield word, line[len(word) + 1 :]


def glove_matrix(vectors: Path, tokens: Sequence[str], dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Look up the vector of each token in `vectors`, a text file with a line "word number number ..." for each word.

    Before these lines there may be one with the number of words and the dimension, as word2vec and fastText write it
    (not with a dimension of 1, where it would be the vector of a number). After such a line, word2vec's binary form is
    read as well.

    Returns the matrix, (tokens, dimension) float32, row i for token i; and a bool array, (tokens,): which tokens have a
    vector. The rows of the others are zero, and so are those of the special tokens, whatever the file holds.

    Words and tokens are compared byte for byte. A word may hold spaces, as some do in glove.840B: the vector is the
    last `dimension` fields. If a token has several vectors, the first counts. Only the vectors of tokens are parsed; in
    all other lines, to the end of the file, just the number of fields is checked.

    Raises InputError, with the number of the line, if a line has too few or too many numbers or if a number is not
    finite; and if the file has no vector.
    """
    rows = {token.encode(): row for row, token in enumerate(tokens) if row >= FIRST_WORD}
    matrix = np.zeros((len(tokens), dimension), np.float32)
    found = np.zeros(len(tokens), bool)
    number, unit = 0, "line"
    with Path(vectors).open("rb") as file:
        try:
            if file.read(len(FASTTEXT)) == FASTTEXT:
                raise ValueError("this is fastText's own binary format; take its file of text, which ends in .vec")
            file.seek(0)
            if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
                file.seek(0)
            start = file.tell()
            number = 1
            header = header_dimension(file.readline()) if dimension > 1 else None
            if header is None:
                file.seek(start)
            elif header != dimension:
                raise ValueError(f"the vectors have {header} numbers, but glove.dimension in the config is {dimension}")
            binary = header is not None and is_binary(file, dimension)
            unit = "word" if binary else "line"
            # The header is a line.
            number = 1 if header and not binary else 0
            words = 0
            entries = binary_entries(file, dimension) if binary else text_entries(file, dimension)
            while True:
                number += 1
                if (entry := next(entries, None)) is None:
                    break
                words += 1
                word, numbers = entry
                row = rows.get(word)
                if row is not None and not found[row]:
                    matrix[row] = parse_binary(numbers) if binary else parse_vector(numbers)
                    found[row] = True
        except ValueError as error:
            where = f"{vectors}, {unit} {number}" if number else str(vectors)
            raise InputError(
                f"{where}: {error}. If the file is not damaged, set glove.member and glove.dimension in the config to "
                "fit each other; otherwise, if it was downloaded, delete it and run again."
            ) from error
    if words == 0:
        raise InputError(f"{vectors} has no vectors. Name another file under glove in the config.")
    return matrix, found


def missing_tokens(tokens: Sequence[str], found: np.ndarray, count: int = 20) -> list[str]:
    """Return the `count` most frequent tokens that have no vector, without the special ones."""
    pairs = zip(tokens[FIRST_WORD:], found[FIRST_WORD:], strict=True)
    return [token for token, has_vector in pairs if not has_vector][:count]
