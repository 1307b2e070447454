"""Trained models with all that they need to read text."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wordorder import paths
from wordorder.app.trained_models import read_training
from wordorder.data.encoded import NO_LABEL, EncodedReviews, joined
from wordorder.data.vectorizer import read_settings, read_vocabulary, text_encoder
from wordorder.inference import load_model, predict, predictor
from wordorder.io.errors import reading
from wordorder.models.later import Tensor
from wordorder.models.network import TokenClassifier
from wordorder.tokens import UNKNOWN


class TrainedModel(NamedTuple):
    """A model that reads text: `run` is it compiled for prediction, `encode` what `text_encoder` returns."""

    variant: str
    seed: int
    model: TokenClassifier
    run: Callable[..., Tensor]
    encode: Callable[[Sequence[str]], Iterator[np.ndarray]]

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return self.model.classes

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `inference.predict` does, for texts."""
        return self.answers(texts)[0]

    def answers(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities, and how many tokens of each text are read and in the vocabulary, (texts,)."""
        sequences = list(self.encode(texts))
        labels = np.full(len(texts), NO_LABEL, np.int32)
        reviews = EncodedReviews(list(map(str, range(len(texts)))), labels, *joined(sequences), self.classes)
        length = self.model.variant.reads_length
        known = [np.count_nonzero(tokens[:length] > UNKNOWN) for tokens in sequences]
        return predict(self.model, reviews, self.run), np.array(known, int)


def load_trained(directory: Path, variant: str, seed: int) -> TrainedModel:
    """Load the model of a training on all reviews under a working directory; for the backend that is in use.

    Raises InputError if a file of it is damaged.
    """
    record = directory / paths.run(paths.TRAINED["record"], variant, "all", seed)
    with reading(record):
        vectorizer = json.loads(record.read_text(encoding="utf-8"))["settings"]["vectorizer"]
        vocabulary, settings = paths.vocabulary(vectorizer), paths.vectorizer_settings(vectorizer)
    model = directory / paths.run(paths.TRAINED["model"], variant, "all", seed)
    return load_model_with(model, record, directory / vocabulary, directory / settings, directory)


def load_model_with(
    model: Path, record: Path, vocabulary: Path, vectorizer: Path, directory: Path = Path()
) -> TrainedModel:
    """Load a model from its own file, its record, the vocabulary that it reads and the settings of its vectorizer.

    `directory` is the working directory of the workflow, from which functions of one's own are named; these are run.
    It is for the backend that is in use. Raises InputError if a file is damaged, or if they do not belong together.
    """
    variant, seed = read_training(record, model=model, vocabulary=vocabulary)
    loaded = load_model(model)
    encode = text_encoder(read_vocabulary(vocabulary), **read_settings(vectorizer, directory))
    return TrainedModel(variant, seed, loaded, predictor(loaded), encode)
