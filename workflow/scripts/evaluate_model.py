"""Evaluate one trained model on the test reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder import paths
from wordorder.data.encoded import read_encoded
from wordorder.entry import run
from wordorder.evaluation.predictions import Predictions
from wordorder.training.backend import start_backend
from wordorder.training.checkpoint import remove

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(model: Path, test: Path, evaluation: Path, predictions: Path, *, backend: str, threads: int) -> None:
    """Write what `evaluate` does; delete the checkpoints."""
    # Not earlier: that this job runs shows that Snakemake has noted the products of the training.
    remove(paths.checkpoints(model))
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.evaluation.evaluate import evaluate
    from wordorder.inference import load_model, predict

    reviews = read_encoded(test)
    probabilities = predict(load_model(model), reviews)
    evaluate(Predictions(reviews.ids, reviews.labels, probabilities, reviews.classes), evaluation, predictions)


if __name__ == "__main__":
    run(main, snakemake)
