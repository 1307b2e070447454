"""The chapter's models in plain Keras, the oracle for ours, and how the weights of the two correspond."""

import keras
import numpy as np
from keras import ops

from wordorder.models.network import LSTMClassifier

VOCABULARY, DIMENSION, UNITS, LENGTH = 40, 5, 3, 12
CASES = [
    *((features, mask, "last") for features in ("one_hot", "embedding", "glove") for mask in (False, True)),
    *((features, mask, "max") for features, mask in [("one_hot", True), ("embedding", False), ("cbow", True)]),
]


class PlainClassifier(keras.Model):
    """The chapter's models as the chapter builds them: `one_hot` or `Embedding`, `Bidirectional(LSTM)`, `Dense`.

    Or, with the pooling "max", the largest state of each unit in place of the last; with more than two classes a
    softmax in place of the sigmoid.
    """

    def __init__(self, features, mask, pooling="last", classes=2):
        super().__init__()
        self.features, self.mask, self.pooling = features, mask, pooling
        # Look up each row of the embedding once and multiply. On TensorFlow the RMSprop of Keras 3 (3.15) squares the
        # gradients of a token that occurs several times before it adds them up: neither what its formula says, nor what
        # Keras 2 and Keras on JAX compute.
        self.each_row_once = False
        if features != "one_hot":
            self.embedding = keras.layers.Embedding(
                VOCABULARY, DIMENSION, mask_zero=mask, trainable=features != "glove"
            )
        self.bidirectional = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=pooling == "max"))
        self.classifier = (
            keras.layers.Dense(1, activation="sigmoid") if classes == 2 else keras.layers.Dense(classes, "softmax")
        )

    def call(self, tokens):
        """Return the probability of a positive review, (batch, 1), or those of the classes, (batch, classes)."""
        if self.features == "one_hot":
            embedded = ops.one_hot(tokens, VOCABULARY)
        elif self.each_row_once:
            embedded = ops.matmul(ops.one_hot(tokens, VOCABULARY), self.embedding(ops.arange(VOCABULARY)))
        else:
            embedded = self.embedding(tokens)
        x = self.bidirectional(embedded, mask=tokens != 0 if self.mask else None)
        if self.pooling == "max":
            x = ops.max(x, axis=1) if not self.mask else self.maximum_over_words(x, tokens)
        return self.classifier(x)

    @staticmethod
    def maximum_over_words(states, tokens):
        """Fold over time: each word may raise the maximum, padding may not."""
        largest = None
        for time in range(states.shape[1]):
            word, state = (tokens[:, time] != 0)[:, None], states[:, time]
            if largest is None:
                # A word comes first, or there is none.
                largest = ops.where(word, state, 0.0)
            largest = ops.where(ops.logical_and(word, state > largest), state, largest)
        return largest

    def parts(self, values=None):
        """Arrange the weights, or the given values for them, as those of LSTMClassifier."""
        values = dict(zip(map(id, self.weights), self.weights if values is None else values, strict=True))
        ahead, back = (
            direction.cell for direction in (self.bidirectional.forward_layer, self.bidirectional.backward_layer)
        )
        kernels = [values[id(ahead.kernel)], values[id(back.kernel)]]
        recurrent = [values[id(cell.recurrent_kernel)] for cell in (ahead, back)]
        biases = [values[id(cell.bias)] for cell in (ahead, back)]
        dense = [values[id(weight)] for weight in self.classifier.weights]
        if self.features == "one_hot":
            return [np.concatenate(kernels, axis=1), *recurrent, *biases, *dense]
        return [values[id(self.embedding.embeddings)], *kernels, *recurrent, *biases, *dense]


def weights_of(model):
    """The weights of a LSTMClassifier, by their role."""
    lstm = model.bidirectional
    return [model.token_table.rows, *lstm.kernels, *lstm.recurrent_kernels, *lstm.biases, *model.classifier.weights]


def pair(features, mask, pooling="last", seed=1, dropout=0.0, token_dropout=0.0, classes=2):
    """Make a plain model with random weights, biases included, and ours with the same."""
    rng = np.random.default_rng(seed)
    plain = PlainClassifier(features, mask, pooling, classes)
    plain(np.ones((1, LENGTH), "int32"))
    for weight in plain.weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    dimension = None if features == "one_hot" else DIMENSION
    model = LSTMClassifier(features, VOCABULARY, UNITS, dropout, dimension, mask, pooling, token_dropout, classes)
    model.build()
    for weight, value in zip(weights_of(model), plain.parts(), strict=True):
        # A copy: on JAX the training of one model would delete the arrays of the other.
        weight.assign(np.array(value))
    return plain, model


def token_batch(lengths, seed=1, vocabulary=VOCABULARY):
    """Random tokens, padded with 0."""
    tokens = np.random.default_rng(seed).integers(1, vocabulary, (len(lengths), LENGTH)).astype("int32")
    return np.where(np.arange(LENGTH) < np.array(lengths)[:, None], tokens, 0)
