"""Tabulate what the word vectors know: neighbours, analogies, and a map of telling words."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder.data.encoded import read_encoded
from wordorder.io.atomic import atomic_write
from wordorder.entry import run
from wordorder.training.backend import start_backend
from wordorder.data.vectorizer import read_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    models: list[Path],
    vectors: list[Path],
    train: Path,
    vocabulary: Path,
    neighbours: Path,
    analogies: Path,
    word_map: Path,
    *,
    names: list[str],
    backend: str,
    threads: int,
) -> None:
    """Write the three tables of the matrices in `vectors` and of those learned by the `models`.

    `names` are those of all embeddings, in this order.
    """
    start_backend(backend, threads)
    from wordorder.evaluation import word_vectors
    from wordorder.training.loop import load_model, read_matrix

    tokens = read_vocabulary(vocabulary)
    matrices = [read_matrix(path, len(tokens)) for path in vectors]
    matrices += [np.array(load_model(path).token_table.rows) for path in models]
    named = dict(zip(names, matrices, strict=True))
    training = read_encoded(train)
    telling = word_vectors.telling_words(training, len(tokens))
    for path, table in (
        (neighbours, word_vectors.neighbour_table(named, tokens)),
        (analogies, word_vectors.analogy_table(named, tokens)),
        (word_map, word_vectors.word_map(named, tokens, telling, training.classes)),
    ):
        with atomic_write(path) as part:
            table.to_csv(part, index=False)
        print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
