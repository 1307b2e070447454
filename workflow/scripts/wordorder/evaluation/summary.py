"""The tables at the end of the pipeline."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from wordorder.io.errors import InputError

TRAINING_KEYS = [
    "variant",
    "seed",
    "validation_accuracy",
    "validation_loss",
    "best_epoch",
    "parameters",
    "trainable_parameters",
]
METRICS = ["roc_auc", "f1", "brier_score", "expected_calibration_error"]
EVALUATION_KEYS = ["test_accuracy", "test_loss", *METRICS]
COSTS = ["training_seconds", "seconds_per_epoch", "peak_memory_mb"]
FIRST_COLUMNS = ["variant", "seed", *EVALUATION_KEYS, *TRAINING_KEYS[2:], *COSTS]


def read_runs(training: Sequence[Path], costs: Sequence[Path], evaluation: Sequence[Path]) -> pd.DataFrame:
    """One row for each run, from its record, costs and evaluation (the files of a run at the same place of the lists).

    Nested records become columns: `settings.units`, `optimizer.epsilon`. A setting that a variant does not have is
    missing in its row. Raises InputError if a file is damaged.
    """
    table = pd.json_normalize(
        [
            read_record(record, TRAINING_KEYS) | read_record(test, EVALUATION_KEYS) | read_costs(epochs)
            for record, epochs, test in zip(training, costs, evaluation, strict=True)
        ]
    )
    # Whole numbers stay such where one is missing; pandas would make them floats.
    for column in table.columns[table.isna().any()]:
        table[column] = table[column].convert_dtypes()
    rest = [column for column in table.columns if column not in FIRST_COLUMNS]
    groups = list(dict.fromkeys(column.split(".")[0] for column in rest))
    rest.sort(key=lambda column: groups.index(column.split(".")[0]))
    return table[FIRST_COLUMNS + rest]


def is_number(value: object) -> bool:
    """Whether a value from a JSON file is a number that a table can hold."""
    return (type(value) is int and abs(value) < 2**63) or (type(value) is float and math.isfinite(value))


def read_record(path: Path, keys: Sequence[str]) -> dict:
    """Read a JSON object that holds the keys, a name for the variant and numbers for the others.

    Raises InputError if it does not.
    """
    try:
        record = json.loads(Path(path).read_text("utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it is not a JSON object")
        missing = [key for key in keys if key not in record]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        wrong = [
            key for key in keys if not (isinstance(record[key], str) if key == "variant" else is_number(record[key]))
        ]
        if wrong:
            raise ValueError(f"a value of the wrong kind: {', '.join(wrong)}")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
    return record


def read_costs(path: Path) -> dict:
    """Read what the epochs of a training cost. Raises InputError if the file is damaged."""
    try:
        epochs = pd.read_csv(path, dtype=float)[["seconds", "peak_memory_mb"]]
        if epochs.empty or not np.isfinite(epochs).all(axis=None):
            raise ValueError("a number is missing")
        return {
            "training_seconds": float(epochs["seconds"].sum()),
            "seconds_per_epoch": float(epochs["seconds"].mean()),
            "peak_memory_mb": float(epochs["peak_memory_mb"].max()),
        }
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error


def summarize(runs: pd.DataFrame, chapter: dict[str, float | None]) -> pd.DataFrame:
    """One row for each variant, in the order of their first run; means over its seeds, and the highest peak memory.

    `test_accuracy_std` is the sample standard deviation over the seeds, `test_accuracy_low` and `test_accuracy_high`
    the 95 % t interval of their mean, of what training again with other seeds may give on the same reviews. They are
    empty for one seed. `chapter_accuracy` is the book's figure for the variant where it gives one.
    """
    summary = (
        runs.groupby("variant", sort=False)
        .agg(
            test_accuracy=("test_accuracy", "mean"),
            test_accuracy_std=("test_accuracy", "std"),
            seeds=("seed", "count"),
            **{name: (name, "mean") for name in METRICS},
            parameters=("parameters", "first"),
            trainable_parameters=("trainable_parameters", "first"),
            best_epoch=("best_epoch", "mean"),
            training_seconds=("training_seconds", "mean"),
            seconds_per_epoch=("seconds_per_epoch", "mean"),
            peak_memory_mb=("peak_memory_mb", "max"),
        )
        .reset_index()
    )
    # Not by t.interval, which gives no interval where all seeds have the same accuracy.
    margin = stats.t.ppf(0.975, summary["seeds"] - 1) * summary["test_accuracy_std"] / np.sqrt(summary["seeds"])
    summary.insert(3, "test_accuracy_low", summary["test_accuracy"] - margin)
    summary.insert(4, "test_accuracy_high", summary["test_accuracy"] + margin)
    summary.insert(6, "chapter_accuracy", summary["variant"].map(chapter).astype(float))
    digits = {column: 6 for column in summary if column.startswith("test_accuracy")} | dict.fromkeys(METRICS, 6)
    digits |= {"best_epoch": 1, "training_seconds": 1, "seconds_per_epoch": 2, "peak_memory_mb": 0}
    return summary.round(digits).astype({"peak_memory_mb": int})
