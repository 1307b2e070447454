"""The tables at the end of the pipeline."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def read_runs(training: Sequence[Path], evaluation: Sequence[Path]) -> pd.DataFrame:
    """One row for each run, from its record and its evaluation (two files of one run at the same place of the lists).

    Nested records become columns: `settings.units`, `optimizer.epsilon`.
    """
    records = [
        json.loads(Path(record).read_text("utf-8")) | json.loads(Path(test).read_text("utf-8"))
        for record, test in zip(training, evaluation, strict=True)
    ]
    table = pd.json_normalize(records)
    first = ["variant", "seed", "test_accuracy", "test_loss", "validation_accuracy", "validation_loss", "best_epoch"]
    return table[first + [column for column in table.columns if column not in first]]


def summarize(runs: pd.DataFrame, chapter: dict[str, float | None]) -> pd.DataFrame:
    """One row for each variant, in the order of their first run; means over its seeds.

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
            peak_memory_mb=("peak_memory_mb", "mean"),
        )
        .reset_index()
    )
    summary.insert(4, "chapter_accuracy", summary["variant"].map(chapter).astype(float))
    return summary.round({"test_accuracy": 6, "test_accuracy_std": 6, "seconds_per_epoch": 2, "peak_memory_mb": 0})
