"""A Transformer encoder with learned position vectors (chapter 11, listings 11.21 to 11.25), over a finite vocabulary.

The encoder reads at each position the sum of a token vector and a position vector, and multiplies it by the kernels of
queries, keys and values. A product of a sum is a sum of products:

    (token vector + position vector) @ kernel  =  token vector @ kernel  +  position vector @ kernel

so it is enough to multiply each token of the vocabulary and each position once, and to look both up: of the 32 reviews
of a batch some 2,300 and 240 rows in place of 7,700. What a head finds is multiplied by its part of the output kernel;
attention being a weighted mean, that may come first, so that it, too, is done once for each token.

Masking: nobody looks at padding, and the maximum over a review is not taken of it; the chapter's model drops its mask
before the maximum.
"""

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import SequenceModel
from wordorder.models.later import Tensor, keras, ops
from wordorder.settings import Count
from wordorder.tokens import PADDING
from wordorder.training.backend import on_gpu, rows_at

if TYPE_CHECKING:
    from wordorder.models.network import TokenClassifier


class Transformer(SequenceModel):
    """The chapter's Transformer."""

    FEATURES: ClassVar[dict[str, str]] = {"embedding": "learned token vectors"}
    SENTENCE: ClassVar[str] = "A Transformer encoder over {features} and learned position vectors."
    # At full length a review takes megabytes: its queries, keys, values and sums, 600 by 256 numbers each.
    prediction_batch: ClassVar[int] = 32

    model: Literal["transformer"] = Field("transformer", description="The kind of model.")
    features: Literal["embedding"] = Field(description="`embedding` (learned).")
    dimension: Count = Field(
        examples=[256],
        description="Size of the token and position vectors, and of queries, keys and values of each head.",
    )
    heads: Count = Field(examples=[2], description="Heads of the attention.")
    sequence_length: Count = Field(
        600, examples=[600], description="Tokens that a review is cut to; there is a learned vector for each position."
    )
    mask: bool = Field(False, description="Leave the padding out of the attention and of the maximum over a review.")
    group_by_length: bool = Field(
        True, description="Draw batches of reviews of similar length. Saves time where `mask` is true."
    )

    @property
    def learns_vectors(self) -> bool:
        """Its token table holds a vector for each token."""
        return True

    @property
    def trims(self) -> bool:
        """With a mask, padding adds nothing."""
        return self.mask

    def add_layers(self, network: "TokenClassifier") -> int:
        """Add the tables of tokens and positions, and the encoder of listing 11.21.

        The attention has the weights of `keras.layers.MultiHeadAttention`, in their shapes. These decide how far the
        initial values spread, as they did in Keras 2, with which the chapter was written: the limit of a kernel of
        (256, 2, 256) is 0.0095. Keras 3.15 looks at what its axes mean, and has 0.088.
        """
        from wordorder.models.network import Block, TokenTable

        # The limit is that of an Embedding.
        network.token_table = TokenTable(network.vocabulary_size, self.dimension, 0.05, name=self.features)
        network.position_table = TokenTable(self.sequence_length, self.dimension, 0.05, name="positions")
        weights: dict[str, tuple[tuple[int, ...], Any]] = {}
        for name in ("query", "key", "value"):
            weights[f"{name}_kernel"] = (self.dimension, self.heads, self.dimension), "glorot_uniform"
            weights[f"{name}_bias"] = (self.heads, self.dimension), "zeros"
        weights["output_kernel"] = (self.heads, self.dimension, self.dimension), "glorot_uniform"
        weights["output_bias"] = (self.dimension,), "zeros"
        network.attention = Block("attention", weights)
        network.attention_normalization = keras.layers.LayerNormalization(name="attention_normalization")
        for name, inputs, outputs in (
            ("hidden", self.dimension, self.units),
            ("projection", self.units, self.dimension),
        ):
            weights = {"kernel": ((inputs, outputs), "glorot_uniform"), "bias": ((outputs,), "zeros")}
            setattr(network, name, Block(name, weights))
        network.normalization = keras.layers.LayerNormalization(name="normalization")
        return self.dimension

    def attention_mask(self, tokens: Tensor, places: Tensor) -> Tensor:
        """Return which positions take part, (batch, length) booleans: with `mask` all but the padding.

        `places` numbers the positions from 0. A review without any token is read as one padding token, so that there is
        something to take the mean and the maximum of.
        """
        if not self.mask:
            return ops.ones_like(tokens, dtype="bool")
        return ops.logical_or(tokens != PADDING, ops.equal(places, 0))

    def review_vectors(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the maximum over the words of what the encoder gives for each, (batch, dimension)."""
        length = ops.shape(tokens)[1]
        positions = network.position_table.rows[:length]
        mask = self.attention_mask(tokens, ops.arange(length))
        x = rows_at(rows, tokens) + positions
        # TensorFlow adds up gradients in an order that depends on the names of operations, so the name decides bits.
        with keras.name_scope("attention"):
            if on_gpu():
                attended = batched_attention(network.attention, x, mask)
            else:
                attended = attention(network.attention, rows, positions, tokens, mask)
        x = network.attention_normalization(x + attended)
        x = network.normalization(x + dense(network.projection, ops.relu(dense(network.hidden, x))))
        return ops.max(ops.where(mask[..., None], x, -math.inf), axis=1)

    def plain_review_vectors(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return them as listings 11.21 and 11.24 do, the mask passed to the attention and to the maximum."""
        layers = keras.layers
        # 0, 1, 2 and so on.
        places = ops.cumsum(ops.ones_like(tokens), axis=1) - 1
        mask = self.attention_mask(tokens, places)
        x = layers.Embedding(vocabulary_size, self.dimension, name="embedding")(tokens)
        x = x + layers.Embedding(self.sequence_length, self.dimension, name="positions")(places)
        attended = layers.MultiHeadAttention(self.heads, self.dimension, name="attention")(
            x, x, attention_mask=mask[:, None, :]
        )
        x = layers.LayerNormalization(name="attention_normalization")(x + attended)
        hidden = layers.Dense(self.units, activation="relu", name="hidden")(x)
        x = layers.LayerNormalization(name="normalization")(x + layers.Dense(self.dimension, name="projection")(hidden))
        return ops.max(ops.where(mask[..., None], x, -1e9), axis=1)


def dense(weights: "keras.Layer", x: Tensor) -> Tensor:
    """Compute `keras.layers.Dense`, without an activation."""
    return ops.add(ops.matmul(x, weights.kernel), weights.bias)


def attention(weights: "keras.Layer", rows: Tensor, positions: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Compute self-attention over a finite vocabulary (Vaswani et al. 2017, section 3.2), (batch, length, dimension).

    It is `keras.layers.MultiHeadAttention(heads, key_dim=dimension)(x, x)`, where `x` is the sum of a token vector and
    a position vector, both of `dimension` numbers.

    Args:
        weights: those of `MultiHeadAttention`, as attributes.
        rows: (vocabulary, dimension), token vectors.
        positions: (length, dimension), position vectors.
        tokens: (batch, length), rows of `rows`.
        mask: (batch, length) booleans, which positions are looked at.

    """
    scale = 1 / math.sqrt(rows.shape[-1])
    kernels = [weights.query_kernel, weights.key_kernel, weights.value_kernel]
    biases = [weights.query_bias, weights.key_bias, weights.value_bias]

    def attend(review: list[Tensor]) -> Tensor:
        hidden, *heads = review
        found = 0
        for query, key, value in heads:
            scores = ops.matmul(query * scale, ops.transpose(key)) + hidden
            found += ops.matmul(ops.softmax(scores), value)
        return found

    heads = []
    for head in range(weights.query_bias.shape[0]):
        of_head = [kernel[:, head] for kernel in kernels]
        biases_of_head = [bias[head] for bias in biases]
        of_head[-1] = ops.matmul(of_head[-1], weights.output_kernel[head])
        biases_of_head[-1] = ops.matmul(biases_of_head[-1], weights.output_kernel[head])
        heads.append(
            [
                rows_at(ops.matmul(rows, kernel), tokens) + ops.matmul(positions, kernel) + bias
                for kernel, bias in zip(of_head, biases_of_head, strict=True)
            ]
        )
    hidden = ops.where(mask, 0.0, -math.inf)
    # The scores of one review fit the cache, and are computed again for the gradient rather than kept for all.
    return ops.map(keras.remat(attend), [hidden, *heads]) + weights.output_bias


def batched_attention(weights: "keras.Layer", x: Tensor, mask: Tensor) -> Tensor:
    """Compute what `attention` does, for all reviews at once, as suits a graphics processor.

    `x` are the sums of token and position vectors, (batch, length, dimension).
    """
    query, key, value = (
        ops.einsum("bld,dhk->bhlk", x, kernel) + bias[:, None]
        for kernel, bias in (
            (weights.query_kernel, weights.query_bias),
            (weights.key_kernel, weights.key_bias),
            (weights.value_kernel, weights.value_bias),
        )
    )
    scores = ops.einsum("bhqk,bhlk->bhql", query / math.sqrt(x.shape[-1]), key)
    shares = ops.softmax(ops.where(mask[:, None, None], scores, -math.inf))
    found = ops.einsum("bhql,bhlk->bhqk", shares, value)
    return ops.einsum("bhqk,hkd->bqd", found, weights.output_kernel) + weights.output_bias
