"""A bidirectional LSTM over one-hot tokens or token vectors (chapter 11, listings 11.13 to 11.20)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import GradientTrained
from wordorder.settings import Count, Names, Rate, is_none


class LSTM(GradientTrained):
    """The chapter's LSTMs: one network with four ways to fill the table from tokens to gates."""

    FEATURES: ClassVar[dict[str, str]] = {
        "one_hot": "one-hot tokens",
        "embedding": "learned token vectors",
        "cbow": "token vectors that were pretrained on this corpus and trained further",
        "glove": "pretrained token vectors",
    }
    SENTENCE: ClassVar[str] = "A bidirectional LSTM over {features}."

    model: Literal["lstm"] = Field("lstm", description="The kind of model.")
    features: Literal["one_hot", "embedding", "cbow", "glove"] = Field(
        description="How tokens become numbers: `one_hot`, `embedding` (learned), `cbow` (pretrained on the training and "
        "the unlabelled reviews, then trained further) or `glove` (pretrained, frozen)."
    )
    sequence_length: Count | None = Field(
        600,
        description="Tokens that a review is cut and padded to; null keeps whole reviews, for which `mask` must be true.",
    )
    token_dropout: Rate = Field(0.0, description="Fraction of the tokens of a batch that are dropped wherever they stand.")
    pooling: Literal["last", "max"] = Field(
        "last",
        description="What is read off the LSTM: its last state in each direction, or for each unit its maximum over the "
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
    teachers: Names | None = Field(
        None,
        min_length=1,
        exclude_if=is_none,
        description="Variants that are trained first, with the same seed where they have it; the mean of their logits "
        "for the unlabelled reviews is what this one, the student, is trained on besides the labelled reviews.",
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together."""
        if self.features == "embedding" and self.dimension is None:
            yield "", "an embedding needs a dimension; write, for example, dimension: 256."
        if self.features != "embedding" and self.dimension is not None:
            yield "dimension", f"only an embedding has one; remove it, {self.features} needs none."
        if not self.mask and self.sequence_length is None:
            yield (
                "sequence_length",
                "without a mask the padding is read, and what a review is taken for would depend on the length of the "
                "others; write a whole number, for example 600, or mask: true.",
            )

    @property
    def modules(self) -> list[str]:
        """Modules that are imported by name for this variant."""
        return [*super().modules, *(["training.self_training"] if self.teachers else [])]

    @property
    def pretrained(self) -> str | None:
        """Name of the matrix of pretrained vectors, None without one."""
        return self.features if self.features in ("cbow", "glove") else None

    @property
    def learns_vectors(self) -> bool:
        """Whether the token table is learned and holds vectors."""
        return self.features in ("embedding", "cbow")

    @property
    def needs_unlabelled(self) -> bool:
        """Whether the training reads unlabelled reviews."""
        return bool(self.teachers)

    @property
    def trims(self) -> bool:
        """With a mask, padding adds nothing: the input gate is shut on it."""
        return self.mask
