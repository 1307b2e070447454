"""The predictions of a run for the test reviews, on disk."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.data.encoded import classes_of
from wordorder.io.errors import InputError
from wordorder.io.tables import read_table, write_table


def predictions_schema(classes: Sequence[str]) -> pa.Schema:
    """The columns of a file of predictions, with the names of the classes as metadata, "classes", a JSON list.

    The columns are id, label (the name of the class) and `probability`, that of the second class. With more than two
    classes there are a `probability_<class>` for each instead.
    """
    names = ["probability"] if len(classes) == 2 else [f"probability_{name}" for name in classes]
    columns = [("id", pa.string()), ("label", pa.string()), *((name, pa.float32()) for name in names)]
    return pa.schema(columns, {"classes": json.dumps(list(classes))})


def write_predictions(
    path: Path, ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> None:
    """Write a Parquet file of the columns of `predictions_schema`, a row for each review.

    `labels` number the classes; `probabilities` are (reviews,), of the second of two classes, or (reviews, classes).
    """
    columns = [probabilities] if probabilities.ndim == 1 else list(probabilities.T)
    write_table(path, pa.table([ids, [classes[i] for i in labels], *columns], predictions_schema(classes)))


def read_predictions(path: Path) -> pa.Table:
    """Read what `write_predictions` wrote. Raises InputError if it is damaged."""
    try:
        classes = classes_of(pq.read_schema(path))
    except (pa.ArrowException, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
    table = read_table(path, predictions_schema(classes))
    probabilities = [column.to_numpy() for column in table.columns[2:]]
    # Each class has reviews in each split.
    possible = len(classes) > 1 and sorted(set(table["label"].to_pylist())) == classes
    if not possible or not all(((each >= 0) & (each <= 1)).all() for each in probabilities):
        raise InputError(
            f"{path} is damaged (there must be reviews of each class, with probabilities from 0 to 1). "
            "Delete it and run again."
        )
    return table


class Predictions(NamedTuple):
    """What several runs say of the same reviews.

    `ids` are the names of the reviews, `labels` (reviews,) number the `classes`. `probabilities` are (runs, reviews),
    of the second of two classes, or (runs, reviews, classes).
    """

    ids: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    classes: list[str]

    def answers(self) -> np.ndarray:
        """The classes that the runs take the reviews for, (runs, reviews): of two the second above 0.5."""
        return answers_of(self.probabilities, len(self.classes))


def answers_of(probabilities: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of the most probable class; of two, whose second the probabilities are of, it above 0.5."""
    return (probabilities > 0.5).astype(int) if classes == 2 else probabilities.argmax(axis=-1)


def read_several(paths: Sequence[Path]) -> Predictions:
    """Read the predictions of several runs.

    Raises InputError if a file is damaged, or does not hold the reviews of the first one in the same order.
    """
    first, probabilities = None, []
    for path in paths:
        table = read_predictions(path)
        if first is None:
            first = table
        if not table.select(["id", "label"]).equals(first.select(["id", "label"])):
            raise InputError(f"{path} is not of the same reviews as {paths[0]}. Delete both and run again.")
        columns = [column.to_numpy() for column in table.columns[2:]]
        probabilities.append(columns[0] if len(columns) == 1 else np.stack(columns, axis=-1))
    classes = classes_of(first.schema)
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[name] for name in first["label"].to_pylist()])
    return Predictions(first["id"].to_pylist(), labels, np.array(probabilities), classes)


def read_correct(paths: Sequence[Path]) -> tuple[list[str], np.ndarray]:
    """Read which answers of several runs are right: the names of the reviews, and booleans of shape (runs, reviews).

    Raises InputError as `read_several` does.
    """
    predictions = read_several(paths)
    return predictions.ids, predictions.answers() == predictions.labels
