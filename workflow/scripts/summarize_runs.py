"""Gather the records of all runs into one table of runs and one of variants."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.summary import read_runs, summarize
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    training: list[Path],
    costs: list[Path],
    evaluation: list[Path],
    runs: Path,
    summary: Path,
    *,
    chapter: dict[str, float | None],
) -> None:
    """Write one row for each run, and one for each variant over its seeds."""
    table = read_runs(training, costs, evaluation)
    with atomic_write(runs) as part:
        table.to_csv(part, index=False)
    means = summarize(table, chapter)
    with atomic_write(summary) as part:
        means.to_csv(part, index=False)
    # A column for each variant: there are more figures than fit on a line.
    print(means.T.to_string(header=False))


if __name__ == "__main__":
    run(main, snakemake)
