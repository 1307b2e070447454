"""Tabulate what models make of reviews whose words are in another order, and of pairs that contrast."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.predictions import Run
from wordorder.evaluation.word_order import tabulate_contrasts, tabulate_word_order
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    right_answers: list[Path],
    contrasts: list[Path],
    reviews: Path,
    word_order: Path,
    contrast_table: Path,
    *,
    runs: list[Run],
    varies_like: dict[str, str | None],
) -> None:
    """Write one row for each variant and order, and one for each variant and kind of pairs; the files are of `runs`."""
    for path, table in (
        (word_order, tabulate_word_order(right_answers, reviews, runs, varies_like)),
        (contrast_table, tabulate_contrasts(contrasts, runs, varies_like)),
    ):
        with atomic_write(path) as part:
            table.to_csv(part, index=False)
        print(table.drop(columns="of_seeds", errors="ignore").to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
