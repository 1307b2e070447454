"""Tabulate what the word vectors hold: neighbours, analogies, and a map of telling words."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder import paths
from wordorder.app.trained_models import read_training
from wordorder.data.encoded import read_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.io.atomic import atomic_write
from wordorder.training.backend import start_backend
from wordorder.vectors.matrix import read_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    models: list[Path],
    records: list[Path],
    matrices: list[Path],
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
    """Write the three tables of the pretrained `matrices` and of the vectors that the `models` have learned.

    `records` are those of the trainings of the models. `names` are those of all embeddings, in this order.
    """
    for record, model in zip(records, models, strict=True):
        read_training(record, model=model, vocabulary=vocabulary)
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.evaluation import word_vectors
    from wordorder.inference import load_model

    tokens = read_vocabulary(vocabulary)
    vectors = [read_matrix(path, len(tokens)) for path in matrices]
    vectors += [np.array(load_model(path).token_table.rows) for path in models]
    named = dict(zip(names, vectors, strict=True))
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
