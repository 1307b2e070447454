"""What the bags of words share: a vector for each token, of which a review is the sum, in whatever order."""

from wordorder.models.later import Tensor, ops
from wordorder.training.backend import rows_at


def token_sum(rows: Tensor, tokens: Tensor) -> Tensor:
    """Return the sum of the rows of the tokens of each review, (batch, width); padding adds nothing.

    What is a product with a vector of the size of the vocabulary in `keras.layers.Dense` is this sum here.

    Args:
        rows: (vocabulary, width); row 0 is padding.
        tokens: (batch, length), rows of `rows`.

    """
    rows = ops.concatenate([ops.zeros_like(rows[:1]), rows[1:]], axis=0)
    return ops.sum(rows_at(rows, tokens), axis=1)
