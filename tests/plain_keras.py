"""The chapter's models in plain Keras, the oracle for ours: pairs with the same weights, and steps of training."""

from functools import cache

import keras
import numpy as np
from hypothesis import strategies as st
from keras import ops

from wordorder.data.encoded import EncodedReviews
from wordorder.models.kind import kind_named
from wordorder.models.network import build_model
from wordorder.training.backend import compiled, value_and_gradients

VOCABULARY, DIMENSION, UNITS, LENGTH = 40, 5, 3, 12
CASES = [
    *((features, mask, "last") for features in ("one_hot", "embedding", "glove") for mask in (False, True)),
    *((features, mask, "max") for features, mask in [("one_hot", True), ("embedding", False), ("cbow", True)]),
]


def complete(model="lstm", **settings):
    """The settings of a variant, with the defaults for those that are not given."""
    return kind_named(model)(model=model, **settings).settings()


def pair(features, mask, pooling="last", classes=2, seed=1, **settings):
    """Make a plain LSTM with random weights, biases included, and ours with the same; without dropout unless given."""
    if features == "embedding":
        settings["dimension"] = DIMENSION
    settings = {"units": UNITS, "dropout": 0.0, "sequence_length": LENGTH, **settings}
    variant = complete(features=features, mask=mask, pooling=pooling, **settings)
    vectors = np.zeros((VOCABULARY, DIMENSION), "float32") if features in ("glove", "cbow") else None
    model = build_model(variant, VOCABULARY, "abc"[:classes], seed, vectors)
    plain = model.variant.plain_keras(VOCABULARY, classes, model.dimension)
    return same_weights(plain, model, lstm_parts, lstm_weights, seed, 0.5)


def same_weights(plain, model, parts, weights, seed, scale):
    """Give both random weights: `weights(model)` are those of ours that correspond to `parts(plain)`."""
    rng = np.random.default_rng(seed)
    for weight in plain.weights:
        weight.assign(rng.normal(0, scale, weight.shape))
    for weight, value in zip(weights(model), parts(plain), strict=True):
        # A copy: on JAX the training of one model would delete the arrays of the other.
        weight.assign(np.array(value))
    return plain, model


def lstm_parts(plain, values=None):
    """Arrange the weights of a plain LSTM, or the given values for them, as those of ours."""
    values = dict(zip(map(id, plain.weights), plain.weights if values is None else values, strict=True))
    wrapper = plain.get_layer("bidirectional")
    cells = [wrapper.forward_layer.cell, wrapper.backward_layer.cell]
    kernels, recurrent, biases = (
        [values[id(getattr(cell, name))] for cell in cells] for name in ("kernel", "recurrent_kernel", "bias")
    )
    classifier = [values[id(weight)] for weight in plain.get_layer("classifier").weights]
    embeddings = [layer.embeddings for layer in plain.layers if layer.name == "embedding"]
    if not embeddings:
        return [np.concatenate(kernels, axis=1), *recurrent, *biases, *classifier]
    return [values[id(embeddings[0])], *kernels, *recurrent, *biases, *classifier]


def lstm_weights(model):
    """The weights of our LSTM, by their role."""
    block = model.bidirectional
    names = ["recurrent_kernel", "bias"] if model.variant.one_hot else ["kernel", "recurrent_kernel", "bias"]
    both = [getattr(block, f"{direction}_{name}") for name in names for direction in ("forward", "backward")]
    return [model.token_table.rows, *both, *model.classifier.weights]


@cache
def compiled_pair(make, *case):
    """A plain model and ours with the same weights, compiled: many calls are cheap."""
    return [compiled(model) for model in make(*case)]


THREE_LENGTHS = st.lists(st.integers(0, LENGTH), min_size=3, max_size=3)
SEEDS = st.integers(0, 10**6)


def assert_same_outputs(make, case, lengths, seed):
    """Compare the outputs of a pair that `make` gives for a case, for reviews of these lengths."""
    plain, model = compiled_pair(make, *case)
    tokens = ops.convert_to_tensor(token_batch(lengths, seed))
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)


def token_batch(lengths, seed=1, vocabulary=VOCABULARY):
    """Random tokens, padded with 0."""
    tokens = np.random.default_rng(seed).integers(1, vocabulary, (len(lengths), LENGTH)).astype("int32")
    return np.where(np.arange(LENGTH) < np.array(lengths)[:, None], tokens, 0)


def encoded(tokens, labels, classes=("neg", "pos")):
    """Encoded reviews from padded rows of tokens."""
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(tokens, axis=1))])
    return EncodedReviews([str(i) for i in range(len(tokens))], np.array(labels), tokens[tokens != 0], offsets, classes)


def dense(gradient):
    """Return a gradient as an array: TensorFlow gives that of a lookup as a list of rows."""
    return np.asarray(ops.convert_to_numpy(ops.convert_to_tensor(gradient)))


def cross_entropy(labels):
    """Return the mean cross-entropy of outputs as Keras computes it: of indices of classes, or of soft labels."""
    labels = np.asarray(labels, "float32")

    def loss(outputs):
        if outputs.shape[1] == 1:
            return keras.losses.BinaryCrossentropy()(labels[:, None], outputs)
        if labels.ndim == 2:
            return keras.losses.CategoricalCrossentropy()(labels, outputs)
        return keras.losses.SparseCategoricalCrossentropy()(labels, outputs)

    return loss


def plain_step(plain, optimizer, inputs, labels, outputs_of=None):
    """Take a step of a plain model with an optimizer of Keras; return the loss.

    `outputs_of` computes the outputs from the trainable weights, in place of the model. The gradients go to the
    optimizer as arrays. On TensorFlow the RMSprop of Keras 3 (3.15) squares the gradients of a token that occurs
    several times before it adds them up: neither what its formula says, nor what Keras 2 and Keras on JAX compute.
    """
    fixed = [ops.convert_to_tensor(v) for v in plain.non_trainable_variables]

    def loss(values):
        outputs = outputs_of(values) if outputs_of else plain.stateless_call(values, fixed, inputs)[0]
        return cross_entropy(labels)(outputs), None

    (value, _), gradients = value_and_gradients(loss, [ops.copy(v) for v in plain.trainable_variables])
    optimizer.apply([ops.convert_to_tensor(dense(gradient)) for gradient in gradients], plain.trainable_variables)
    return float(value)


def scaled_mask(rate, shape, state):
    """What a dropout of Keras multiplies by, as numbers, if its generator starts from this state."""
    generator = keras.random.SeedGenerator(0)
    generator.state.assign(np.array(state, "uint32"))
    return ops.convert_to_numpy(keras.random.dropout(ops.ones(shape), rate, seed=generator))
