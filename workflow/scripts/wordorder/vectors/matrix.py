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
    # Broad, because the parser of the header lets errors of the tokenizer through, and any shape asks for its memory.
    with reading(path, Exception), path.open("rb") as file:
        # np.load would take a zip archive for an array, too, and would not mind bytes that are left over.
        matrix = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):
            raise ValueError("it goes on after its last number")
        if matrix.dtype != np.float32:
            raise ValueError(f"its numbers are {matrix.dtype} and not float32")
        if matrix.ndim != 2 or len(matrix) != vocabulary_size:
            raise ValueError(f"its shape {matrix.shape} does not fit the vocabulary of {vocabulary_size} tokens")
    return matrix
