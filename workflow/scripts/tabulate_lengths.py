"""Break the accuracy of each run down by the length of the reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.encoded import read_encoded
from wordorder.entry import run
from wordorder.evaluation.lengths import accuracy_by_length
from wordorder.evaluation.predictions import Run, read_correct
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(predictions: list[Path], test: Path, accuracies: Path, *, runs: list[Run]) -> None:
    """Write one row for each run and quarter; `runs` are those of the predictions."""
    ids, correct = read_correct(predictions)
    reviews = read_encoded(test)
    if reviews.ids != ids:
        raise InputError(f"{predictions[0]} is not of the reviews in {test}. Delete both and run again.")
    table = accuracy_by_length(correct, reviews.lengths(None), runs)
    with atomic_write(accuracies) as part:
        table.to_csv(part, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
