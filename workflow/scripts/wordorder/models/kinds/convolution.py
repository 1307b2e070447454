"""A convolution over the tokens, and its maximum over the text (Kim 2014; Johnson and Zhang 2015).

Of word order it knows what lies within a region of a few words. What a region gives is the sum of what its tokens
contribute, each by its place in the region, so that a convolution is looked up, too (`token_features.py`). And of all
regions of a review only that with the maximum matters to a unit: the gradient goes to the tokens of that one.

Kim 2014: "Convolutional Neural Networks for Sentence Classification". Johnson and Zhang 2015: "Effective Use of Word
Order for Text Categorization with Convolutional Neural Networks", whose seq-CNN is this one over one-hot tokens.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wordorder.models.later import Tensor, keras, ops
from wordorder.models.token_features import TokenFeatures
from wordorder.settings import Count
from wordorder.tokens import PADDING
from wordorder.training.backend import rows_at

if TYPE_CHECKING:
    from wordorder.models.network import TokenClassifier


class Convolution(TokenFeatures):
    """A convolution with the activation `relu`; padding is left out."""

    SENTENCE: ClassVar[str] = "A convolution over {features}, and its maximum over the text."

    model: Literal["convolution"] = Field("convolution", description="The kind of model.")
    region: Count = Field(examples=[3], description="Neighbouring tokens that the convolution reads at a time.")

    def add_layers(self, network: "TokenClassifier") -> int:
        """Add the token table and the weights of `keras.layers.Conv1D`."""
        from wordorder.models.network import Block

        size = self.add_token_table(
            network, self.units, self.region, self.region * (network.vocabulary_size + self.units)
        )
        kernel = {"kernel": ((self.region, size, self.units), "glorot_uniform")} if size else {}
        network.convolution = Block("convolution", {**kernel, "bias": ((self.units,), "zeros")})
        return self.units

    def review_vectors(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the maximum over the words, (batch, units); zero of a review without words."""
        kernels = [] if self.one_hot else [network.convolution.kernel[place] for place in range(self.region)]
        contributions = self.contributions(network, rows, kernels, training)
        # Of a function that never falls, the maximum is that of the maximum.
        highest = ops.relu(region_maximum(contributions, tokens, self.region) + network.convolution.bias)
        return ops.where(ops.any(tokens != PADDING, axis=1)[:, None], highest, 0.0)

    def plain_review_vectors(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return them by `Conv1D`, to which padding is zero."""
        words = (tokens != PADDING)[:, :, None]
        x = self.plain_features(tokens, vocabulary_size, dimension) * ops.cast(words, "float32")
        x = keras.layers.Conv1D(self.units, self.region, padding="same", activation="relu", name="convolution")(x)
        return ops.max(ops.where(words, x, 0.0), axis=1)


def region_maximum(contributions: Tensor, tokens: Tensor, region: int) -> Tensor:
    """Return for each unit the highest sum of what the tokens of a region contribute, (batch, units).

    There is a region around each word of a review; beyond its first and its last word there is nothing. Minus infinity
    of a review without words.

    Args:
        contributions: (vocabulary, region * units): for each place in a region what a token contributes to the units.
        tokens: (batch, length), rows of `contributions`; row 0 is padding.
        region: number of tokens.

    """
    units, before = contributions.shape[1] // region, (region - 1) // 2
    length = ops.shape(tokens)[1]
    around = ops.pad(tokens, ((0, 0), (before, region - 1 - before)), constant_values=PADDING)

    @ops.custom_gradient
    def run(contributions: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        parts = ops.split(ops.concatenate([ops.zeros_like(contributions[:1]), contributions[1:]], axis=0), region, 1)
        sums = sum(rows_at(part, around[:, place : place + length]) for place, part in enumerate(parts))
        sums = ops.where((tokens != PADDING)[:, :, None], sums, -math.inf)
        best = ops.argmax(sums, axis=1)

        def gradient(upstream: Tensor) -> Tensor:
            # (batch, units) for each place in the region.
            found = [ops.take_along_axis(around, best + place, axis=1) for place in range(region)]
            places = [token * region * units + place * units + ops.arange(units) for place, token in enumerate(found)]
            values = [ops.where(token == PADDING, 0.0, upstream) for token in found]
            flat = ops.scatter_update(
                ops.zeros((ops.size(contributions),), contributions.dtype),
                ops.reshape(ops.stack(places), (-1, 1)),
                ops.reshape(ops.stack(values), (-1,)),
                reduction="add",
            )
            return ops.reshape(flat, ops.shape(contributions))

        return ops.max(sums, axis=1), gradient

    # A copy: TensorFlow treats a variable in another way.
    return run(ops.copy(contributions))
