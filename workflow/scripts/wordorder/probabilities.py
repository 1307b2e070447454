"""What is computed with probabilities: logits and their means, the loss, the accuracy."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit, softmax

# Nearer to 0 or 1 than this, a probability would weigh more than all others together.
CLIP = 1e-6


def clipped(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities, in float64, at a distance of at least `CLIP` from 0 and 1."""
    return np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP)


def mean_of_logits(probabilities: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Return the mean of the logits of several models, as probabilities, float32.

    With two classes (models, reviews) becomes (reviews,), with more (models, reviews, classes) becomes (reviews,
    classes).
    """
    away = clipped(np.array(probabilities))
    if away.ndim == 2:
        return expit(logit(away).mean(axis=0)).astype(np.float32)
    return softmax(np.log(away).mean(axis=0), axis=-1).astype(np.float32)


def loss_and_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Return the cross-entropy as Keras computes it (probabilities clipped to 1e-7), and the share of right answers.

    The labels, (reviews,), are indices of classes or, of two classes, probabilities of the second; or probabilities of
    all, (reviews, classes). The probabilities are those that `predict` gives.
    """
    # Clipped in float32, where 1 - 1e-7 is 1 - 1.2e-7.
    clipped = np.clip(probabilities, np.float32(1e-7), np.float32(1 - 1e-7)).astype(np.float64)
    if probabilities.ndim == 1:
        loss = -np.mean(labels * np.log(clipped) + (1 - labels) * np.log1p(-clipped))
        return float(loss), float(np.mean((probabilities > 0.5) == (labels > 0.5)))
    if labels.ndim == 2:
        loss = -np.mean(np.sum(labels * np.log(clipped), axis=1))
        return float(loss), float(np.mean(probabilities.argmax(axis=1) == labels.argmax(axis=1)))
    loss = -np.mean(np.log(clipped[np.arange(len(labels)), labels]))
    return float(loss), float(np.mean(probabilities.argmax(axis=1) == labels))
