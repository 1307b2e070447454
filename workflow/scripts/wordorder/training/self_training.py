"""Learning from what trained models say of reviews without a label.

A pupil is trained on the labelled reviews and on the unlabelled ones, of which its teachers tell how probable either
class is: self-training with several teachers, and distillation (Hinton, Vinyals and Dean 2015, "Distilling the
Knowledge in a Neural Network", at a temperature of 1).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError
from wordorder.io.tables import read_table, write_table

SCHEMA = pa.schema([("id", pa.string()), ("probability", pa.float32())])
# A probability of 1 has an infinite logit.
CLIP = 1e-6


def write_soft_labels(path: Path, ids: Sequence[str], probabilities: np.ndarray) -> None:
    """Write for each review its name and the probability that it is positive."""
    write_table(path, pa.table([ids, probabilities], SCHEMA))


def read_soft_labels(path: Path, ids: Sequence[str]) -> np.ndarray:
    """Read the probabilities of the reviews of these names, float32. Raises InputError if the file is not of these."""
    table = read_table(path, SCHEMA)
    probabilities = table["probability"].to_numpy()
    if table["id"].to_pylist() != list(ids) or not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise InputError(
            f"{path} does not hold a probability for each of the unlabelled reviews. Delete it and run again."
        )
    return probabilities


def mean_opinion(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """The probabilities of several teachers as one, by the mean of their logits: (teachers, reviews) to (reviews,)."""
    logits = logit(np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP))
    return expit(logits.mean(axis=0)).astype(np.float32)


def with_soft_labels(training: EncodedReviews, unlabelled: EncodedReviews, probabilities: np.ndarray) -> EncodedReviews:
    """Return the training reviews and after them the unlabelled ones with these probabilities for their labels.

    Raises InputError if there are more than two classes.
    """
    if len(training.classes) > 2:
        raise InputError("A variant with teachers is for two classes. Take it out of active_variants in the config.")
    return EncodedReviews(
        [*training.ids, *unlabelled.ids],
        np.concatenate([training.labels, probabilities]).astype(np.float32),
        np.concatenate([training.tokens, unlabelled.tokens]),
        np.concatenate([training.offsets, training.offsets[-1] + unlabelled.offsets[1:]]),
        training.classes,
    )
