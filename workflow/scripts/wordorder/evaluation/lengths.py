"""Whether the models do better on short reviews than on long ones."""

import numpy as np
import pandas as pd


def accuracy_by_length(correct: np.ndarray, lengths: np.ndarray, runs: list[tuple[str, int]]) -> pd.DataFrame:
    """One row for each run and quarter of the reviews by length, in a table with the columns below.

    `correct` says which answers are right, of shape (runs, reviews), `lengths` holds the number of tokens of each
    review, `runs` the variant and the seed of each run. The columns: variant, seed, quartile (1: the shortest reviews),
    min_tokens and max_tokens of its reviews, their number, and the accuracy.

    Reviews of the same length are in the same quarter. So the quarters differ a little in size, and one may be empty;
    it then has no row.
    """
    quartiles = np.searchsorted(np.quantile(lengths, [0.25, 0.5, 0.75]), lengths) + 1
    groups = pd.DataFrame({"quartile": quartiles, "tokens": lengths}).groupby("quartile")["tokens"]
    sizes = groups.agg(min_tokens="min", max_tokens="max", reviews="count")
    rows = [
        (variant, seed, quartile, *size, answers[quartiles == quartile].mean())
        for (variant, seed), answers in zip(runs, correct, strict=True)
        for quartile, *size in sizes.itertuples()
    ]
    return pd.DataFrame(rows, columns=["variant", "seed", "quartile", *sizes, "accuracy"]).round({"accuracy": 6})
