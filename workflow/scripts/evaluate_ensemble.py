"""Evaluate several trained models together on the test reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.evaluate import evaluate
from wordorder.evaluation.predictions import read_several
from wordorder.probabilities import mean_of_logits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(members: list[Path], evaluation: Path, predictions: Path) -> None:
    """Write what `evaluate` does, for the mean of the logits of the `members`, which are files of predictions."""
    read = read_several(members)
    evaluate(read._replace(probabilities=mean_of_logits(read.probabilities)), evaluation, predictions)


if __name__ == "__main__":
    run(main, snakemake)
