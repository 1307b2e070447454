"""Trained models with all that they need to read text."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wordorder import paths
from wordorder.data.encoded import EncodedReviews, joined
from wordorder.data.vectorizer import read_settings, read_vocabulary, text_encoder
from wordorder.io.errors import reading
from wordorder.training.loop import load_model, predict, predictor


class TrainedModel(NamedTuple):
    """A model that reads text.

    `run` is the model compiled for prediction, `encode` what `text_encoder` returns, `sequence_length` the number of
    tokens that a text is cut to, None for all.
    """

    variant: str
    seed: int
    model: object
    run: object
    encode: Callable[[Sequence[str]], Iterator[np.ndarray]]
    sequence_length: int | None
    classes: list[str]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `training.predict` does, for texts."""
        sequences = list(self.encode(texts))
        labels = np.full(len(texts), -1, np.int8)
        reviews = EncodedReviews([str(i) for i in range(len(texts))], labels, *joined(sequences), self.classes)
        return predict(self.model, reviews, self.sequence_length, self.run)


def load_trained(directory: Path, variant: str, seed: int) -> TrainedModel:
    """Load the model of a training on all reviews under a working directory; for the backend that is in use.

    Raises InputError if a file of it is damaged.
    """
    record = directory / paths.run(paths.TRAINED["record"], variant, "all", seed)
    with reading(record):
        vectorizer = json.loads(record.read_text(encoding="utf-8"))["settings"]["vectorizer"]
        vocabulary, settings = paths.vocabulary(vectorizer), paths.vectorizer_settings(vectorizer)
    model = directory / paths.run(paths.TRAINED["model"], variant, "all", seed)
    return load_model_with(model, record, directory / vocabulary, directory / settings)


def load_model_with(model: Path, record: Path, vocabulary: Path, vectorizer: Path) -> TrainedModel:
    """Load a model from its own file, its record, the vocabulary that it reads and the settings of its vectorizer.

    It is for the backend that is in use. Raises InputError if a file is damaged.
    """
    with reading(record):
        training = json.loads(record.read_text(encoding="utf-8"))
        variant, seed, classes = training["variant"], training["seed"], list(training["classes"])
        sequence_length = training["settings"].get("sequence_length")
    loaded = load_model(model)
    return TrainedModel(
        variant,
        seed,
        loaded,
        predictor(loaded),
        text_encoder(read_vocabulary(vocabulary), **read_settings(vectorizer)),
        sequence_length,
        classes,
    )
