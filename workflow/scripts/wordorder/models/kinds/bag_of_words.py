"""A dense network over which tokens a review has, or how many (chapter 11, listings 11.3 to 11.11)."""

from typing import ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import GradientTrained


class BagOfWords(GradientTrained):
    """The chapter's bags of words."""

    FEATURES: ClassVar[dict[str, str]] = {
        "binary": "which tokens a text has",
        "tf_idf": "how often each token occurs, weighted by how rare it is",
    }
    SENTENCE: ClassVar[str] = "A dense network over {features}, in any order."
    # To compile a bag of words takes as long as some hundred steps, and its rows are short.
    vocabulary_step: ClassVar[int] = 8192

    model: Literal["bag_of_words"] = Field("bag_of_words", description="The kind of model.")
    features: Literal["binary", "tf_idf"] = Field(
        description="`binary`: each distinct token of a review once; `tf_idf`: each occurrence, weighted by how rare the "
        "token is in the training reviews."
    )
