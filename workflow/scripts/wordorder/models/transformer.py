"""The Transformer encoder of chapter 11 (listings 11.21 to 11.25), over a finite vocabulary.

The encoder reads at each position the sum of a token vector and a position vector, and multiplies it by the kernels of
queries, keys and values. A product of a sum is a sum of products:

    (token vector + position vector) @ kernel  =  token vector @ kernel  +  position vector @ kernel

so it is enough to multiply each token of the vocabulary and each position once, and to look both up: of the 32 reviews
of a batch some 2,300 and 240 rows in place of 7,700. What a head finds is multiplied by its part of the output kernel;
attention being a weighted mean, that may come first, so that it, too, is done once for each token.

Masking: nobody looks at padding, and the maximum over a review is not taken of it.
"""

import math

import keras
from keras import ops

from wordorder.models.layers import PADDING, rows_at


def present(tokens, mask):
    """Tell which positions take part, (batch, length) booleans: with `mask` all but the padding.

    A review without any token is read as one padding token, so that there is something to take the mean and the maximum
    of.
    """
    if not mask:
        return ops.ones_like(tokens, dtype="bool")
    return ops.logical_or(tokens != PADDING, ops.arange(ops.shape(tokens)[1]) == 0)


@keras.saving.register_keras_serializable("wordorder")
class TokenAttention(keras.layers.Layer):
    """Self-attention over a finite vocabulary (Vaswani et al. 2017, section 3.2).

    It computes `keras.layers.MultiHeadAttention(heads, key_dim=dimension)(x, x)`, where `x` is the sum of a token
    vector and a position vector, both of `dimension` numbers.

    Args:
        heads: number of heads.

    """

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, rows_shape, positions_shape, tokens_shape):
        """Create the weights of `keras.layers.MultiHeadAttention`, in their shapes.

        The shapes decide how far the initial values spread, as they did in Keras 2, with which the chapter was written:
        the limit of a kernel of (256, 2, 256) is 0.0095. Keras 3.15 looks at what its axes mean, and has 0.088.
        """
        dimension = rows_shape[-1]
        self.kernels, self.biases = [], []
        for name in ("query", "key", "value"):
            self.kernels.append(
                self.add_weight(
                    shape=(dimension, self.heads, dimension), initializer="glorot_uniform", name=f"{name}_kernel"
                )
            )
            self.biases.append(self.add_weight(shape=(self.heads, dimension), initializer="zeros", name=f"{name}_bias"))
        self.output_kernel = self.add_weight(
            shape=(self.heads, dimension, dimension), initializer="glorot_uniform", name="output_kernel"
        )
        self.output_bias = self.add_weight(shape=(dimension,), initializer="zeros", name="output_bias")

    def call(self, rows, positions, tokens, present):
        """Return what each position finds in its review, (batch, length, dimension).

        Args:
            rows: (vocabulary, dimension), token vectors.
            positions: (length, dimension), position vectors.
            tokens: (batch, length), rows of `rows`.
            present: (batch, length) booleans, which positions are looked at.

        """
        scale = 1 / math.sqrt(rows.shape[-1])

        def attend(review):
            hidden, *heads = review
            found = 0
            for query, key, value in heads:
                scores = ops.matmul(query * scale, ops.transpose(key)) + hidden
                found += ops.matmul(ops.softmax(scores), value)
            return found

        heads = []
        for head in range(self.heads):
            kernels = [kernel[:, head] for kernel in self.kernels]
            biases = [bias[head] for bias in self.biases]
            kernels[-1] = ops.matmul(kernels[-1], self.output_kernel[head])
            biases[-1] = ops.matmul(biases[-1], self.output_kernel[head])
            heads.append(
                [
                    rows_at(ops.matmul(rows, kernel), tokens) + ops.matmul(positions, kernel) + bias
                    for kernel, bias in zip(kernels, biases, strict=True)
                ]
            )
        hidden = ops.where(present, 0.0, -math.inf)
        # The scores of one review fit the cache, and are computed again for the gradient rather than kept for all.
        return ops.map(keras.remat(attend), [hidden, *heads]) + self.output_bias

    def compute_output_shape(self, rows_shape, positions_shape, tokens_shape):
        """Return (batch, length, dimension)."""
        return *tokens_shape, rows_shape[-1]

    def get_config(self):
        """Return what is needed to make this layer again."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("wordorder")
class TransformerEncoder(keras.layers.Layer):
    """The chapter's `TransformerEncoder` on its `PositionalEmbedding` (listings 11.21 and 11.24).

    Args:
        units: of the hidden dense layer, the chapter's `dense_dim`.
        heads: of the attention.

    """

    def __init__(self, units, heads, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.heads = heads

    def build(self, rows_shape, positions_shape, tokens_shape):
        """Create the layers; their weights depend on the dimension of the vectors alone."""
        dimension = rows_shape[-1]
        shape = (*tokens_shape, dimension)
        self.attention = TokenAttention(self.heads, name="attention")
        self.attention.build(rows_shape, positions_shape, tokens_shape)
        self.attention_normalization = keras.layers.LayerNormalization(name="attention_normalization")
        self.attention_normalization.build(shape)
        self.hidden = keras.layers.Dense(self.units, activation="relu", name="hidden")
        self.hidden.build(shape)
        self.projection = keras.layers.Dense(dimension, name="projection")
        self.projection.build((*tokens_shape, self.units))
        self.normalization = keras.layers.LayerNormalization(name="normalization")
        self.normalization.build(shape)

    def call(self, rows, positions, tokens, present):
        """Return a vector for each position, (batch, length, dimension); the arguments are those of TokenAttention."""
        inputs = rows_at(rows, tokens) + positions
        attended = self.attention_normalization(inputs + self.attention(rows, positions, tokens, present))
        return self.normalization(attended + self.projection(self.hidden(attended)))

    def compute_output_shape(self, rows_shape, positions_shape, tokens_shape):
        """Return (batch, length, dimension)."""
        return *tokens_shape, rows_shape[-1]

    def get_config(self):
        """Return what is needed to make this layer again."""
        return {**super().get_config(), "units": self.units, "heads": self.heads}
