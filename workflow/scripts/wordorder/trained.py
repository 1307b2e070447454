"""Trained models with all that they need to read text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wordorder.encoded import EncodedReviews, joined
from wordorder.errors import InputError
from wordorder.training import load_model, predict, predictor
from wordorder.vectorizer import encode_texts, read_settings, read_vocabulary


class TrainedModel(NamedTuple):
    """A model, the vocabulary and settings of its vectorizer, and the names of the classes.

    `run` is the model compiled for prediction.
    """

    variant: str
    seed: int
    model: object
    run: object
    vocabulary: list[str]
    vectorizer: dict
    sequence_length: int | None
    classes: list[str]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `training.predict` does, for texts."""
        sequences = list(encode_texts(texts, self.vocabulary, **self.vectorizer))
        labels = np.full(len(texts), -1, np.int8)
        reviews = EncodedReviews([str(i) for i in range(len(texts))], labels, *joined(sequences), self.classes)
        return predict(self.model, reviews, self.sequence_length, self.run)


def trained_models(results: Path) -> dict[str, list[int]]:
    """The trained variants under a folder of results, and their seeds in ascending order."""
    found: dict[str, list[int]] = {}
    for path in sorted(results.glob("runs/*/all/seed*/model.keras")):
        seed = path.parent.name.removeprefix("seed")
        if seed.isdigit():
            found.setdefault(path.parents[2].name, []).append(int(seed))
    return {variant: sorted(seeds) for variant, seeds in found.items()}


def load_trained(results: Path, variant: str, seed: int | None = None) -> TrainedModel:
    """Load the model of a variant, the one with the lowest seed if none is given; for the backend that is in use.

    Raises InputError if there is no such model, or if a file of it is damaged.
    """
    trained = trained_models(results)
    if variant not in trained:
        known = (
            f"trained are: {', '.join(trained)}" if trained else "nothing is: run snakemake first, or see --directory"
        )
        raise InputError(f"{variant} is not trained in {results}; {known}.")
    if seed is None:
        seed = trained[variant][0]
    if seed not in trained[variant]:
        raise InputError(
            f"{variant} is not trained with seed {seed}, but with {', '.join(map(str, trained[variant]))}."
        )
    folder = results / f"runs/{variant}/all/seed{seed}"
    record = folder / "training.json"
    try:
        training = json.loads(record.read_text(encoding="utf-8"))
        settings, classes = training["settings"], list(training["classes"])
        vectorizer = results / f"vectorizers/{settings['vectorizer']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{record} is damaged ({error}). Delete it and run snakemake again.") from error
    model = load_model(folder / "model.keras")
    return TrainedModel(
        variant,
        seed,
        model,
        predictor(model),
        read_vocabulary(vectorizer / "vocabulary.json"),
        read_settings(vectorizer / "settings.json"),
        settings.get("sequence_length"),
        classes,
    )
