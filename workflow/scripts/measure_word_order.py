"""Ask a trained model about the test reviews with their words in other orders, and about pairs that contrast."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder import paths
from wordorder.data.contrast import contrast_pairs
from wordorder.data.encoded import read_encoded
from wordorder.data.reviews import read_reviews
from wordorder.data.vectorizer import read_settings, read_vocabulary
from wordorder.data.word_order import ORDERS, Reviews
from wordorder.entry import run
from wordorder.evaluation.predictions import answers_of
from wordorder.evaluation.word_order import write_contrasts, write_right_answers
from wordorder.io.errors import InputError
from wordorder.training.backend import start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

    from wordorder.app.load import TrainedModel


def praise_of(trained: "TrainedModel", texts: list[str], praise: str) -> np.ndarray:
    """Return the probability of the class of praise for each text. Raises InputError if there is no such class."""
    if praise not in trained.classes:
        raise InputError(
            f"word_order.praise is {praise}, and the classes are {', '.join(trained.classes)}. Write one of them in "
            "the config, or null."
        )
    probabilities = trained.probabilities(texts)
    if probabilities.ndim == 2:
        return probabilities[:, trained.classes.index(praise)]
    return probabilities if praise == trained.classes[1] else 1 - probabilities


def main(
    model: Path,
    record: Path,
    test: Path,
    reviews: Path,
    vocabulary: Path,
    vectorizer: Path,
    right_answers: Path,
    contrasts: Path,
    *,
    draws: int,
    praise: str | None,
    backend: str,
    threads: int,
) -> None:
    """Write which answers are right in each of the `ORDERS`, and how likely praise each sentence of a pair is.

    Random orders are drawn `draws` times, for each model anew. Without a class of `praise` there are no pairs.
    """
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.app.load import load_model_with
    from wordorder.inference import predict

    trained = load_model_with(model, record, vocabulary, vectorizer)
    pairs = contrast_pairs() if praise else []
    sentences = [sentence for pair in pairs for sentence in (pair.praise, pair.blame)]
    write_contrasts(contrasts, pairs, praise_of(trained, sentences, praise) if praise else np.empty(0))
    encoded, length = read_encoded(test), trained.model.variant.reads_length
    texts = read_reviews(reviews)["text"].to_pylist()
    read = Reviews(texts, read_vocabulary(vocabulary), **read_settings(vectorizer))
    right = {}
    for name, order in ORDERS.items():
        drawn = []
        for draw in range(draws if order.draws else 1):
            data = read.encoded(order, length, encoded, trained.seed, draw)
            probabilities = predict(trained.model, data, trained.run)
            drawn.append(answers_of(probabilities, len(trained.classes)) == encoded.labels)
        right[name] = np.mean(drawn, axis=0)
        print(f"{name}: accuracy {right[name].mean():.4f}", flush=True)
    write_right_answers(right_answers, encoded.ids, right)


if __name__ == "__main__":
    run(main, snakemake)
