"""What kinds share that read tokens one by one: a row of numbers for each, found in one of four ways.

Their first layer is a product, `x @ kernel`. Where `x` stands for one of a finite number of tokens there is no need to
multiply at every position: compute what each token contributes once, and look it up.

    one-hot              onehot(t) @ kernel        = kernel[t]
    learned embedding    onehot(t) @ E @ kernel    = (E @ kernel)[t]
    pretrained vectors   the same, with an E that learns or does not

A batch uses about a tenth of the vocabulary: given the rows of those tokens only, a network works on a vocabulary of
that size.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import SequenceModel, Student
from wordorder.models.later import Tensor, keras, ops
from wordorder.settings import Count, Rate, is_none

if TYPE_CHECKING:
    from wordorder.models.network import TokenClassifier


class TokenFeatures(Student, SequenceModel):
    """The settings of a kind that reads one-hot tokens or vectors, and its token table."""

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
    dimension: Count | None = Field(
        None, exclude_if=is_none, examples=[256], description="Size of a learned embedding; for `embedding` alone."
    )
    sequence_length: Count | None = Field(
        600,
        description="Tokens that a review is cut to, and padded to where padding is read; null keeps whole reviews, "
        "for which an LSTM has to have `mask: true`.",
    )
    group_by_length: bool = Field(
        True,
        description="Draw batches of reviews of similar length. Saves time where padding is left out, and has no "
        "effect elsewhere.",
    )
    token_dropout: Rate = Field(
        0.0, description="Fraction of the distinct tokens of a batch that are dropped, at all their positions."
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together."""
        if self.features == "embedding" and self.dimension is None:
            yield "", "an embedding needs a dimension; write, for example, dimension: 256."
        if self.features != "embedding" and self.dimension is not None:
            yield "dimension", f"only an embedding has one; remove it, {self.features} needs none."
        if self.trainable is not None and not self.pretrained:
            yield "trainable", f"only pretrained vectors are frozen or not; remove it, {self.features} is learned."

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
    def one_hot(self) -> bool:
        """Whether the rows of the token table already are the contributions of the tokens."""
        return self.features == "one_hot"

    def add_token_table(self, network: "TokenClassifier", width: int, parts: int, fan: int) -> int | None:
        """Add the token table and its dropout; return the size of a vector, None with one-hot tokens.

        The layer that reads it has `parts` kernels of `width` columns side by side, and `fan` is what Keras takes for
        the sum of their inputs and outputs.
        """
        from wordorder.models.network import TokenTable

        # A row is a vector or, for one-hot tokens, what the token contributes to all kernels.
        shape = network.vocabulary_size, self.dimension or network.dimension or parts * width
        # The limits are those of Keras: glorot_uniform for a kernel, uniform for an Embedding.
        limit = math.sqrt(6 / fan) if self.one_hot else 0.05
        network.token_table = TokenTable(*shape, limit, name=self.features, trainable=self.trains_table)
        # Whole rows are dropped, and the others scaled up by as much: all places of a token go at once (Gal and
        # Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks").
        network.token_dropout = keras.layers.Dropout(self.token_dropout, noise_shape=(None, 1), name="token_dropout")
        network.token_dropout.build(shape)
        return None if self.one_hot else shape[1]

    def contributions(self, network: "TokenClassifier", rows: Tensor, kernels: list[Tensor], training: bool) -> Tensor:
        """Return what each token contributes to all kernels, (vocabulary, columns of all kernels).

        `rows` are those of the token table, and `kernels` (size of a vector, columns) each, none for one-hot tokens.
        """
        rows = network.token_dropout(rows, training=training)
        return rows if self.one_hot else ops.matmul(rows, ops.concatenate(kernels, axis=-1))

    @property
    def has_plain_keras(self) -> bool:
        """No layer of Keras drops tokens; vectors that are not learned, and soft labels, are other inputs."""
        others = self.token_dropout or self.pretrained or self.teachers
        return super().has_plain_keras and not others

    def plain_features(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return the features in layers of Keras, (batch, length, size)."""
        if self.one_hot:
            one_hot = keras.layers.Lambda(lambda ids: ops.one_hot(ids, vocabulary_size), (None, vocabulary_size))
            return one_hot(tokens)
        return keras.layers.Embedding(
            vocabulary_size, self.dimension or dimension, trainable=self.trains_table, name="embedding"
        )(tokens)
