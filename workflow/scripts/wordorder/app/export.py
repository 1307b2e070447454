"""A trained model and its vectorizer in one: from raw strings to probabilities, on TensorFlow.

To load a saved one takes this module and those that it imports; the SavedModel that `export_saved_model` writes takes
TensorFlow and nothing else.
"""

import keras
import tensorflow as tf
from keras import ops

from wordorder.models import network as models  # noqa: F401  registers the classes
from wordorder.data.vectorizer import TAG


@keras.saving.register_keras_serializable("wordorder")
class TextClassifier(keras.Model):
    """From texts, a tensor of strings (batch,), to the probabilities that a `TokenClassifier` gives.

    Args:
        model: a `TokenClassifier`.
        vocabulary: the tokens, padding and unknown first.
        standardize, strip_html, ngrams: what `vectorizer.text_encoder` takes.
        sequence_length: tokens that a text is cut to, None for all.

    """

    def __init__(self, model, vocabulary, standardize, strip_html, ngrams, sequence_length=None, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.settings = {
            "vocabulary": list(vocabulary),
            "standardize": standardize,
            "strip_html": strip_html,
            "ngrams": ngrams,
            "sequence_length": sequence_length,
        }
        # Padding is left out where it adds nothing, and needed to the full length where a model reads it.
        length = None if model.trims else sequence_length
        self.vectorization = keras.layers.TextVectorization(
            standardize=standardize,
            ngrams=ngrams,
            output_sequence_length=length,
            vocabulary=list(vocabulary),
            name="vectorization",
        )

    def build(self, input_shape=None):
        """Do nothing: the model has its weights, and the vectorization its vocabulary."""
        self.built = True

    def call(self, texts):
        """Return the probabilities."""
        # As in `vectorizer.chunks`.
        texts = tf.strings.regex_replace(texts, "\x00", "")
        if self.settings["strip_html"]:
            texts = tf.strings.regex_replace(texts, TAG.pattern, " ")
        tokens = ops.cast(self.vectorization(texts), "int32")
        if self.settings["sequence_length"]:
            tokens = tokens[:, : self.settings["sequence_length"]]
        if self.model.settings["features"] == "binary":
            tokens = distinct(tokens)
        # An LSTM wants a step at least.
        tokens = ops.pad(tokens, [[0, 0], [0, ops.cast(ops.shape(tokens)[1] == 0, "int32")]])
        return self.model(tokens)

    def get_config(self):
        """Return what is needed to make this model again."""
        return {**super().get_config(), "model": keras.saving.serialize_keras_object(self.model), **self.settings}

    @classmethod
    def from_config(cls, config):
        """Make it again."""
        return cls(keras.saving.deserialize_keras_object(config.pop("model")), **config)


def distinct(tokens):
    """Replace all but one of the occurrences of each token in a row by padding, of (batch, length) integers."""
    tokens = ops.sort(tokens, axis=1)
    again = ops.pad(tokens[:, 1:] == tokens[:, :-1], [[0, 0], [1, 0]])
    return ops.where(again, 0, tokens)
