"""The predictions of a run for the test reviews, on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from wordorder.errors import InputError
from wordorder.parquet import read_table, write_table

SCHEMA = pa.schema([("id", pa.string()), ("label", pa.int8()), ("probability", pa.float32())])


def write_predictions(path: Path, ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Write a Parquet file: for each review its name, its label (0 or 1) and the probability that the label is 1."""
    write_table(path, pa.table([ids, labels, probabilities], SCHEMA))


def read_predictions(path: Path) -> pa.Table:
    """Read what `write_predictions` wrote, columns id, label and probability. Raises InputError if it is damaged."""
    table = read_table(path, SCHEMA)
    labels, probabilities = table["label"].to_numpy(), table["probability"].to_numpy()
    possible = np.isin(labels, [0, 1]) & (probabilities >= 0) & (probabilities <= 1)
    if not len(table) or not possible.all():
        raise InputError(
            f"{path} is damaged (there must be reviews, with labels 0 or 1 and probabilities from 0 to 1). "
            "Delete it and run again."
        )
    return table


def read_probabilities(paths: Sequence[Path]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read the predictions of several runs: names and labels of the reviews, and probabilities (runs, reviews).

    Raises InputError if a file is damaged, or does not hold the reviews of the first one in the same order.
    """
    first, probabilities = None, []
    for path in paths:
        table = read_predictions(path)
        if first is None:
            first = table
        if not table.select(["id", "label"]).equals(first.select(["id", "label"])):
            raise InputError(f"{path} is not of the same reviews as {paths[0]}. Delete both and run again.")
        probabilities.append(table["probability"].to_numpy())
    return first["id"].to_pylist(), first["label"].to_numpy(), np.array(probabilities)


def read_correct(paths: Sequence[Path]) -> tuple[list[str], np.ndarray]:
    """Read which answers of several runs are right: the names of the reviews, and booleans of shape (runs, reviews).

    As for the accuracy, the answer is 1 above a probability of 0.5. Raises InputError as `read_probabilities` does.
    """
    ids, labels, probabilities = read_probabilities(paths)
    return ids, (probabilities > 0.5) == (labels == 1)
