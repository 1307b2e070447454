"""The models: from the token numbers of a review to the probability that it is positive.

Each begins with a table that has a row for each token of the vocabulary. A batch uses about a tenth of the vocabulary,
and training and prediction hand a model the rows of those tokens only.

Importing this module is all that `keras.models.load_model` needs to load a saved model.
"""

import math

import keras
from keras import ops

from wordorder.encoded import EncodedReviews
from wordorder.layers import TokenBidirectionalLSTM, TokenTable
from wordorder.transformer import TransformerEncoder, present


class TokenClassifier(keras.Model):
    """What training and prediction need to know of a model.

    `settings` are the arguments of the constructor, and `token_table` is the layer with the rows of the tokens. `trims`
    says whether padding adds nothing, so that a batch need not be longer than its longest review. `prediction_batch` is
    the number of reviews that are predicted at a time.
    """

    # The keys of a variant that the constructor takes under the same names.
    SETTINGS = ()
    trims = True
    prediction_batch = 256

    def prepare(self, data: EncodedReviews) -> EncodedReviews:
        """Return the reviews as the model reads them."""
        return data

    def get_config(self):
        """Return what is needed to make this model again."""
        return {**super().get_config(), **self.settings}


@keras.saving.register_keras_serializable("wordorder")
class LSTMClassifier(TokenClassifier):
    """A bidirectional LSTM over one-hot tokens or token vectors (chapter 11, listings 11.13 to 11.20).

    The variants of the chapter are one network with four ways to fill the table from tokens to gates. It computes what
    `Embedding`, `Bidirectional(LSTM)`, `Dropout` and `Dense` of Keras compute, at a small part of the cost.

    Args:
        features: "one_hot", "embedding" (learned) or "glove" (pretrained and frozen; set `token_table.rows`).
        vocabulary_size: number of tokens, padding and unknown included.
        dimension: of the token vectors; None for one-hot.
        mask: leave out the padding.
        units: of the LSTM in each direction.
        dropout: fraction dropped between the LSTM and the classifier.

    """

    SETTINGS = ("features", "dimension", "units", "dropout", "mask")

    def __init__(self, features, vocabulary_size, units, dropout, dimension=None, mask=False, **kwargs):
        super().__init__(**kwargs)
        self.settings = {
            "features": features,
            "vocabulary_size": vocabulary_size,
            "dimension": dimension,
            "mask": mask,
            "units": units,
            "dropout": dropout,
        }
        # The input gate is shut on padding.
        self.trims = mask
        one_hot = features == "one_hot"
        # The limits are those of Keras: glorot_uniform for the LSTM kernel of each direction, uniform for an Embedding.
        self.token_table = TokenTable(
            vocabulary_size,
            width=8 * units if one_hot else dimension,
            initial_limit=math.sqrt(6 / (vocabulary_size + 4 * units)) if one_hot else 0.05,
            trainable=features != "glove",
            name=features,
        )
        self.bidirectional = TokenBidirectionalLSTM(units, project=not one_hot, mask=mask, name="bidirectional_lstm")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.classifier = keras.layers.Dense(1, activation="sigmoid", name="classifier")

    def build(self, input_shape=None):
        """Create all weights; they do not depend on the shape of the input."""
        tokens_shape = (None, None)
        self.token_table.build(tokens_shape)
        self.bidirectional.build(self.token_table.rows.shape, tokens_shape)
        shape = self.bidirectional.compute_output_shape(self.token_table.rows.shape, tokens_shape)
        self.dropout.build(shape)
        self.classifier.build(shape)
        self.built = True

    def call(self, tokens, rows=None, vocabulary=None, training=False):
        """Return the probability that each review is positive, (batch, 1).

        Args:
            tokens: (batch, length) integers; padding (0) only at the end.
            rows: rows of the token table, if `tokens` number those instead of the whole vocabulary.
            vocabulary: (rows,) integers, the tokens that the rows are of.
            training: apply the dropout.

        """
        embedded = self.token_table.rows if rows is None else rows
        x = self.bidirectional(embedded, tokens)
        x = self.dropout(x, training=training)
        return self.classifier(x)


@keras.saving.register_keras_serializable("wordorder")
class TransformerClassifier(TokenClassifier):
    """A Transformer encoder with learned position vectors (chapter 11, listing 11.25).

    With `mask`, padding takes part neither in the attention nor in the maximum over a review; the chapter's model drops
    its mask before the maximum.

    Args:
        features: "embedding" (learned).
        vocabulary_size: number of tokens, padding and unknown included.
        sequence_length: number of positions, which no review may exceed.
        dimension: of the token and position vectors, and of the queries, keys and values of each head.
        heads: of the attention.
        units: of the encoder's hidden dense layer.
        dropout: fraction dropped between the maximum and the classifier.
        mask: leave out the padding.

    """

    SETTINGS = ("features", "sequence_length", "dimension", "heads", "units", "dropout", "mask")
    # At full length a review takes megabytes: its queries, keys, values and sums, 600 by 256 numbers each.
    prediction_batch = 32

    def __init__(
        self, features, vocabulary_size, sequence_length, dimension, heads, units, dropout, mask=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.settings = {
            "features": features,
            "vocabulary_size": vocabulary_size,
            "sequence_length": sequence_length,
            "dimension": dimension,
            "heads": heads,
            "units": units,
            "dropout": dropout,
            "mask": mask,
        }
        self.trims = mask
        # The limit is that of an Embedding.
        self.token_table = TokenTable(vocabulary_size, width=dimension, initial_limit=0.05, name=features)
        self.position_table = TokenTable(sequence_length, width=dimension, initial_limit=0.05, name="positions")
        self.encoder = TransformerEncoder(units, heads, name="encoder")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.classifier = keras.layers.Dense(1, activation="sigmoid", name="classifier")

    def build(self, input_shape=None):
        """Create all weights; they do not depend on the shape of the input."""
        tokens_shape = (None, None)
        self.token_table.build(tokens_shape)
        self.position_table.build(tokens_shape)
        self.encoder.build(self.token_table.rows.shape, self.position_table.rows.shape, tokens_shape)
        shape = (None, self.settings["dimension"])
        self.dropout.build(shape)
        self.classifier.build(shape)
        self.built = True

    def call(self, tokens, rows=None, vocabulary=None, training=False):
        """Return the probability that each review is positive, (batch, 1); the arguments are those of LSTMClassifier.

        `tokens` has at most `sequence_length` columns.
        """
        embedded = self.token_table.rows if rows is None else rows
        positions = self.position_table.rows[: ops.shape(tokens)[1]]
        takes_part = present(tokens, self.settings["mask"])
        x = self.encoder(embedded, positions, tokens, takes_part)
        x = ops.max(ops.where(takes_part[..., None], x, -math.inf), axis=1)
        x = self.dropout(x, training=training)
        return self.classifier(x)


# The models by the names that they have in the config.
MODELS = {"lstm": LSTMClassifier, "transformer": TransformerClassifier}
