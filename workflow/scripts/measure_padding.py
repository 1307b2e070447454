"""Measure what padding does to three short reviews, with and without a mask."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wordorder import paths
from wordorder.app.trained_models import read_training
from wordorder.data.encoded import read_encoded
from wordorder.data.reviews import read_reviews
from wordorder.entry import run
from wordorder.io.atomic import atomic_write
from wordorder.tokens import PADDING
from wordorder.training.backend import start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

REVIEWS = 3


def main(
    models: list[Path],
    records: list[Path],
    vocabulary: Path,
    encoded: Path,
    reviews: Path,
    padding: Path,
    *,
    variants: list[str],
    sequence_length: int,
    backend: str,
    threads: int,
) -> None:
    """Write the probability of the true class of each of the shortest reviews, by the number of padding tokens.

    `variants` are the names of the `models`, which read the same tokens, and `records` those of their trainings.
    """
    for record, path in zip(records, models, strict=True):
        read_training(record, model=path, vocabulary=vocabulary)
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.inference import load_model

    data, texts = read_encoded(encoded), read_reviews(reviews)["text"].to_pylist()
    lengths = data.lengths(sequence_length)
    shortest = [i for i in np.argsort(lengths, kind="stable") if lengths[i]][:REVIEWS]
    rows = []
    for variant, path in zip(variants, models, strict=True):
        model = load_model(path)
        for i in shortest:
            label, tokens = int(data.labels[i]), data.tokens[data.offsets[i] : data.offsets[i + 1]][:sequence_length]
            room = sequence_length - len(tokens)
            # 0, 1, 2, 4, 8 and so on, and as many as there is room for.
            for count in (0, *(2**power for power in range(room.bit_length() - 1)), room):
                answer = model.predict_on_batch(np.pad(tokens, (0, count), constant_values=PADDING)[None])[0]
                probabilities = answer if len(answer) > 1 else [1 - answer[0], answer[0]]
                rows.append((texts[i], data.classes[label], variant, count, float(probabilities[label])))
    table = pd.DataFrame(rows, columns=["text", "class", "variant", "padding", "probability"]).round(6)
    with atomic_write(padding) as part:
        table.to_csv(part, index=False)


if __name__ == "__main__":
    run(main, snakemake)
