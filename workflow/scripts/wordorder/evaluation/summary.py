"""The tables at the end of the pipeline: one row for each run, and one for each variant."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from wordorder.evaluation.intervals import Measurements
from wordorder.evaluation.metrics import METRICS
from wordorder.evaluation.predictions import Run
from wordorder.io.errors import InputError, reading

TRAINING_KEYS = [
    "variant",
    "seed",
    "validation_accuracy",
    "validation_loss",
    "best_epoch",
    "parameters",
    "trainable_parameters",
]
EVALUATION_KEYS = ["test_accuracy", "test_loss", *METRICS]


class Cost(NamedTuple):
    """What a training costs: a column of costs.csv, how epochs and then seeds are summed up, and digits to round to."""

    measured: str
    over_epochs: str
    over_seeds: str
    digits: int


COSTS = {
    # Of the seeds the one in the middle: something else may have run on the machine during another.
    "training_seconds": Cost("seconds", "sum", "median", 1),
    "seconds_per_epoch": Cost("seconds", "mean", "median", 2),
    "peak_memory_mb": Cost("peak_memory_mb", "max", "max", 0),
}
FIRST_COLUMNS = ["variant", "seed", *EVALUATION_KEYS, *TRAINING_KEYS[2:], *COSTS]


def read_runs(
    training: Sequence[Path], costs: Sequence[Path], evaluation: Sequence[Path], ensembles: Sequence[Run]
) -> pd.DataFrame:
    """Return one row for each run, from its record, costs and evaluation (files at the same place of the lists).

    After the trainings there are the evaluations of `ensembles`, in whose rows everything else is missing.

    Nested records become columns: `settings.units`, `optimizer.epsilon`. A setting that a variant does not have is
    missing in its row. Raises InputError if a file is damaged.
    """
    trained = [
        read_record(record, TRAINING_KEYS) | read_costs(epochs) for record, epochs in zip(training, costs, strict=True)
    ]
    trained += [{"variant": name, "seed": seed} for name, _, seed in ensembles]
    tested = [read_record(path, EVALUATION_KEYS) for path in evaluation]
    table = pd.json_normalize([run | test for run, test in zip(trained, tested, strict=True)])
    # Whole numbers stay such where one is missing; pandas would make them floats.
    for column in table.columns[table.isna().any()]:
        table[column] = table[column].convert_dtypes()
    rest = [column for column in table.columns if column not in FIRST_COLUMNS]
    groups = list(dict.fromkeys(column.split(".")[0] for column in rest))
    rest.sort(key=lambda column: groups.index(column.split(".")[0]))
    return table[FIRST_COLUMNS + rest]


def is_number(value: object) -> bool:
    """Return whether a value from a JSON file is a number that a table can hold."""
    return (type(value) is int and abs(value) < 2**63) or (type(value) is float and math.isfinite(value))


def read_record(path: Path, keys: Sequence[str]) -> dict[str, Any]:
    """Read a JSON object that holds the keys, a name for the variant and numbers for the others.

    Raises InputError if it does not.
    """
    with reading(path):
        record = json.loads(path.read_text("utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it is not a JSON object")
        if missing := [key for key in keys if key not in record]:
            # No damage: a metric, say, has been added since.
            raise InputError(
                f"{path} has no {', '.join(missing)}; it is from another version of the code. Delete it and run again."
            )
        wrong = [
            key for key in keys if not (isinstance(record[key], str) if key == "variant" else is_number(record[key]))
        ]
        if wrong:
            raise ValueError(f"a value of the wrong kind: {', '.join(wrong)}")
        return record


def read_costs(path: Path) -> dict[str, float]:
    """Read what a training cost, over all epochs. Raises InputError if the file is damaged."""
    with reading(path):
        epochs = pd.read_csv(path, dtype=float)[list({cost.measured: None for cost in COSTS.values()})]
        if epochs.empty or not np.isfinite(epochs).all(axis=None):
            raise ValueError("a number is missing")
        return {name: float(epochs[cost.measured].agg(cost.over_epochs)) for name, cost in COSTS.items()}


def summarize(
    runs: pd.DataFrame, chapter: Mapping[str, float | None], measured: Mapping[str, Measurements]
) -> pd.DataFrame:
    """Return one row for each variant, in the order of their first run: means over its seeds.

    `test_accuracy_std` is the sample standard deviation over the seeds, empty for one; `test_accuracy_low` and
    `test_accuracy_high`, `roc_auc_low` and `roc_auc_high` are the 95 % intervals of the means over other seeds and
    other reviews, from `measured`, which is what `intervals.measure` gave. `chapter_accuracy` is the book's figure for
    the variant where it gives one. Costs are summed up as `COSTS` has it; those of ensembles are missing.
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
            **{name: (name, cost.over_seeds) for name, cost in COSTS.items()},
        )
        .reset_index()
    )
    for place, column, metric in ((3, "test_accuracy", "accuracy"), (7, "roc_auc", "roc_auc")):
        ends = np.array([measured[metric].estimate({name: 1}).interval() for name in summary["variant"]])
        for offset, end in enumerate(("low", "high")):
            summary.insert(place + offset, f"{column}_{end}", ends[:, offset])
    summary.insert(6, "chapter_accuracy", summary["variant"].map(chapter).astype(float))
    digits = {column: 6 for column in summary if column.startswith(("test_accuracy", *METRICS))}
    digits |= {"best_epoch": 1} | {name: cost.digits for name, cost in COSTS.items()}
    return summary.round(digits).astype({name: "Int64" for name, cost in COSTS.items() if cost.digits == 0})
