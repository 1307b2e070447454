"""Look up the pretrained vector of each token of the vocabulary."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.io.errors import InputError
from wordorder.io.log import warn
from wordorder.tokens import SPECIAL_TOKENS
from wordorder.vectors.glove import glove_matrix, missing_tokens
from wordorder.vectors.matrix import write_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# With a smaller share of tokens that have a vector, something is wrong.
FEW = 0.2


def main(vectors: Path, vocabulary: Path, matrix: Path, *, dimension: int) -> None:
    """Write the matrix, (tokens, dimension) float32, and print which tokens have no vector."""
    tokens = read_vocabulary(vocabulary)
    rows, found = glove_matrix(vectors, tokens, dimension)
    words = len(tokens) - len(SPECIAL_TOKENS)
    if not found.any():
        raise InputError(
            f"{vectors} has a vector for none of the {words} tokens of the vocabulary, such as {tokens[2]!r}. Are its "
            "words of another language, or in capitals? Name other vectors under glove in the config."
        )
    if found.sum() < FEW * words:
        warn(f"only {found.sum()} of the {words} tokens of the vocabulary have a vector in {vectors}.")
    write_matrix(matrix, rows)
    print(f"{found.sum()} of {len(tokens)} tokens have a vector; the most frequent without:")
    print(" ".join(map(repr, missing_tokens(tokens, found))))


if __name__ == "__main__":
    run(main, snakemake)
