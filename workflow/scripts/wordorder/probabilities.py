"""Probabilities that have logarithms and logits."""

import numpy as np

# Nearer to 0 or 1 than this, a probability would weigh more than all others together.
CLIP = 1e-6


def clipped(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities, in float64, at a distance of at least `CLIP` from 0 and 1."""
    return np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP)
