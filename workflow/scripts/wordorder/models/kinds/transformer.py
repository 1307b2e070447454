"""A Transformer encoder with learned position vectors (chapter 11, listings 11.21 to 11.25)."""

from typing import ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import GradientTrained
from wordorder.settings import Count


class Transformer(GradientTrained):
    """The chapter's Transformer."""

    FEATURES: ClassVar[dict[str, str]] = {"embedding": "learned token vectors"}
    SENTENCE: ClassVar[str] = "A Transformer encoder over {features} and learned position vectors."
    # At full length a review takes megabytes: its queries, keys, values and sums, 600 by 256 numbers each.
    prediction_batch: ClassVar[int] = 32

    model: Literal["transformer"] = Field("transformer", description="The kind of model.")
    features: Literal["embedding"] = Field(description="`embedding` (learned).")
    dimension: Count = Field(
        examples=[256], description="Size of the token and position vectors, and of queries, keys and values of each head."
    )
    heads: Count = Field(examples=[2], description="Heads of the attention.")
    sequence_length: Count = Field(
        600, description="Tokens that a review is cut to; there is a learned vector for each position."
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
