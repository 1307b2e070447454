"""Parts of the training reviews, for the learning curve, and validation reviews of groups that are not among them."""

from collections.abc import Mapping

import numpy as np

from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError


def subsets(
    train: EncodedReviews, validation: EncodedReviews, size: int, seed: int, fewest: int
) -> tuple[EncodedReviews, EncodedReviews]:
    """Draw `size` training reviews, and as large a part of the validation reviews, as `subset` does.

    It has `fewest` reviews at least, if there are as many: fewer cannot tell which epoch is the best, and what a curve
    would show is the luck of the choice.
    """
    held_out = max(min(fewest, len(validation.ids)), round(size * len(validation.ids) / len(train.ids)))
    return (
        train.take(subset(train, size, seed)),
        validation.take(subset(validation, held_out, seed, f"validation reviews, for {size} training reviews,")),
    )


def subset(data: EncodedReviews, size: int, seed: int, drawn: str = "training reviews") -> np.ndarray:
    """Draw `size` reviews with the class proportions of `data`; return their indices in `data`, ascending.

    How many there are of each class is found by the method of Webster (1832), as seats of a parliament are: a class
    with k of the n reviews gets k * size / n, rounded so that the numbers add up, and so that none falls as `size`
    grows. With two classes that is the nearest whole number, a half rounded up for the second. The subsets of one seed
    are nested: a smaller one is contained in a larger one. They are a function of labels, size and seed alone.

    Raises InputError, in which the reviews are called `drawn`, if there are fewer than `size`, or if a class would have
    none among them.
    """
    classes = [np.flatnonzero(data.labels == label) for label in range(len(data.classes))]
    total = sum(map(len, classes))
    if size > total:
        raise InputError(f"There are no {size} {drawn}, only {total}. Lower learning_curve.sizes.")
    # The j-th review of a class of k comes at (2 j - 1) / k; of those at the same place that of the last class first.
    label = np.repeat(np.arange(len(classes)), list(map(len, classes)))
    place = np.concatenate([np.empty(0), *((2 * np.arange(len(each)) + 1) / max(1, len(each)) for each in classes)])
    first = np.lexsort((-label, place))[:size]
    counts = np.bincount(label[first], minlength=len(classes))
    if counts.min() < 1:
        lacking = ", ".join(name for name, count in zip(data.classes, counts, strict=True) if not count)
        raise InputError(
            f"Of {size} {drawn} none would be of the class {lacking}. A model needs all: raise learning_curve.sizes."
        )
    rng = np.random.default_rng([seed, *b"subset"])
    # Each class is shuffled whole, so that the random numbers do not depend on the size.
    chosen = [rng.permutation(reviews)[:count] for reviews, count in zip(classes, counts, strict=True)]
    return np.sort(np.concatenate(chosen))


def split_by_group(
    train: EncodedReviews, validation: EncodedReviews, groups: Mapping[str, str], seed: int
) -> tuple[EncodedReviews, EncodedReviews]:
    """Deal training and validation reviews anew, so that no group of reviews, such as those of a movie, is in both.

    Groups are drawn until there are as many validation reviews as before. `groups` holds that of each review by its
    name; where each is a group by itself, nothing changes. Raises InputError if a class would be missing in a part.
    """
    both = train.followed_by(validation)
    of_review = np.array([groups[name] for name in both.ids])
    names, sizes = np.unique(of_review, return_counts=True)
    if len(names) == len(of_review):
        return train, validation
    order = np.random.default_rng([seed, *b"groups"]).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    held_back = np.isin(of_review, names[order[before < len(validation.ids)]])
    for part, inside in (("training", ~held_back), ("validation", held_back)):
        if lacking := set(range(len(both.classes))) - set(both.labels[inside].tolist()):
            raise InputError(
                f"With validation: by_group no {part} review would be of the class {both.classes[min(lacking)]}: there "
                "are too few groups. Write validation: random for this variant."
            )
    return both.take(np.flatnonzero(~held_back)), both.take(np.flatnonzero(held_back))
