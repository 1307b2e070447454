"""The models: from the token numbers of a review to the probability that it is positive.

Each begins with a table that has a row for each token of the vocabulary. A batch uses about a tenth of the vocabulary,
and training and prediction hand a model the rows of those tokens only.

Importing this module, which needs nothing of the project but `layers.py`, is all that `keras.models.load_model` needs
to load a saved model.
"""

import math
from typing import TYPE_CHECKING

import keras

from wordorder.layers import TokenBidirectionalLSTM, TokenTable

if TYPE_CHECKING:
    from wordorder.encoded import EncodedReviews


class TokenClassifier(keras.Model):
    """What training and prediction need to know of a model.

    `settings` are the arguments of the constructor, and `token_table` is the layer with the rows of the tokens. `trims`
    says whether padding adds nothing, so that a batch need not be longer than its longest review.
    """

    # The keys of a variant that the constructor takes under the same names.
    SETTINGS = ()
    trims = True

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
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
        features: "one_hot", "embedding" (learned), "glove" (pretrained and frozen) or "cbow" (pretrained and trained
            further). The pretrained vectors are to be set as `token_table.rows`.
        vocabulary_size: number of tokens, padding and unknown included.
        dimension: of the token vectors; None for one-hot.
        mask: leave out the padding.
        units: of the LSTM in each direction.
        dropout: fraction dropped between the LSTM and the classifier.
        pooling: "last" or "max", see `TokenBidirectionalLSTM`.
        token_dropout: fraction of the tokens of a batch that are dropped: all places of a token go at once (Gal and
            Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks").

    """

    SETTINGS = ("features", "dimension", "units", "dropout", "mask", "pooling", "token_dropout")

    def __init__(
        self,
        features,
        vocabulary_size,
        units,
        dropout,
        dimension=None,
        mask=False,
        pooling="last",
        token_dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = {
            "features": features,
            "vocabulary_size": vocabulary_size,
            "dimension": dimension,
            "mask": mask,
            "units": units,
            "dropout": dropout,
            "pooling": pooling,
            "token_dropout": token_dropout,
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
        # Whole rows are dropped, and the others scaled up by as much.
        self.token_dropout = keras.layers.Dropout(token_dropout, noise_shape=(None, 1), name="token_dropout")
        self.bidirectional = TokenBidirectionalLSTM(
            units, project=not one_hot, mask=mask, pooling=pooling, name="bidirectional_lstm"
        )
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.classifier = keras.layers.Dense(1, activation="sigmoid", name="classifier")

    def build(self, input_shape=None):
        """Create all weights; they do not depend on the shape of the input."""
        tokens_shape = (None, None)
        self.token_table.build(tokens_shape)
        self.token_dropout.build(self.token_table.rows.shape)
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
        embedded = self.token_dropout(embedded, training=training)
        x = self.bidirectional(embedded, tokens)
        x = self.dropout(x, training=training)
        return self.classifier(x)


# The models by the names that they have in the config.
MODELS = {"lstm": LSTMClassifier}
