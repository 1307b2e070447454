"""What recurrent networks share, whatever their cell: a bidirectional one over a finite vocabulary.

The input half of a cell is `x @ kernel + bias`, of which each token's part is computed once and looked up
(`token_features.py`). Where padding is masked, the row of the padding token holds the state, and every review ends
where the sequence ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from wordorder.models.later import Tensor, keras, ops
from wordorder.models.token_features import TokenFeatures
from wordorder.tokens import PADDING

if TYPE_CHECKING:
    from wordorder.models.network import TokenClassifier

DIRECTIONS = ("forward", "backward")


class Recurrent(TokenFeatures):
    """A bidirectional recurrent network.

    It computes what `Embedding`, `Bidirectional`, `Dropout` and `Dense` of Keras compute, at a small part of the cost.

    Class attributes: `GATES` is the number of gates, and `HOLD` what padding adds to each of them so that a state of
    zero stays zero.
    """

    GATES: ClassVar[int]
    HOLD: ClassVar[float]
    pooling: Literal["last", "max"] = Field(
        "last",
        description="What is kept of the states: the last one in each direction, or for each unit the maximum over the "
        "words.",
    )
    mask: bool = Field(False, description="Leave the padding out, as `mask_zero=True` in Keras.")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together."""
        yield from super().problems()
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
    def trims(self) -> bool:
        """With a mask, padding adds nothing: the state is held on it."""
        return self.mask

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
        from wordorder.models.network import Block

        width = self.GATES * self.units
        size = self.add_token_table(network, width, len(DIRECTIONS), network.vocabulary_size + width)
        kernel = {"kernel": ((size, width), "glorot_uniform")} if size else {}
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

        def weights(name: str) -> list[Tensor]:
            return [getattr(network.bidirectional, f"{direction}_{name}") for direction in DIRECTIONS]

        gates = self.contributions(network, rows, [] if self.one_hot else weights("kernel"), training)
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

    def plain_layer(self) -> "keras.Layer":
        """Return one direction as a layer of Keras, which returns sequences where they are pooled."""
        raise NotImplementedError

    def plain_review_vectors(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return them as listings 11.13 to 11.20 do, with the pooling "max" on top."""
        embedded = self.plain_features(tokens, vocabulary_size, dimension)
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
