"""A trained model and its vectorizer in one: from raw strings to probabilities, on TensorFlow.

To load a saved one takes this module and those that it imports; the SavedModel that `export_model.py` writes takes
TensorFlow and nothing else.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from wordorder.data.vectorizer import PUNCTUATION, TAG
from wordorder.models.later import Tensor
from wordorder.models.network import TokenClassifier
from wordorder.tokens import PADDING, SPLIT_PUNCTUATION, STANDARDIZE


@keras.saving.register_keras_serializable("wordorder")
class TextClassifier(keras.Model):
    """From texts, a tensor of strings (batch,), to the probabilities that a `TokenClassifier` gives.

    Args:
        model: a `TokenClassifier`.
        vocabulary: the tokens, padding and unknown first.
        standardize, split, strip_html, ngrams, max_words: what `vectorizer.token_splitter` takes.

    """

    def __init__(
        self,
        model: TokenClassifier,
        vocabulary: Sequence[str],
        standardize: str,
        split: str,
        strip_html: bool,
        ngrams: int,
        max_words: int | None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.model = model
        self.settings = {
            "vocabulary": list(vocabulary),
            "standardize": standardize,
            "split": split,
            "strip_html": strip_html,
            "ngrams": ngrams,
            "max_words": max_words,
        }
        # Padding is left out where it adds nothing, and needed to the full length where a model reads it.
        variant = model.variant
        words = tf.strings.split if split == "whitespace" else lambda texts: tf.strings.unicode_split(texts, "UTF-8")
        self.vectorization = keras.layers.TextVectorization(
            standardize=STANDARDIZE[standardize],
            split=lambda texts: words(texts)[:, :max_words],
            ngrams=ngrams,
            output_sequence_length=None if variant.trims else variant.reads_length,
            vocabulary=list(vocabulary),
            name="vectorization",
        )

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: the model has its weights, and the vectorization its vocabulary."""
        self.built = True

    def call(self, texts: Tensor) -> Tensor:
        """Return the probabilities."""
        # As in `vectorizer.prepared`.
        texts = tf.strings.regex_replace(texts, "\x00", "")
        if self.settings["strip_html"]:
            texts = tf.strings.regex_replace(texts, TAG.pattern, " ")
        if self.settings["standardize"] == SPLIT_PUNCTUATION:
            texts = tf.strings.regex_replace(texts, PUNCTUATION.pattern, r" \0 ")
        tokens = ops.cast(self.vectorization(texts), "int32")[:, : self.model.variant.reads_length]
        if self.model.variant.distinct_tokens:
            tokens = distinct(tokens)
        # An LSTM wants a step at least.
        tokens = ops.pad(tokens, [[0, 0], [0, ops.cast(ops.shape(tokens)[1] == 0, "int32")]])
        return self.model(tokens)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make this model again."""
        return {**super().get_config(), "model": keras.saving.serialize_keras_object(self.model), **self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextClassifier":
        """Make it again."""
        return cls(keras.saving.deserialize_keras_object(config.pop("model")), **config)


def distinct(tokens: Tensor) -> Tensor:
    """Replace all but one of the occurrences of each token in a row by padding, of (batch, length) integers."""
    tokens = ops.sort(tokens, axis=1)
    again = ops.pad(tokens[:, 1:] == tokens[:, :-1], [[0, 0], [1, 0]])
    return ops.where(again, PADDING, tokens)
