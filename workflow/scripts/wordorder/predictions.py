"""The predictions of a run for the test reviews, on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.errors import InputError
from wordorder.files import replacing

SCHEMA = pa.schema([("id", pa.string()), ("label", pa.int8()), ("probability", pa.float32())])


def write_predictions(path: Path, ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Write a Parquet file: for each review its name, its label (0 or 1) and the probability that the label is 1."""
    table = pa.table([ids, labels, probabilities], SCHEMA)
    with replacing(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)


def read_predictions(path: Path) -> pa.Table:
    """Read what `write_predictions` wrote, columns id, label and probability. Raises InputError if it is damaged."""
    try:
        # Not by pq.read_table, which fills a column that is missing with nulls.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            rows = file.metadata.num_rows
        if not table.schema.equals(SCHEMA):
            raise ValueError(f"it holds {', '.join(f'{field.name} ({field.type})' for field in table.schema)}")
        if len(table) != rows or not rows:
            raise ValueError(f"it holds {len(table)} of {rows} reviews")
        table.validate(full=True)
        if any(column.null_count for column in table.columns):
            raise ValueError("a value is missing")
        if not np.isin(table["label"], [0, 1]).all():
            raise ValueError("a label is neither 0 nor 1")
        probabilities = table["probability"].to_numpy()
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("a probability is not between 0 and 1")
        return table
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error


def read_correct(paths: Sequence[Path]) -> tuple[list[str], np.ndarray]:
    """Read which answers of several runs are right: the names of the reviews, and booleans of shape (runs, reviews).

    As for the accuracy, the answer is 1 above a probability of 0.5. Raises InputError if a file is damaged, or does not
    hold the reviews of the first one in the same order.
    """
    first, correct = None, []
    for path in paths:
        table = read_predictions(path)
        if first is None:
            first = table
        if not table.select(["id", "label"]).equals(first.select(["id", "label"])):
            raise InputError(f"{path} is not of the same reviews as {paths[0]}. Delete both and run again.")
        correct.append((table["probability"].to_numpy() > 0.5) == (table["label"].to_numpy() == 1))
    return first["id"].to_pylist(), np.array(correct)
