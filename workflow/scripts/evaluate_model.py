"""Evaluate one trained model on the test reviews."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from wordorder import paths
from wordorder.data.encoded import read_encoded
from wordorder.entry import run
from wordorder.evaluation.predictions import write_predictions
from wordorder.io.atomic import atomic_write
from wordorder.training.backend import start_backend
from wordorder.training.checkpoint import remove

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(model: Path, test: Path, evaluation: Path, predictions: Path, *, backend: str, threads: int) -> None:
    """Write loss, accuracy and other metrics, and the probabilities of each review; delete the checkpoints."""
    # Not earlier: that this job runs shows that Snakemake has noted the products of the training.
    remove(paths.checkpoints(model))
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.evaluation.metrics import classification_metrics
    from wordorder.inference import load_model, loss_and_accuracy, predict

    reviews = read_encoded(test)
    probabilities = predict(load_model(model), reviews)
    loss, accuracy = loss_and_accuracy(reviews.labels, probabilities)
    metrics = {"test_loss": loss, "test_accuracy": accuracy}
    metrics |= classification_metrics(reviews.labels, probabilities)
    write_predictions(predictions, reviews.ids, reviews.labels, probabilities, reviews.classes)
    with atomic_write(evaluation) as part:
        part.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(f"{len(reviews.ids)} test reviews: loss {loss:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    run(main, snakemake)
