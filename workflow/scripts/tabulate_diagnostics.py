"""Tabulate the calibration and the ROC curve of each variant."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.diagnostics import calibration_table, roc_table
from wordorder.evaluation.predictions import Run, read_several
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(predictions: list[Path], calibration: Path, roc: Path, *, runs: list[Run]) -> None:
    """Write both tables; `runs` are those of the predictions."""
    read = read_several(predictions)
    for path, tabulate in ((calibration, calibration_table), (roc, roc_table)):
        with atomic_write(path) as part:
            tabulate(read.labels, read.probabilities, runs).to_csv(part, index=False)


if __name__ == "__main__":
    run(main, snakemake)
