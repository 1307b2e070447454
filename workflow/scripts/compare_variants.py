"""Compare each pair of variants by their predictions for the test reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.comparison import compare
from wordorder.evaluation.predictions import Run, read_correct
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    predictions: list[Path],
    comparisons: Path,
    *,
    runs: list[Run],
    resamples: int,
    seed: int,
) -> None:
    """Write one row for each pair; `runs` are those of the predictions."""
    _, correct = read_correct(predictions)
    table = compare(correct, runs, resamples=resamples, seed=seed)
    with atomic_write(comparisons) as part:
        table.to_csv(part, index=False)
    print(f"{resamples} resamples of {correct.shape[1]} reviews and of the seeds")
    print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
