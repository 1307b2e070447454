"""Look up the pretrained vector of each token of the vocabulary."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.vectors.glove import glove_matrix, missing_tokens
from wordorder.vectors.matrix import write_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(vectors: Path, vocabulary: Path, matrix: Path, *, dimension: int) -> None:
    """Write the matrix, (tokens, dimension) float32, and print which tokens have no vector."""
    tokens = read_vocabulary(vocabulary)
    rows, found = glove_matrix(vectors, tokens, dimension)
    write_matrix(matrix, rows)
    print(f"{found.sum()} of {len(tokens)} tokens have a vector; the most frequent without:")
    print(" ".join(map(repr, missing_tokens(tokens, found))))


if __name__ == "__main__":
    run(main, snakemake)
