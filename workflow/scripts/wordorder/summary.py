"""The tables at the end of the pipeline."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wordorder.errors import InputError

TRAINING_KEYS = [
    "variant",
    "seed",
    "validation_accuracy",
    "validation_loss",
    "best_epoch",
    "parameters",
    "trainable_parameters",
    "seconds_per_epoch",
    "peak_memory_mb",
]
EVALUATION_KEYS = ["test_accuracy", "test_loss"]
FIRST_COLUMNS = ["variant", "seed", *EVALUATION_KEYS, *TRAINING_KEYS[2:]]


def read_runs(training: Sequence[Path], evaluation: Sequence[Path]) -> pd.DataFrame:
    """One row for each run, from its record and its evaluation (two files of one run at the same place of the lists).

    Nested records become columns: `settings.units`, `optimizer.epsilon`. A setting that a variant does not have is
    missing in its row. Raises InputError if a file is damaged.
    """
    table = pd.json_normalize(
        [
            read_record(record, TRAINING_KEYS) | read_record(test, EVALUATION_KEYS)
            for record, test in zip(training, evaluation, strict=True)
        ]
    )
    # Whole numbers stay such where one is missing; pandas would make them floats.
    for column in table.columns[table.isna().any()]:
        table[column] = table[column].convert_dtypes()
    rest = [column for column in table.columns if column not in FIRST_COLUMNS]
    groups = list(dict.fromkeys(column.split(".")[0] for column in rest))
    rest.sort(key=lambda column: groups.index(column.split(".")[0]))
    return table[FIRST_COLUMNS + rest]


def read_record(path: Path, keys: Sequence[str]) -> dict:
    """Read a JSON file that holds the keys. Raises InputError if it does not."""
    try:
        record = json.loads(Path(path).read_text("utf-8"))
        missing = [key for key in keys if key not in record]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
    return record


def summarize(runs: pd.DataFrame, chapter: dict[str, float | None]) -> pd.DataFrame:
    """One row for each variant, in the order of their first run; means over its seeds, and the highest peak memory.

    `test_accuracy_std` is the sample standard deviation over the seeds (empty for one seed), `chapter_accuracy` the
    book's figure for the variant where it gives one.
    """
    summary = (
        runs.groupby("variant", sort=False)
        .agg(
            test_accuracy=("test_accuracy", "mean"),
            test_accuracy_std=("test_accuracy", "std"),
            seeds=("seed", "count"),
            parameters=("parameters", "first"),
            trainable_parameters=("trainable_parameters", "first"),
            best_epoch=("best_epoch", "mean"),
            seconds_per_epoch=("seconds_per_epoch", "mean"),
            peak_memory_mb=("peak_memory_mb", "max"),
        )
        .reset_index()
    )
    summary.insert(4, "chapter_accuracy", summary["variant"].map(chapter).astype(float))
    digits = {"test_accuracy": 6, "test_accuracy_std": 6, "best_epoch": 1, "seconds_per_epoch": 2, "peak_memory_mb": 0}
    return summary.round(digits).astype({"peak_memory_mb": int})
