"""Tabulate the accuracy against the number of training reviews, and where one variant overtakes another."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.intervals import measure
from wordorder.evaluation.learning_curve import tabulate
from wordorder.evaluation.predictions import Run, read_with_groups
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    predictions: list[Path],
    reviews: Path,
    curve: Path,
    crossings: Path,
    *,
    runs: list[Run],
    varies_like: dict[str, str | None],
) -> None:
    """Write both tables; `runs` are those of the predictions, `varies_like` is that of `Measurements`."""
    measured = measure(*read_with_groups(predictions, reviews), runs, varies_like)
    for path, table in zip((curve, crossings), tabulate(measured, runs), strict=True):
        with atomic_write(path) as part:
            table.to_csv(part, index=False)
        print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
