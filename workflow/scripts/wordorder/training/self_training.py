"""Learning from the predictions of trained models for reviews without a label.

A student is trained on the labelled reviews and on the unlabelled ones, whose soft labels are the probabilities that
its teachers give them: self-training with several teachers, and distillation (Hinton, Vinyals and Dean 2015,
"Distilling the Knowledge in a Neural Network", at a temperature of 1).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from wordorder.data.encoded import EncodedReviews, classes_of
from wordorder.io.errors import InputError, reading
from wordorder.io.tables import read_table, write_table


def soft_labels_schema(classes: Sequence[str]) -> pa.Schema:
    """Return the columns of a file of soft labels, with the names of the classes as metadata, "classes", a JSON list.

    `probabilities` are those of all classes; of two, that of the second alone.
    """
    numbers = pa.list_(pa.float32(), 1 if len(classes) == 2 else len(classes))
    return pa.schema([("id", pa.string()), ("probabilities", numbers)], {"classes": json.dumps(list(classes))})


def write_soft_labels(path: Path, ids: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]) -> None:
    """Write the id of each review and its probabilities, (reviews,) or (reviews, classes), as `predict` gives them."""
    rows = list(probabilities.reshape(len(ids), -1))
    write_table(path, pa.table([ids, rows], soft_labels_schema(classes)))


def read_soft_labels(path: Path, ids: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Read the probabilities of these reviews, float32. Raises InputError if the file is not of these, or damaged."""
    table = read_table(path, soft_labels_schema(classes))
    probabilities = np.array(table["probabilities"].to_pylist(), np.float32)
    with reading(path):
        if table["id"].to_pylist() != list(ids) or classes_of(table.schema) != list(classes):
            raise ValueError("it is of other reviews or classes")
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("a probability is not from 0 to 1")
    return probabilities[:, 0] if len(classes) == 2 else probabilities


def with_soft_labels(training: EncodedReviews, unlabelled: EncodedReviews, probabilities: np.ndarray) -> EncodedReviews:
    """Return the training reviews and after them the unlabelled ones, with these probabilities for their labels.

    With more than two classes the labels of all are probabilities, (reviews, classes). Raises InputError if there are
    no unlabelled reviews.
    """
    if not unlabelled.ids:
        raise InputError(
            "There are no unlabelled reviews for a student to learn from. Correct corpus.unlabelled in the config, or "
            "take the variants with teachers out of active_variants."
        )
    labels = training.labels if probabilities.ndim == 1 else np.eye(len(training.classes))[training.labels]
    soft = probabilities.astype(np.float32)
    return training._replace(labels=labels.astype(np.float32)).followed_by(unlabelled._replace(labels=soft))
