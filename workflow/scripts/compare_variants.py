"""Compare each pair of variants by their predictions for the test reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.comparison import compare
from wordorder.evaluation.intervals import measure
from wordorder.evaluation.predictions import Run, read_with_groups
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    predictions: list[Path], reviews: Path, comparisons: Path, *, runs: list[Run], varies_like: dict[str, str | None]
) -> None:
    """Write one row for each pair; `runs` are those of the predictions, `varies_like` is that of `Measurements`."""
    read, groups = read_with_groups(predictions, reviews)
    table = compare(measure(read, groups, runs, varies_like), read.answers() == read.labels, runs)
    with atomic_write(comparisons) as part:
        table.to_csv(part, index=False)
    print(f"{len(read.ids)} reviews in {len(set(groups))} groups")
    print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
