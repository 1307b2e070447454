"""Split the reviews into training, validation, test and unlabelled."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordorder.data.split import split_corpus
from wordorder.entry import run

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    corpus: Path,
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    *,
    layout: dict[str, Any],
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> None:
    """Write one Parquet file for each split."""
    split_corpus(
        corpus,
        train,
        validation,
        test,
        unlabelled,
        layout=layout,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )


if __name__ == "__main__":
    run(main, snakemake)
