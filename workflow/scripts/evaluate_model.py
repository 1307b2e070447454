"""Evaluate one trained model on the test reviews."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.training.checkpoint import remove
from wordorder.data.encoded import read_encoded
from wordorder.io.atomic import atomic_write
from wordorder.io.log import logged, start_backend
from wordorder.evaluation.predictions import write_predictions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    model: Path,
    test: Path,
    evaluation: Path,
    predictions: Path,
    *,
    backup_folder: Path,
    sequence_length: int | None,
    backend: str,
    threads: int,
) -> None:
    """Write loss, accuracy and other metrics, and the probabilities of each review; delete the training's backup."""
    # Not earlier: that this job runs shows that Snakemake has taken note of the products of the training.
    remove(backup_folder)
    start_backend(backend, threads)
    from wordorder.evaluation.metrics import classification_metrics
    from wordorder.training.loop import load_model, loss_and_accuracy, predict

    reviews = read_encoded(test)
    probabilities = predict(load_model(model), reviews, sequence_length)
    loss, accuracy = loss_and_accuracy(reviews.labels, probabilities)
    metrics = {"test_loss": loss, "test_accuracy": accuracy}
    metrics |= classification_metrics(reviews.labels, probabilities)
    write_predictions(predictions, reviews.ids, reviews.labels, probabilities, reviews.classes)
    with atomic_write(evaluation) as part:
        part.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(f"{len(reviews.ids)} test reviews: loss {loss:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            model=Path(snakemake.input.model),
            test=Path(snakemake.input.test),
            evaluation=Path(snakemake.output.evaluation),
            predictions=Path(snakemake.output.predictions),
            backup_folder=Path(snakemake.params.backup),
            sequence_length=snakemake.params.sequence_length,
            backend=snakemake.params.backend,
            threads=snakemake.threads,
        )
