"""Let word vectors answer a test set of analogies."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wordorder import paths
from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.evaluation.word_vectors import question_table
from wordorder.io.atomic import atomic_write
from wordorder.training.backend import start_backend
from wordorder.vectors.matrix import read_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    models: list[Path],
    matrices: list[Path],
    vocabulary: Path,
    questions: Path,
    *,
    names: list[tuple[str, int]],
    backend: str,
    threads: int,
) -> None:
    """Write a row for each embedding, seed and section of the test set.

    `names` are those of the pretrained `matrices` and then of the vectors that the `models` have learned, with their
    seeds.
    """
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.inference import load_model

    tokens = read_vocabulary(vocabulary)
    vectors = [read_matrix(path, len(tokens)) for path in matrices]
    vectors += [np.array(load_model(path).token_table.rows) for path in models]
    tables = [
        question_table(matrix, tokens).assign(embedding=name, seed=seed)
        for (name, seed), matrix in zip(names, vectors, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)[["embedding", "seed", "section", "questions", "right"]]
    with atomic_write(questions) as part:
        table.to_csv(part, index=False)
    print(table.groupby(["embedding", "seed"], sort=False)[["questions", "right"]].sum().to_string())


if __name__ == "__main__":
    run(main, snakemake)
