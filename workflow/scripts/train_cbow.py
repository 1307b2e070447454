"""Learn a vector for each token of the vocabulary from the training reviews and the unlabelled ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder.cbow import cbow_matrix
from wordorder.encoded import read_encoded
from wordorder.files import replacing
from wordorder.job import logged
from wordorder.vectorizer import read_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(reviews: list[Path], vocabulary: Path, matrix: Path, settings: dict, seed: int) -> None:
    """Write the matrix, (tokens, dimension) float32; `settings` are dimension, window, negative and epochs."""
    files = [read_encoded(path) for path in reviews]
    rows = cbow_matrix(files, len(read_vocabulary(vocabulary)), **settings, seed=seed)
    with replacing(matrix) as part, part.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
    print(f"{sum(len(file.labels) for file in files)} reviews with {sum(len(file.tokens) for file in files)} tokens")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            reviews=[Path(path) for path in snakemake.input.reviews],
            vocabulary=Path(snakemake.input.vocabulary),
            matrix=Path(snakemake.output.matrix),
            settings=snakemake.params.settings,
            seed=snakemake.params.seed,
        )
