"""Learn a vector for each token of the vocabulary from the training reviews and the unlabelled ones."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.encoded import read_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.vectors.cbow import cbow_matrix
from wordorder.vectors.matrix import write_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    reviews: list[Path],
    vocabulary: Path,
    matrix: Path,
    *,
    dimension: int,
    window: int,
    negative: int,
    epochs: int,
    seed: int,
) -> None:
    """Write the matrix, (tokens, dimension) float32."""
    files = [read_encoded(path) for path in reviews]
    rows = cbow_matrix(
        files,
        len(read_vocabulary(vocabulary)),
        dimension=dimension,
        window=window,
        negative=negative,
        epochs=epochs,
        seed=seed,
    )
    write_matrix(matrix, rows)
    print(f"{sum(len(file.labels) for file in files)} reviews with {sum(len(file.tokens) for file in files)} tokens")


if __name__ == "__main__":
    run(main, snakemake)
