"""Parts of the training reviews, to see what more of them are good for."""

import numpy as np

from wordorder.encoded import EncodedReviews
from wordorder.errors import InputError


def subset(data: EncodedReviews, size: int, seed: int) -> np.ndarray:
    """Draw `size` reviews with the class proportions of `data`; returns their numbers in `data`, ascending.

    Of a class with k of the n reviews there are k * size / n, where that is not a whole number rounded half up for
    the positive reviews, and the negative ones are the rest. The subsets of one seed are nested: a smaller one is
    contained in a larger one. They are a function of labels, size and seed alone.

    Raises InputError if there are fewer than `size` reviews, or if none of a class would be among them.
    """
    classes = [np.flatnonzero(data.labels == label) for label in (0, 1)]
    total = sum(map(len, classes))
    if size > total:
        raise InputError(f"There are no {size} training reviews, only {total}. Lower learning_curve.sizes.")
    # In whole numbers: with one review more in the subset, one class has one more, so that the subsets can be nested.
    positive = (2 * size * len(classes[1]) + total) // (2 * total)
    counts = size - positive, positive
    if min(counts) < 1:
        raise InputError(
            f"Of {size} training reviews {counts[0]} would be negative and {counts[1]} positive. A model needs both: "
            "raise learning_curve.sizes."
        )
    rng = np.random.default_rng([seed, *b"subset"])
    # Each class is shuffled whole, so that no number drawn depends on the size.
    chosen = [rng.permutation(reviews)[:count] for reviews, count in zip(classes, counts, strict=True)]
    return np.sort(np.concatenate(chosen))
