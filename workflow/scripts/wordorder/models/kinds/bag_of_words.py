"""A dense network over which tokens a review has, or how many (chapter 11, listings 11.3 to 11.11)."""

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import GradientTrained, class_probabilities
from wordorder.models.later import Tensor, keras, np, ops
from wordorder.models.token_sum import token_sum
from wordorder.tokens import PADDING, UNKNOWN

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews
    from wordorder.models.network import TokenClassifier


class BagOfWords(GradientTrained):
    """The chapter's bags of words.

    It computes what `TextVectorization(output_mode="multi_hot")` or "tf_idf", `Dense(units, "relu")`, `Dropout` and
    `Dense(1, "sigmoid")` of Keras compute. In these modes the chapter's vocabulary has no padding token; ours has, so
    of the same number of tokens one less is of words.
    """

    FEATURES: ClassVar[dict[str, str]] = {
        "binary": "which tokens a text has",
        "tf_idf": "how often each token occurs, weighted by how rare it is",
    }
    SENTENCE: ClassVar[str] = "A dense network over {features}, in any order."
    # To compile a bag of words takes as long as some hundred steps, and its rows are short.
    vocabulary_step: ClassVar[int] = 8192

    model: Literal["bag_of_words"] = Field("bag_of_words", description="The kind of model.")
    features: Literal["binary", "tf_idf"] = Field(
        description="`binary`: each distinct token of a review once; `tf_idf`: each occurrence, weighted by how rare "
        "the token is in the training reviews."
    )

    @property
    def distinct_tokens(self) -> bool:
        """Whether only the presence of a token counts."""
        return self.features == "binary"

    @property
    def varies_like(self) -> str:
        """The weights of tokens make the threshold, and with it the accuracy, vary more."""
        return f"{super().varies_like}, {self.features}"

    def add_layers(self, network: "TokenClassifier") -> int:
        """Add the hidden layer, whose kernel is the token table, and for tf-idf the weights of the tokens."""
        from wordorder.models.network import Block, TokenTable

        vocabulary = network.vocabulary_size
        # glorot_uniform, as for the kernel of a Dense layer.
        limit = math.sqrt(6 / (vocabulary + self.units))
        network.token_table = TokenTable(vocabulary, self.units, limit, name="kernel")
        network.hidden = Block("hidden", {"bias": ((self.units,), "zeros")})
        if self.features == "tf_idf":
            weights = {"values": ((vocabulary,), "ones")}
            network.token_weights = Block("inverse_document_frequencies", weights, trainable=False)
        return self.units

    def adapt(self, network: "TokenClassifier", training: "EncodedReviews") -> None:
        """Set the inverse document frequencies, for tf-idf.

        They are `log(1 + N / (1 + df))` for a token in df of the N training reviews, and their mean for unknown tokens:
        those of `TextVectorization(output_mode="tf_idf")`.
        """
        if self.features == "tf_idf":
            frequencies = training.document_frequencies(network.vocabulary_size)
            weights = np.log1p(len(training.labels) / (1 + frequencies))
            weights[PADDING] = 0
            weights[UNKNOWN] = weights[UNKNOWN + 1 :].mean()
            network.token_weights.values.assign(weights.astype(np.float32))

    def review_vectors(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the hidden layer, (batch, units)."""
        if self.features == "tf_idf":
            weights = ops.convert_to_tensor(network.token_weights.values)
            if vocabulary is not None:
                weights = ops.take(weights, vocabulary, axis=0)
            rows = rows * weights[:, None]
        return ops.relu(token_sum(rows, tokens) + network.hidden.bias)

    @property
    def has_plain_keras(self) -> bool:
        """For tf-idf the chapter's vectorizer has to be adapted to the reviews first."""
        return super().has_plain_keras and self.features == "binary"

    def plain_keras(self, vocabulary_size: int, classes: int, dimension: int | None = None) -> "keras.Model":
        """Return the model of listing 11.5."""
        inputs = keras.Input((vocabulary_size - 1,))
        x = keras.layers.Dense(self.units, activation="relu", name="hidden")(inputs)
        x = keras.layers.Dropout(self.dropout, name="dropout")(x)
        return keras.Model(inputs, class_probabilities(classes)(x))

    def plain_inputs(self, tokens: "np.ndarray", vocabulary_size: int) -> "np.ndarray":
        """Return which tokens but padding each review has, (batch, vocabulary - 1)."""
        has = np.zeros((len(tokens), vocabulary_size), np.float32)
        has[np.arange(len(tokens))[:, None], tokens] = 1
        return np.delete(has, PADDING, axis=1)
