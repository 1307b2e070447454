"""The evaluation of a model: how good its predictions for the test reviews are."""

import json
from pathlib import Path

from wordorder.evaluation.metrics import classification_metrics
from wordorder.evaluation.predictions import Predictions, write_predictions
from wordorder.io.atomic import atomic_write
from wordorder.probabilities import loss_and_accuracy


def evaluate(found: Predictions, evaluation: Path, predictions: Path) -> None:
    """Write loss, accuracy and other metrics, and the probabilities of each review.

    `found` are the predictions of one model: its probabilities are (reviews,) or (reviews, classes).
    """
    loss, accuracy = loss_and_accuracy(found.labels, found.probabilities)
    metrics = {"test_loss": loss, "test_accuracy": accuracy}
    metrics |= classification_metrics(found.labels, found.probabilities)
    write_predictions(predictions, found.ids, found.labels, found.probabilities, found.classes)
    with atomic_write(evaluation) as part:
        part.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(f"{len(found.ids)} test reviews: loss {loss:.4f}, accuracy {accuracy:.4f}")
