"""The models: from the token numbers of a review to the probabilities of its classes.

Each begins with a table that has a row for each token of the vocabulary. A batch uses about a tenth of the vocabulary,
and training and prediction hand a model the rows of those tokens only.

Importing this module, which needs of the project only `layers.py` and `transformer.py`, is all that
`keras.models.load_model` needs to load a saved model.
"""

import math
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from wordorder.models.layers import TokenBidirectionalLSTM, TokenDense, TokenTable
from wordorder.models.transformer import TransformerEncoder, present

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews


def class_probabilities(classes):
    """Return the last layer: a sigmoid, the probability of the second of two classes, or a softmax over more."""
    if classes == 2:
        return keras.layers.Dense(1, activation="sigmoid", name="classifier")
    return keras.layers.Dense(classes, activation="softmax", name="classifier")


class TokenClassifier(keras.Model):
    """What training and prediction need to know of a model.

    For two classes a model returns the probability of the second, (batch, 1), for more those of each, (batch, classes).
    `settings` are the arguments of the constructor, and `token_table` is the layer with the rows of the tokens. `trims`
    says whether padding adds nothing, so that a batch need not be longer than its longest review. The tokens of a batch
    are filled up with others to a multiple of `vocabulary_step`: the larger, the less often a model is compiled, and
    the more rows it is given for nothing. `prediction_batch` is the number of reviews that are predicted at a time.
    """

    # The keys of a variant that the constructor takes under the same names.
    SETTINGS = ()
    trims = True
    vocabulary_step = 512
    prediction_batch = 256
    # Whether `adapt` finds all weights, so that there is nothing left to train by gradients.
    solved = False

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews as the model reads them."""
        return data

    def adapt(self, training: "EncodedReviews") -> None:
        """Take from the training reviews what is not learned by gradients, as `adapt` in Keras does: nothing."""

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
        classes: number of classes, two or more.
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
        classes=2,
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
            "classes": classes,
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
        self.classifier = class_probabilities(classes)

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
        """Return the probabilities, (batch, 1 or classes).

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


@keras.saving.register_keras_serializable("wordorder")
class BagOfWordsClassifier(TokenClassifier):
    """A dense network over which tokens a review has, or how many (chapter 11, listings 11.3 to 11.11).

    It computes what `TextVectorization(output_mode="multi_hot")` or "tf_idf", `Dense(units, "relu")`, `Dropout` and
    `Dense(1, "sigmoid")` of Keras compute. In these modes the chapter's vocabulary has no padding token; ours has, so
    of the same number of tokens one less is of words.

    Args:
        features: "binary" (each distinct token of a review once) or "tf_idf" (every occurrence, times the logarithm of
            how rare the token is; see `adapt`).
        vocabulary_size: number of tokens, padding and unknown included.
        units: of the hidden layer.
        dropout: fraction dropped between the hidden layer and the classifier.
        classes: number of classes, two or more.

    """

    SETTINGS = ("features", "units", "dropout")
    # To compile a bag of words takes as long as some hundred steps, and its rows are short.
    vocabulary_step = 8192

    def __init__(self, features, vocabulary_size, units, dropout, classes=2, **kwargs):
        super().__init__(**kwargs)
        self.settings = {
            "features": features,
            "vocabulary_size": vocabulary_size,
            "units": units,
            "dropout": dropout,
            "classes": classes,
        }
        self.token_table = TokenTable(
            vocabulary_size,
            width=units,
            # glorot_uniform, as for the kernel of a Dense layer.
            initial_limit=math.sqrt(6 / (vocabulary_size + units)),
            name="kernel",
        )
        self.hidden = TokenDense(units, "relu", weighted=features == "tf_idf", name="hidden")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.classifier = class_probabilities(classes)

    def build(self, input_shape=None):
        """Create all weights; they do not depend on the shape of the input."""
        tokens_shape = (None, None)
        self.token_table.build(tokens_shape)
        self.hidden.build(self.token_table.rows.shape, tokens_shape)
        shape = self.hidden.compute_output_shape(self.token_table.rows.shape, tokens_shape)
        self.dropout.build(shape)
        self.classifier.build(shape)
        self.built = True

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews with each token once, if only that counts."""
        return data.distinct() if self.settings["features"] == "binary" else data

    def adapt(self, training: "EncodedReviews") -> None:
        """Set the inverse document frequencies, for tf-idf.

        They are `log(1 + N / (1 + df))` for a token in df of the N training reviews, and their mean for unknown tokens:
        those of `TextVectorization(output_mode="tf_idf")`.
        """
        if self.settings["features"] == "tf_idf":
            frequencies = training.document_frequencies(self.settings["vocabulary_size"])
            weights = np.log1p(len(training.labels) / (1 + frequencies))
            weights[0] = 0
            weights[1] = weights[2:].mean()
            self.hidden.token_weights.assign(weights.astype(np.float32))

    def call(self, tokens, rows=None, vocabulary=None, training=False):
        """Return the probabilities, (batch, 1 or classes); arguments as for `LSTMClassifier`.

        For binary features the tokens of a review are to be distinct, as `prepare` makes them.
        """
        x = self.hidden(self.token_table.rows if rows is None else rows, tokens, vocabulary)
        x = self.dropout(x, training=training)
        return self.classifier(x)


@keras.saving.register_keras_serializable("wordorder")
class NBSVMClassifier(TokenClassifier):
    """NB-SVM with a logistic loss (Wang and Manning 2012): a sum of weights of the distinct tokens of a review.

    Args:
        features: "binary".
        vocabulary_size: number of tokens, padding and unknown included.
        C: inverse of the strength of the regularization, as in scikit-learn.
        classes: number of classes, two or more. With more, each has a classifier that tells it from the rest, and their
            probabilities are divided by their sum.

    """

    SETTINGS = ("features", "C")
    # A batch has tens of thousands of tokens.
    vocabulary_step = 65536
    solved = True

    def __init__(self, features, vocabulary_size, C, classes=2, **kwargs):
        super().__init__(**kwargs)
        self.settings = {"features": features, "vocabulary_size": vocabulary_size, "C": C, "classes": classes}
        width = 1 if classes == 2 else classes
        self.token_table = TokenTable(vocabulary_size, width=width, initial_limit=0, name="kernel")
        self.classifier = TokenDense(width, "sigmoid" if classes == 2 else "log_sigmoid", name="classifier")

    def build(self, input_shape=None):
        """Create all weights; they do not depend on the shape of the input."""
        tokens_shape = (None, None)
        self.token_table.build(tokens_shape)
        self.classifier.build(self.token_table.rows.shape, tokens_shape)
        self.built = True

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews with each token once."""
        return data.distinct()

    def adapt(self, training: "EncodedReviews") -> None:
        """Find all weights. Raises InputError if there are none to be found."""
        # Not at the top: the other models do without scikit-learn, which takes a second and 100 MB.
        from wordorder.models.naive_bayes import fit_nbsvm

        weights, biases = fit_nbsvm(self.prepare(training), self.settings["vocabulary_size"], self.settings["C"])
        self.token_table.rows.assign(weights)
        self.classifier.bias.assign(biases)

    def call(self, tokens, rows=None, vocabulary=None, training=False):
        """Return the probabilities, (batch, 1 or classes); arguments as for `LSTMClassifier`.

        The tokens of a review are to be distinct, as `prepare` makes them.
        """
        x = self.classifier(self.token_table.rows if rows is None else rows, tokens)
        # Sigmoids divided by their sum, which may be too small to divide by.
        return x if self.settings["classes"] == 2 else ops.softmax(x)


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
        classes: number of classes, two or more.

    """

    SETTINGS = ("features", "sequence_length", "dimension", "heads", "units", "dropout", "mask")
    # At full length a review takes megabytes: its queries, keys, values and sums, 600 by 256 numbers each.
    prediction_batch = 32

    def __init__(
        self,
        features,
        vocabulary_size,
        sequence_length,
        dimension,
        heads,
        units,
        dropout,
        mask=False,
        classes=2,
        **kwargs,
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
            "classes": classes,
        }
        self.trims = mask
        # The limit is that of an Embedding.
        self.token_table = TokenTable(vocabulary_size, width=dimension, initial_limit=0.05, name=features)
        self.position_table = TokenTable(sequence_length, width=dimension, initial_limit=0.05, name="positions")
        self.encoder = TransformerEncoder(units, heads, name="encoder")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.classifier = class_probabilities(classes)

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
        """Return the probabilities, (batch, 1 or classes); the arguments are those of LSTMClassifier.

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
MODELS = {
    "lstm": LSTMClassifier,
    "bag_of_words": BagOfWordsClassifier,
    "nbsvm": NBSVMClassifier,
    "transformer": TransformerClassifier,
}
