"""Trained models with all that they need to read text."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wordorder.data.encoded import EncodedReviews, joined
from wordorder.io.errors import InputError
from wordorder.training.loop import load_model, predict, predictor
from wordorder.data.vectorizer import read_settings, read_vocabulary, text_encoder


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
        text_encoder(read_vocabulary(vectorizer / "vocabulary.json"), **read_settings(vectorizer / "settings.json")),
        settings.get("sequence_length"),
        classes,
    )
