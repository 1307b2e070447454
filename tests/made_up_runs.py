"""Made-up runs for tests: answers and predictions, step times, records of trainings."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from wordorder.data.reviews import Review, write_reviews
from wordorder.evaluation.intervals import Measurements, measure
from wordorder.evaluation.metrics import METRICS
from wordorder.evaluation.predictions import Predictions, Run, write_predictions
from wordorder.evaluation.timing import COLUMNS

IDS = ["test/neg/1_1", "test/neg/2_2", "test/pos/1_9", "test/pos/2_8"]
CLASSES = ["neg", "pos"]
LABELS = np.array([0, 0, 1, 1], "int8")
TRAINING = {
    "variant": "embedding",
    "seed": 1,
    "settings": {"features": "embedding", "dimension": 256, "sequence_length": 600, "mask": False, "dropout": 0.5},
    "optimizer": {"name": "rmsprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-14, "momentum": 0.0},
    "parameters": 5194049,
    "trainable_parameters": 5194049,
    "best_epoch": 3,
    "validation_loss": 0.31,
    "validation_accuracy": 0.87,
    "backend": "jax",
    "threads": 1,
    "processor": "A processor",
    "versions": {"python": "3.11.7", "keras": "3.15.1"},
}
EVALUATION = {"test_loss": 0.34, "test_accuracy": 0.86, **{name: 1 / i for i, name in enumerate(METRICS, start=2)}}


def answers(variants: int, seeds: int, reviews: int, accuracy: float = 0.8) -> np.ndarray:
    """Return which answers are right, (variants, seeds, reviews): some reviews are hard, and so are some runs."""
    rng = np.random.default_rng(variants * seeds * reviews)
    hard = rng.normal(size=reviews)
    skill = rng.normal(stats.norm.isf(1 - accuracy) * 1.4, 0.3, size=(variants, seeds, 1))
    return skill + rng.normal(size=(variants, seeds, reviews)) > hard


def write(path: Path, probabilities, ids=IDS, labels=LABELS, classes=CLASSES) -> Path:
    """Write predictions for the reviews `ids`, and return their path."""
    write_predictions(path, ids, labels, np.array(probabilities, "float32"), classes)
    return path


def predictions_of(correct: np.ndarray) -> Predictions:
    """Return predictions of each run that give these answers, (runs, reviews)."""
    labels = np.arange(correct.shape[1], dtype="int8") % 2
    ids = [f"test/{i:06}_1" for i in range(correct.shape[1])]
    return Predictions(ids, labels, np.where(correct == labels, 0.9, 0.1), CLASSES)


def measured_of(correct: np.ndarray, runs: Sequence[Run], **varies_like: str | None) -> dict[str, Measurements]:
    """Return the measurements of runs with these answers; each review is a group, all variants vary alike."""
    predictions = predictions_of(correct)
    return measure(predictions, predictions.ids, runs, {name: "lstm" for name, _, _ in runs} | varies_like)


def write_answers(folder: Path, correct: np.ndarray) -> tuple[list[Path], Path]:
    """Write the predictions of `predictions_of`, and the reviews: the paths of both."""
    read = predictions_of(correct)
    reviews = folder / "test.parquet"
    write_reviews(
        reviews, [Review(name, CLASSES[i], "", "text") for name, i in zip(read.ids, read.labels, strict=True)]
    )
    order = np.argsort(read.labels, kind="stable")
    ids = [read.ids[i] for i in order]
    paths = [
        write(folder / f"{i}.parquet", each[order], ids, read.labels[order])
        for i, each in enumerate(read.probabilities)
    ]
    return paths, reviews


def step_times(first, second, implementation="plain") -> pd.DataFrame:
    """Return a table of the step times of two variants, a and b, in this implementation."""
    rows = [
        (name, implementation, repetition, seconds)
        for name, times in (("a", first), ("b", second))
        for repetition, seconds in enumerate(times, start=1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def write_run(
    folder: Path,
    test_accuracy=0.86,
    settings=None,
    seconds=(24.0, 26.0),
    peak_memory_mb=900.4,
    metrics=None,
    **changes,
) -> tuple[Path, Path, Path]:
    """Write record, costs and evaluation of a run; a setting that is changed to "absent" is left out."""
    record = copy.deepcopy(TRAINING) | changes
    record["settings"] = {k: v for k, v in (record["settings"] | (settings or {})).items() if v != "absent"}
    folder = folder / record["variant"] / f"seed{record['seed']}"
    folder.mkdir(parents=True)
    paths = folder / "training.json", folder / "costs.csv", folder / "evaluation.json"
    paths[0].write_text(json.dumps(record))
    lines = [f"{epoch},{each},{peak_memory_mb - 10 * (epoch - 1)}" for epoch, each in enumerate(seconds, 1)]
    paths[1].write_text("\n".join(["epoch,seconds,peak_memory_mb", *lines]) + "\n")
    paths[2].write_text(json.dumps(EVALUATION | {"test_accuracy": test_accuracy} | (metrics or {})))
    return paths
