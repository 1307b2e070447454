"""Probabilities as logits."""

import numpy as np
from scipy.special import logit

# A probability of 0 or 1 has an infinite logit.
CLIP = 1e-6


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of the odds, in float64; probabilities nearer to 0 or 1 than `CLIP` are moved there."""
    return logit(np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP))
