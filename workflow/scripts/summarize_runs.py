"""Gather the records of all runs into one table of runs and one of variants."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.intervals import measure
from wordorder.evaluation.predictions import Run, read_with_groups
from wordorder.evaluation.summary import read_runs, summarize
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    training: list[Path],
    costs: list[Path],
    evaluation: list[Path],
    predictions: list[Path],
    reviews: Path,
    runs: Path,
    summary: Path,
    *,
    chapter: dict[str, float | None],
    ensembles: list[Run],
    varies_like: dict[str, str | None],
) -> None:
    """Write one row for each run, and one for each variant over its seeds; `varies_like` is that of `Measurements`.

    The last files of evaluations and predictions are those of the `ensembles`.
    """
    table = read_runs(training, costs, evaluation, ensembles)
    of_all = [(variant, "all", seed) for variant, seed in zip(table["variant"], table["seed"], strict=True)]
    measured = measure(*read_with_groups(predictions, reviews), of_all, varies_like)
    with atomic_write(runs) as part:
        table.to_csv(part, index=False)
    means = summarize(table, chapter, measured)
    with atomic_write(summary) as part:
        means.to_csv(part, index=False)
    # A column for each variant: there are more figures than fit on a line.
    print(means.T.to_string(header=False))


if __name__ == "__main__":
    run(main, snakemake)
