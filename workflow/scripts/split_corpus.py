"""Split the reviews into training, validation, test and unlabelled."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.split import split_corpus
from wordorder.io.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    corpus: Path,
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    layout: dict,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> None:
    """Write one Parquet file for each split."""
    sizes = split_corpus(
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
    print(", ".join(f"{split}: {size} reviews" for split, size in sizes.items()))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            corpus=Path(snakemake.input.corpus),
            train=Path(snakemake.output.train),
            validation=Path(snakemake.output.validation),
            test=Path(snakemake.output.test),
            unlabelled=Path(snakemake.output.unlabelled),
            layout=snakemake.params.layout,
            test_fraction=snakemake.params.test_fraction,
            validation_fraction=snakemake.params.validation_fraction,
            seed=snakemake.params.seed,
        )
