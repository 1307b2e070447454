"""The predictions of runs for the test reviews, on disk."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.data.encoded import classes_of
from wordorder.data.reviews import read_groups
from wordorder.io.errors import InputError, reading
from wordorder.io.tables import read_table, write_table

# A training: variant, number of training reviews or "all" of them, and seed.
Run = tuple[str, int | str, int]


def predictions_schema(classes: Sequence[str]) -> pa.Schema:
    """Return the columns of a file of predictions, with the names of the classes as metadata, "classes", a JSON list.

    The columns are id, label (the name of the class) and `probability`, that of the second class. With more than two
    classes there is a `probability_<class>` for each instead.
    """
    names = ["probability"] if len(classes) == 2 else [f"probability_{name}" for name in classes]
    columns = [("id", pa.string()), ("label", pa.string()), *((name, pa.float32()) for name in names)]
    return pa.schema(columns, {"classes": json.dumps(list(classes))})


def write_predictions(
    path: Path, ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> None:
    """Write a Parquet file of the columns of `predictions_schema`, a row for each review.

    `labels` are indices into the classes; `probabilities` are (reviews,), of the second of two classes, or (reviews,
    classes).
    """
    columns = [probabilities] if probabilities.ndim == 1 else list(probabilities.T)
    write_table(path, pa.table([ids, [classes[i] for i in labels], *columns], predictions_schema(classes)))


def read_predictions(path: Path) -> pa.Table:
    """Read what `write_predictions` wrote. Raises InputError if it is damaged."""
    with reading(path, pa.ArrowException):
        classes = classes_of(pq.read_schema(path))
        table = read_table(path, predictions_schema(classes))
        # Each class has reviews in each split.
        possible = len(classes) > 1 and sorted(set(table["label"].to_pylist())) == classes
        columns = [column.to_numpy() for column in table.columns[2:]]
        if not possible or not all(((each >= 0) & (each <= 1)).all() for each in columns):
            raise ValueError("there must be reviews of each class, with probabilities from 0 to 1")
        return table


class Predictions(NamedTuple):
    """The predictions of several runs for the same reviews.

    `ids` are the names of the reviews, `labels`, (reviews,), are indices into the `classes`. `probabilities` are (runs,
    reviews), of the second of two classes, or (runs, reviews, classes).
    """

    ids: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    classes: list[str]

    def answers(self) -> np.ndarray:
        """Return the predicted classes, (runs, reviews), as `answers_of` finds them."""
        return answers_of(self.probabilities, len(self.classes))


def answers_of(probabilities: np.ndarray, classes: int) -> np.ndarray:
    """Return the index of the most probable class; of two classes, the probabilities are of the second."""
    return (probabilities > 0.5).astype(int) if classes == 2 else probabilities.argmax(axis=-1)


def read_several(paths: Sequence[Path]) -> Predictions:
    """Read the predictions of several runs.

    Raises InputError if a file is damaged, or does not hold the reviews of the first one in the same order.
    """
    tables, probabilities = [read_predictions(path) for path in paths], []
    first = tables[0]
    for path, table in zip(paths, tables, strict=True):
        if not table.select(["id", "label"]).equals(first.select(["id", "label"])):
            raise InputError(f"{path} is not of the same reviews as {paths[0]}. Delete both and run again.")
        columns = [column.to_numpy() for column in table.columns[2:]]
        probabilities.append(columns[0] if len(columns) == 1 else np.stack(columns, axis=-1))
    classes = classes_of(first.schema)
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[name] for name in first["label"].to_pylist()])
    return Predictions(first["id"].to_pylist(), labels, np.array(probabilities), classes)


def read_correct(paths: Sequence[Path]) -> tuple[list[str], np.ndarray]:
    """Return the names of the reviews, and which answers of several runs are right, booleans of shape (runs, reviews).

    Raises InputError as `read_several` does.
    """
    predictions = read_several(paths)
    return predictions.ids, predictions.answers() == predictions.labels


def read_with_groups(paths: Sequence[Path], reviews: Path) -> tuple[Predictions, list[str]]:
    """Read the predictions of several runs, and which of the test reviews belong together; `reviews` is their file.

    Raises InputError as `read_several` does, and if the predictions are of other reviews.
    """
    predictions, groups = read_several(paths), read_groups(reviews)
    if list(groups) != predictions.ids:
        raise InputError(f"{paths[0]} is not of the reviews in {reviews}. Delete it and run again.")
    return predictions, list(groups.values())
