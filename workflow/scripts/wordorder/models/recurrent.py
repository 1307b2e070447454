"""What recurrent networks share, whatever their cell: a bidirectional one over a finite vocabulary.

The input half of a cell is `x @ kernel + bias`. Where `x` stands for one of a finite number of tokens there is no need
to multiply at every position: compute what each token adds to the gates once, and look it up.

    one-hot              onehot(t) @ kernel        = kernel[t]
    learned embedding    onehot(t) @ E @ kernel    = (E @ kernel)[t]
    pretrained vectors   the same, with an E that does not learn
    masking              the row of the padding token holds the state, and every review ends where the sequence ends

A batch uses about a tenth of the vocabulary: given the rows of those tokens only, a network works on a vocabulary of
that size.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import SequenceModel, Student
from wordorder.models.later import Tensor, keras, ops
from wordorder.settings import Count, Rate, is_none
from wordorder.tokens import PADDING

if TYPE_CHECKING:
    from wordorder.models.network import TokenClassifier

DIRECTIONS = ("forward", "backward")


class Recurrent(Student, SequenceModel):
    """A bidirectional recurrent network with four ways to fill the table from tokens to gates.

    It computes what `Embedding`, `Bidirectional`, `Dropout` and `Dense` of Keras compute, at a small part of the cost.

    Class attributes: `GATES` is the number of gates, and `HOLD` what padding adds to each of them so that a state of
    zero stays zero.
    """

    GATES: ClassVar[int]
    HOLD: ClassVar[float]
    FEATURES: ClassVar[dict[str, str]] = {
        "one_hot": "one-hot tokens",
        "embedding": "learned token vectors",
        "cbow": "token vectors that were pretrained on this corpus",
        "glove": "pretrained token vectors",
    }

    features: Literal["one_hot", "embedding", "cbow", "glove"] = Field(
        description="How tokens become numbers: `one_hot`, `embedding` (learned), `cbow` (pretrained on the training "
        "and the unlabelled reviews) or `glove` (pretrained on other texts)."
    )
    trainable: bool | None = Field(
        None,
        exclude_if=is_none,
        examples=[True],
        description="Train pretrained vectors further. Without this key `cbow` is, and `glove`, as in the chapter, is "
        "not.",
    )
    sequence_length: Count | None = Field(
        600,
        description="Tokens that a review is cut and padded to; null keeps whole reviews, for which `mask` must be "
        "true.",
    )
    token_dropout: Rate = Field(
        0.0, description="Fraction of the distinct tokens of a batch that are dropped, at all their positions."
    )
    pooling: Literal["last", "max"] = Field(
        "last",
        description="What is kept of the states: the last one in each direction, or for each unit the maximum over the "
        "words.",
    )
    mask: bool = Field(False, description="Leave the padding out, as `mask_zero=True` in Keras.")
    group_by_length: bool = Field(
        True,
        description="Draw batches of reviews of similar length. Saves time where `mask` is true, and has no effect "
        "elsewhere.",
    )
    dimension: Count | None = Field(
        None, exclude_if=is_none, examples=[256], description="Size of a learned embedding; for `embedding` alone."
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together."""
        if self.features == "embedding" and self.dimension is None:
            yield "", "an embedding needs a dimension; write, for example, dimension: 256."
        if self.features != "embedding" and self.dimension is not None:
            yield "dimension", f"only an embedding has one; remove it, {self.features} needs none."
        if self.trainable is not None and not self.pretrained:
            yield "trainable", f"only pretrained vectors are frozen or not; remove it, {self.features} is learned."
        if not self.mask and self.sequence_length is None:
            yield (
                "sequence_length",
                "without a mask the padding is read, so the prediction for a review would depend on the length of the "
                "others; write a whole number, for example 600, or mask: true.",
            )

    @property
    def varies_like(self) -> str:
        """What is read off the states decides how much hangs on the seed."""
        return f"{super().varies_like}, {self.pooling} state"

    @property
    def pretrained(self) -> str | None:
        """Name of the matrix of pretrained vectors, None without one."""
        return self.features if self.features in ("cbow", "glove") else None

    @property
    def learns_vectors(self) -> bool:
        """Whether the token table is learned and holds vectors."""
        return not self.one_hot and self.trains_table

    @property
    def trains_table(self) -> bool:
        """Whether the token table is learned."""
        return self.features != "glove" if self.trainable is None else self.trainable

    @property
    def trims(self) -> bool:
        """With a mask, padding adds nothing: the state is held on it."""
        return self.mask

    @property
    def one_hot(self) -> bool:
        """Whether the rows of the token table already are what the tokens add to the gates of both directions."""
        return self.features == "one_hot"

    def cell_weights(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        """Return shape and initializer of the weights of a direction besides its kernel; one of them is a `bias`."""
        raise NotImplementedError

    def run(
        self,
        gates: Sequence[Tensor],
        weights: Sequence[Mapping[str, Tensor]],
        tokens: Sequence[Tensor],
        first: Tensor | None,
        return_sequences: bool,
    ) -> Sequence[Tensor]:
        """Run both directions and return the last hidden state of each, (batch, units), or that after every token.

        Args:
            gates: for each direction what every token adds to the gates, the bias included, (vocabulary, GATES *
                units).
            weights: for each the other `cell_weights` by name.
            tokens: for each the rows of `gates`, (length, batch), in the order in which it reads.
            first: the time step before which there is padding in all reviews, and the state stays zero; None without a
                mask.
            return_sequences: True for the state after every token, (length, batch, units).

        """
        raise NotImplementedError

    def add_layers(self, network: "TokenClassifier") -> int:
        """Add the token table, its dropout, and for each direction the weights that Keras' layer has."""
        from wordorder.models.network import Block, TokenTable

        vocabulary, width = network.vocabulary_size, self.GATES * self.units
        # A row is a vector or, for one-hot tokens, what the token adds to the gates of both directions.
        shape = vocabulary, self.dimension or network.dimension or 2 * width
        # The limits are those of Keras: glorot_uniform for the kernel of each direction, uniform for an Embedding.
        limit = math.sqrt(6 / (vocabulary + width)) if self.one_hot else 0.05
        network.token_table = TokenTable(*shape, limit, name=self.features, trainable=self.trains_table)
        # Whole rows are dropped, and the others scaled up by as much: all places of a token go at once (Gal and
        # Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks").
        network.token_dropout = keras.layers.Dropout(self.token_dropout, noise_shape=(None, 1), name="token_dropout")
        network.token_dropout.build(shape)
        kernel = {} if self.one_hot else {"kernel": ((shape[1], width), "glorot_uniform")}
        weights = {
            f"{direction}_{name}": each
            for direction in DIRECTIONS
            for name, each in (kernel | self.cell_weights()).items()
        }
        network.bidirectional = Block(f"bidirectional_{self.model}", weights)
        return 2 * self.units

    def review_vectors(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the last hidden state of both directions, or the maximum over time, (batch, 2 * units).

        With a mask it is the maximum over the words; that of a review without words is zero.
        """
        rows = network.token_dropout(rows, training=training)

        def weights(name: str) -> list[Tensor]:
            return [getattr(network.bidirectional, f"{direction}_{name}") for direction in DIRECTIONS]

        gates = rows if self.one_hot else ops.matmul(rows, ops.concatenate(weights("kernel"), axis=-1))
        gates = gates + ops.concatenate(weights("bias"), axis=-1)
        ahead, back, first = ops.transpose(tokens), ops.transpose(ops.flip(tokens, axis=1)), None
        if self.mask:
            # Where both directions meet the padding first, the state stays zero until the first word: what Keras
            # reaches by holding the state at every masked step. The gradients vanish as well.
            gates = ops.concatenate([ops.full_like(gates[:1], self.HOLD), gates[1:]], axis=0)
            ahead = ops.transpose(padding_first(tokens))
            first = ops.shape(tokens)[1] - ops.max(word_counts(tokens))
        others = [name for name in self.cell_weights() if name != "bias"]
        cells = [
            dict(zip(others, map(ops.copy, values), strict=True)) for values in zip(*map(weights, others), strict=True)
        ]
        states = self.run(ops.split(gates, 2, axis=-1), cells, (ahead, back), first, self.pooling == "max")
        if self.pooling == "max":
            # Of each unit (Johnson and Zhang 2016, "Supervised and Semi-Supervised Text Categorization using LSTM for
            # Region Embeddings").
            states = [
                maximum_over_words(each, tokens, axis=0) if self.mask else ops.max(each, axis=0)
                for each, tokens in zip(states, (ahead, back), strict=True)
            ]
        return ops.concatenate(states, axis=-1)

    @property
    def has_plain_keras(self) -> bool:
        """No layer of Keras drops tokens; vectors that are not learned, and soft labels, are other inputs."""
        others = self.token_dropout or self.pretrained or self.teachers
        return super().has_plain_keras and not others

    def plain_layer(self) -> "keras.Layer":
        """Return one direction as a layer of Keras, which returns sequences where they are pooled."""
        raise NotImplementedError

    def plain_review_vectors(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return them as listings 11.13 to 11.20 do, with the pooling "max" on top."""
        if self.one_hot:
            one_hot = keras.layers.Lambda(lambda ids: ops.one_hot(ids, vocabulary_size), (None, vocabulary_size))
            embedded = one_hot(tokens)
        else:
            embedded = keras.layers.Embedding(
                vocabulary_size, self.dimension or dimension, trainable=self.trains_table, name="embedding"
            )(tokens)
        words = tokens != PADDING if self.mask else None
        x = keras.layers.Bidirectional(self.plain_layer(), name="bidirectional")(embedded, mask=words)
        if self.pooling == "last":
            return x
        return maximum_over_words(x, tokens, axis=1) if self.mask else keras.layers.GlobalMaxPooling1D()(x)


def maximum_over_words(states: Tensor, tokens: Tensor, axis: int) -> Tensor:
    """Return the maximum of each unit over the words of a review, zero without any; `axis` is that of time."""
    words = (tokens != PADDING)[:, :, None]
    # A hidden state is a tanh times a sigmoid, or a mean of some, and never below -1.
    return ops.where(ops.any(words, axis=axis), ops.max(ops.where(words, states, -1.0), axis=axis), 0.0)


def word_counts(tokens: Tensor) -> Tensor:
    """Return the number of words of each row of (batch, length), (batch, 1)."""
    return ops.sum(ops.cast(tokens != PADDING, "int32"), axis=1, keepdims=True)


def padding_first(tokens: Tensor) -> Tensor:
    """Turn each row of (batch, length) until its trailing padding leads."""
    length = ops.shape(tokens)[1]
    shift = word_counts(tokens)
    return ops.take_along_axis(tokens, (ops.arange(length, dtype="int32") + shift) % length, axis=1)
