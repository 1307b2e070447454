"""Matrices of pretrained vectors on disk, in NumPy's format: row i is the vector of token i."""

from pathlib import Path

import numpy as np

from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading


def write_matrix(path: Path, matrix: np.ndarray) -> None:
    """Write a matrix, (vocabulary, dimension) float32."""
    with atomic_write(path) as part, part.open("wb") as file:
        np.save(file, matrix, allow_pickle=False)


def read_matrix(path: Path, vocabulary_size: int) -> np.ndarray:
    """Read a matrix, (vocabulary, dimension) float32. Raises InputError if the file is damaged or does not fit."""
    # Broad, because the parser of the header lets errors of the tokenizer through.
    with reading(path, Exception):
        # np.load would take a zip archive for an array, too; and to read an array asks for the memory of any shape that
        # the file claims, where to map it asks for no more than there is.
        matrix = np.lib.format.open_memmap(path, mode="r")
        if path.stat().st_size != matrix.offset + matrix.nbytes:
            raise ValueError("it goes on after its last number")
        if matrix.dtype != np.float32:
            raise ValueError(f"its numbers are {matrix.dtype} and not float32")
        if matrix.ndim != 2 or len(matrix) != vocabulary_size:
            raise ValueError(f"its shape {matrix.shape} does not fit the vocabulary of {vocabulary_size} tokens")
    return np.array(matrix)
