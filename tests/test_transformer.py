"""The Transformer against plain Keras: same weights, same outputs, gradients and steps. Runs on either backend."""

import json
import math
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from plain_keras import LENGTH, VOCABULARY, token_batch

from wordorder.models import transformer
from wordorder.training.batching import batches
from wordorder.data.encoded import EncodedReviews
from wordorder.models.network import TransformerClassifier
from wordorder.training.loop import (
    RMSprop,
    Trainer,
    build_model,
    compiled,
    load_model,
    predict,
    save_model,
    value_and_gradients,
)

DIMENSION, HEADS, UNITS = 6, 2, 3


class PlainTransformer(keras.Model):
    """Listings 11.21 to 11.25 in Keras' own layers, with the mask passed to the attention and to the maximum."""

    def __init__(self, mask):
        super().__init__()
        self.mask = mask
        self.embedding = keras.layers.Embedding(VOCABULARY, DIMENSION)
        self.positions = keras.layers.Embedding(LENGTH, DIMENSION)
        self.attention = keras.layers.MultiHeadAttention(num_heads=HEADS, key_dim=DIMENSION)
        self.normalization_1 = keras.layers.LayerNormalization()
        self.hidden = keras.layers.Dense(UNITS, activation="relu")
        self.projection = keras.layers.Dense(DIMENSION)
        self.normalization_2 = keras.layers.LayerNormalization()
        self.classifier = keras.layers.Dense(1, activation="sigmoid")

    def call(self, tokens):
        """Return the probability of a positive review, (batch, 1)."""
        length = tokens.shape[1]
        # Each row is looked up once (see `each_row_once` in plain_keras.py).
        vectors = ops.matmul(ops.one_hot(tokens, VOCABULARY), self.embedding(ops.arange(VOCABULARY)))
        positions = ops.matmul(ops.one_hot(ops.arange(length), LENGTH), self.positions(ops.arange(LENGTH)))
        inputs = vectors + positions
        # A review without tokens has one: its first padding.
        present = ops.convert_to_tensor(tokens) != 0 if self.mask else ops.ones_like(tokens, dtype="bool")
        present = ops.concatenate([ops.ones_like(present[:, :1]), present[:, 1:]], axis=1)
        x = self.normalization_1(inputs + self.attention(inputs, inputs, attention_mask=present[:, None, :]))
        x = self.normalization_2(x + self.projection(self.hidden(x)))
        return self.classifier(ops.max(ops.where(present[..., None], x, -1e9), axis=1))

    def parts(self):
        """Arrange the weights as those of TransformerClassifier."""
        layers = [self.embedding, self.positions, self.attention, self.normalization_1, self.hidden, self.projection]
        return [weight for layer in [*layers, self.normalization_2, self.classifier] for weight in layer.weights]


def weights_of(model):
    """The weights of a TransformerClassifier, in the order of those of PlainTransformer."""
    encoder = model.encoder
    attention = encoder.attention
    projections = [weight for pair in zip(attention.kernels, attention.biases, strict=True) for weight in pair]
    layers = [encoder.attention_normalization, encoder.hidden, encoder.projection, encoder.normalization]
    return [
        model.token_table.rows,
        model.position_table.rows,
        *projections,
        attention.output_kernel,
        attention.output_bias,
        *(weight for layer in [*layers, model.classifier] for weight in layer.weights),
    ]


def pair(mask=True, dropout=0.0, seed=1):
    """Make a plain model with random weights, biases included, and ours with the same."""
    rng = np.random.default_rng(seed)
    plain = PlainTransformer(mask)
    plain(np.ones((1, LENGTH), "int32"))
    model = TransformerClassifier("embedding", VOCABULARY, LENGTH, DIMENSION, HEADS, UNITS, dropout, mask)
    model.build()
    assert len(plain.parts()) == len(plain.weights) == len(model.trainable_variables)
    for weight, value in zip(weights_of(model), plain.parts(), strict=True):
        value.assign(rng.normal(0, 0.7, value.shape))
        # A copy: on JAX the training of one model would delete the arrays of the other.
        weight.assign(np.array(value))
    return plain, model


def encoded(tokens, labels):
    """Encoded reviews from padded rows of tokens."""
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(tokens, axis=1))])
    ids, classes = [str(i) for i in range(len(tokens))], ["neg", "pos"]
    return EncodedReviews(ids, np.array(labels, np.int8), tokens[tokens != 0], offsets, classes)


def gradients(model, weights, tokens):
    """Gradients of a loss in the given weights, by the backend's differentiation."""
    scale = np.linspace(-1, 2, len(tokens), dtype="float32")

    def loss(values):
        values = dict(zip(map(id, weights), values, strict=True))
        outputs, _ = model.stateless_call([values[id(v)] for v in model.trainable_variables], fixed, tokens)
        return ops.sum(ops.log(outputs[:, 0]) * scale), None

    fixed = [ops.convert_to_tensor(v) for v in model.non_trainable_variables]
    found = value_and_gradients(loss, [ops.copy(v) for v in weights])[1]
    return [np.asarray(ops.convert_to_numpy(ops.convert_to_tensor(gradient))) for gradient in found]


@pytest.mark.parametrize("mask", [False, True])
def test_outputs_are_those_of_plain_keras(mask):
    # Catches: heads mixed up, a missing scale or bias, positions added to the wrong tokens, padding that is looked at.
    plain, model = pair(mask)
    tokens = token_batch([LENGTH, 7, 1, 0])
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)
    assert np.ptp(np.asarray(plain(tokens))) > 0.01


@pytest.mark.parametrize("mask", [False, True])
def test_gradients_are_those_of_plain_keras(mask):
    # Catches: a product with a kernel that is made once and whose gradient is lost, and NaN from minus infinity.
    plain, model = pair(mask)
    tokens = token_batch([LENGTH, 7, 1, 0])
    ours, theirs = (
        gradients(m, weights, tokens) for m, weights in [(model, weights_of(model)), (plain, plain.parts())]
    )
    for weight, one, two in zip(plain.parts(), ours, theirs, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5, err_msg=weight.path)
        # A bias of the keys adds the same to all scores of a query, which changes nothing.
        assert np.abs(two).max() > 1e-3 or weight.path.endswith("key/bias")


@cache
def compiled_pair():
    """A plain model and ours with the same weights, compiled: many calls are cheap."""
    return [compiled(model) for model in pair()]


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(0, LENGTH), min_size=3, max_size=3), seed=st.integers(0, 10**6))
def test_outputs_for_any_lengths(lengths, seed):
    # Catches: an arrangement of lengths (all empty, all full, one token) that the examples above do not meet.
    plain, model = compiled_pair()
    tokens = ops.convert_to_tensor(token_batch(lengths, seed))
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)


def test_padding_takes_no_part():
    # Catches: padding that is looked at, or that the maximum is taken of; batches are trimmed to any length. And a
    # review without tokens, of which there is neither a mean nor a maximum.
    _, model = pair()
    tokens = token_batch([7, 3, 0])
    expected = np.asarray(model(tokens))
    assert np.isfinite(expected).all()
    for length in (7, 9):
        np.testing.assert_allclose(model(tokens[:, :length]), expected, atol=1e-6)
    rows, positions = np.array(model.token_table.rows), np.array(model.position_table.rows)
    rows[0] = positions[7:] = 100
    model.token_table.rows.assign(rows)
    model.position_table.rows.assign(positions)
    np.testing.assert_allclose(model(tokens)[:2], expected[:2], atol=1e-6)


def test_rows_of_a_part_of_the_vocabulary():
    # Catches: a model that needs the whole table where only the rows of a batch are given.
    _, model = pair()
    tokens = token_batch([LENGTH, 7, 3])
    vocabulary, places = np.unique(np.append(0, tokens), return_inverse=True)
    rows = np.asarray(model.token_table.rows)[vocabulary]
    outputs = model(places[1:].reshape(tokens.shape).astype("int32"), rows=rows, vocabulary=vocabulary)
    np.testing.assert_allclose(outputs, model(tokens), atol=1e-6)


def test_size_is_that_of_the_chapter():
    # Catches: a weight too many or too few.
    model = TransformerClassifier("embedding", 20_000, 600, 256, 2, 32, 0.5, True)
    model.build()
    attention = 3 * (256 * 2 * 256 + 2 * 256) + 2 * 256 * 256 + 256
    encoder = attention + 2 * 2 * 256 + (256 * 32 + 32) + (32 * 256 + 256)
    assert encoder == 543_776
    assert model.count_params() == 20_000 * 256 + 600 * 256 + encoder + 256 + 1 == 5_817_633


def test_initial_weights_are_distributed_as_those_of_the_chapter():
    # Catches: another scale of the start, biases that are not 0, kernels that are all the same. In Keras 2 the fans of
    # (a, b, c) are a * b and a * c (keras.src.initializers.initializers._compute_fans).
    dimension = 40
    model = TransformerClassifier("embedding", 3000, 200, dimension, HEADS, 32, 0.5, True)
    model.build()
    attention = model.encoder.attention
    inner = math.sqrt(6 / (dimension * HEADS + dimension * dimension))
    outer = math.sqrt(6 / (HEADS * dimension + HEADS * dimension))
    limits = [(kernel, inner) for kernel in attention.kernels] + [(attention.output_kernel, outer)]
    limits += [(model.token_table.rows, 0.05), (model.position_table.rows, 0.05)]
    for weight, limit in limits:
        np.testing.assert_allclose(np.abs(np.asarray(weight)).max(), limit, rtol=0.02)
        np.testing.assert_allclose(np.asarray(weight).std(), limit / math.sqrt(3), rtol=0.05)
    assert len({np.asarray(weight).ravel()[0] for weight, _ in limits}) == len(limits)
    for bias in [*attention.biases, attention.output_bias]:
        np.testing.assert_array_equal(bias, np.zeros(bias.shape))


def test_steps_are_those_of_plain_keras():
    # Catches: an update that is not that of Keras' RMSprop, also for tokens and positions that are absent from some
    # batches; weights that the training does not know.
    optimizer = RMSprop(learning_rate=0.01, rho=0.9, epsilon=1e-7)
    plain, model = pair()
    plain.compile(keras.optimizers.RMSprop(*optimizer[:2], epsilon=optimizer.epsilon), "binary_crossentropy")
    tokens = np.concatenate([token_batch([9, 7, 3, 1], seed, 4 + 9 * seed) for seed in range(1, 5)])[:15]
    labels = np.arange(15) % 3 == 0
    data = encoded(tokens, labels)
    trainer = Trainer(model, optimizer, seed=1)
    chunks = np.split(np.arange(15), [4, 8, 12])
    for step, batch in enumerate(batches(data, chunks, 4, VOCABULARY, LENGTH, trim=True)):
        loss, _ = trainer.run_batch(batch, data.labels, step)
        expected = plain.train_on_batch(tokens[chunks[step]], labels[chunks[step], None].astype("float32"))
        np.testing.assert_allclose(loss, expected, atol=1e-5)
        trainer.assign()
        for weight, value in zip(weights_of(model), plain.parts(), strict=True):
            np.testing.assert_allclose(weight, value, atol=1e-4, err_msg=weight.path)


def test_dropout_is_at_work_in_training_only():
    # Catches: a dropout that is left out, or that is applied in prediction.
    tokens = token_batch([9, 5])
    data = encoded(tokens, [0, 1])
    (batch,) = batches(data, [np.arange(2)], 2, VOCABULARY, LENGTH, trim=True)
    _, model = pair(dropout=0.5)
    trainer = Trainer(model, RMSprop(0.0, 0.9, 1e-7), seed=1)
    assert len({float(trainer.run_batch(batch, data.labels, step)[0]) for step in range(3)}) == 3
    np.testing.assert_array_equal(model(tokens), model(tokens))


def test_prediction_is_that_of_the_model_review_by_review():
    # Catches: reviews cut or padded wrongly, an empty review that fails.
    _, model = pair()
    tokens = token_batch(np.random.default_rng(3).integers(0, LENGTH + 1, 80), seed=3)
    expected = model(tokens)[:, 0]
    np.testing.assert_allclose(predict(model, encoded(tokens, np.zeros(80)), LENGTH), expected, atol=1e-6)


def test_saved_model_loads_with_the_models_alone(tmp_path):
    # Catches: a saved model that needs the training code or custom_objects, that comes back different; initial weights
    # that are not a function of the seed.
    variant = {
        "model": "transformer",
        "features": "embedding",
        "dimension": 4,
        "heads": 2,
        "units": 3,
        "dropout": 0.5,
        "mask": True,
        "sequence_length": LENGTH,
    }
    model = build_model(variant, VOCABULARY, None, seed=1)
    for one, two in zip(model.get_weights(), build_model(variant, VOCABULARY, None, 1).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    path = tmp_path / "model.keras"
    save_model(model, path)
    for one, two in zip(load_model(path).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    tokens = token_batch([LENGTH, 7, 0])
    code = (
        "import json, numpy as np, keras, wordorder.models\n"
        f"model = keras.models.load_model({str(path)!r})\n"
        f"print(json.dumps(np.asarray(model(np.array({tokens.tolist()}, 'int32'))).tolist()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(transformer.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    np.testing.assert_array_equal(np.array(json.loads(run.stdout.splitlines()[-1]), "float32"), model(tokens))
