"""Split the reviews into training, validation, test and unlabelled."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordorder.data.split import split_corpus
from wordorder.entry import run

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    corpus: list[Path],
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    sizes: Path,
    *,
    splits: list[str],
    layout: dict[str, Any],
    min_texts_per_class: int,
    keep_copies_together: bool,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> None:
    """Write one Parquet file for each split, and a table of what is in them."""
    split_corpus(
        corpus,
        train,
        validation,
        test,
        unlabelled,
        sizes,
        splits=splits,
        layout=layout,
        min_texts_per_class=min_texts_per_class,
        keep_copies_together=keep_copies_together,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )


if __name__ == "__main__":
    run(main, snakemake)
