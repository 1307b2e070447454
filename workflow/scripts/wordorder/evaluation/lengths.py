"""Accuracy by length of the review."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wordorder.evaluation.predictions import Run


def accuracy_by_length(correct: np.ndarray, lengths: np.ndarray, runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row for each run and quarter of the reviews by length, in a table with the columns below.

    `correct` tells which answers are right, of shape (runs, reviews), and `lengths`, (reviews,), holds the number of
    tokens of each review. The columns: variant, seed, quartile (1: the shortest reviews), min_tokens and max_tokens of
    its reviews, their number, and the accuracy.

    Reviews of the same length are in the same quarter, so the quarters differ a little in size, and one may be empty;
    it then has no row.
    """
    quartiles = np.searchsorted(np.quantile(lengths, [0.25, 0.5, 0.75]), lengths) + 1
    groups = pd.DataFrame({"quartile": quartiles, "tokens": lengths}).groupby("quartile")["tokens"]
    sizes = groups.agg(min_tokens="min", max_tokens="max", reviews="count")
    rows = [
        (variant, seed, quartile, *size, answers[quartiles == quartile].mean())
        for (variant, _, seed), answers in zip(runs, correct, strict=True)
        for quartile, *size in sizes.itertuples()
    ]
    return pd.DataFrame(rows, columns=["variant", "seed", "quartile", *sizes, "accuracy"]).round({"accuracy": 6})
