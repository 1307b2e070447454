"""The Transformer against plain Keras: same weights, same outputs, gradients and steps. Runs on either backend."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from keras import ops
from plain_keras import (
    LENGTH,
    SEEDS,
    THREE_LENGTHS,
    VOCABULARY,
    assert_same_outputs,
    complete,
    dense,
    encoded,
    plain_step,
    same_weights,
    token_batch,
)

import wordorder
from wordorder.inference import load_model, predict, save_model
from wordorder.models.network import build_model
from wordorder.training.backend import value_and_gradients
from wordorder.training.loop import Trainer

DIMENSION, HEADS, UNITS = 6, 2, 3
CLASSES = ["neg", "pos"]


def variant(**changes):
    own = {"dimension": DIMENSION, "heads": HEADS, "units": UNITS, "sequence_length": LENGTH, "dropout": 0.0}
    return complete("transformer", features="embedding", **(own | changes))


def parts(plain):
    """Arrange the weights of the plain model as those of ours."""
    names = ["embedding", "positions", "attention", "attention_normalization", "hidden", "projection", "normalization"]
    return [weight for name in [*names, "classifier"] for weight in plain.get_layer(name).weights]


def weights_of(model):
    """Our weights, in the order of those of the plain model."""
    layers = [model.token_table, model.position_table, model.attention, model.attention_normalization]
    layers += [model.hidden, model.projection, model.normalization, model.classifier]
    return [weight for layer in layers for weight in layer.weights]


def pair(mask=True, seed=1, **settings):
    """Make a plain model with random weights, biases included, and ours with the same."""
    model = build_model(variant(mask=mask, **settings), VOCABULARY, CLASSES, seed)
    plain = model.variant.plain_keras(VOCABULARY, 2)
    assert len(parts(plain)) == len(plain.weights) == len(model.trainable_variables)
    return same_weights(plain, model, parts, weights_of, seed, 0.7)


def gradients(model, weights, tokens):
    """Gradients of a loss in the given weights, by the backend's differentiation."""
    scale = np.linspace(-1, 2, len(tokens), dtype="float32")

    def loss(values):
        values = dict(zip(map(id, weights), values, strict=True))
        outputs, _ = model.stateless_call([values[id(v)] for v in model.trainable_variables], fixed, tokens)
        return ops.sum(ops.log(outputs[:, 0]) * scale), None

    fixed = [ops.convert_to_tensor(v) for v in model.non_trainable_variables]
    return [dense(gradient) for gradient in value_and_gradients(loss, [ops.copy(v) for v in weights])[1]]


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
    ours, theirs = (gradients(m, weights, tokens) for m, weights in [(model, weights_of(model)), (plain, parts(plain))])
    for weight, one, two in zip(parts(plain), ours, theirs, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5, err_msg=weight.path)
        # A bias of the keys adds the same to all scores of a query, which changes nothing.
        assert np.abs(two).max() > 1e-3 or weight.path.endswith("key/bias")


@settings(max_examples=50)
@given(lengths=THREE_LENGTHS, seed=SEEDS)
def test_outputs_for_any_lengths(lengths, seed):
    # Catches: an arrangement of lengths (all empty, all full, one token) that the examples above do not meet.
    assert_same_outputs(pair, (), lengths, seed)


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
    model = build_model(variant(dimension=256, units=32, sequence_length=600), 20_000, CLASSES, 1)
    attention = 3 * (256 * 2 * 256 + 2 * 256) + 2 * 256 * 256 + 256
    encoder = attention + 2 * 2 * 256 + (256 * 32 + 32) + (32 * 256 + 256)
    assert encoder == 543_776
    assert model.count_params() == 20_000 * 256 + 600 * 256 + encoder + 256 + 1 == 5_817_633


def test_initial_weights_are_distributed_as_those_of_the_chapter():
    # Catches: another scale of the start, biases that are not 0, kernels that are all the same. In Keras 2 the fans of
    # (a, b, c) are a * b and a * c (keras.src.initializers.initializers._compute_fans).
    dimension = 40
    model = build_model(variant(dimension=dimension, units=32, sequence_length=200), 3000, CLASSES, 1)
    attention = model.attention
    kernels = [attention.query_kernel, attention.key_kernel, attention.value_kernel]
    inner = math.sqrt(6 / (dimension * HEADS + dimension * dimension))
    outer = math.sqrt(6 / (HEADS * dimension + HEADS * dimension))
    limits = [(kernel, inner) for kernel in kernels] + [(attention.output_kernel, outer)]
    limits += [(model.token_table.rows, 0.05), (model.position_table.rows, 0.05)]
    for weight, limit in limits:
        np.testing.assert_allclose(np.abs(np.asarray(weight)).max(), limit, rtol=0.02)
        np.testing.assert_allclose(np.asarray(weight).std(), limit / math.sqrt(3), rtol=0.05)
    assert len({np.asarray(weight).ravel()[0] for weight, _ in limits}) == len(limits)
    for bias in [attention.query_bias, attention.key_bias, attention.value_bias, attention.output_bias]:
        np.testing.assert_array_equal(bias, np.zeros(bias.shape))


def test_steps_are_those_of_plain_keras():
    # Catches: an update that is not that of Keras' RMSprop, also for tokens and positions that are absent from some
    # batches; weights that the training does not know.
    optimizer = {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7}
    plain, model = pair(optimizer=optimizer)
    theirs = keras.optimizers.RMSprop(**optimizer)
    tokens = np.concatenate([token_batch([9, 7, 3, 1], seed, 4 + 9 * seed) for seed in range(1, 5)])[:15]
    labels = np.arange(15) % 3 == 0
    data = encoded(tokens, labels)
    trainer = Trainer(model, seed=1)
    chunks = np.split(np.arange(15), [4, 8, 12])
    for step, batch in enumerate(model.batches(data, chunks, 4, training=True)):
        loss, _ = trainer.run_batch(batch, data.labels, step)
        expected = plain_step(plain, theirs, tokens[chunks[step]], labels[chunks[step]])
        np.testing.assert_allclose(loss, expected, atol=1e-5)
        trainer.assign()
        for weight, value in zip(weights_of(model), parts(plain), strict=True):
            np.testing.assert_allclose(weight, value, atol=1e-4, err_msg=weight.path)


def test_dropout_is_at_work_in_training_only():
    # Catches: a dropout that is left out, or that is applied in prediction.
    tokens = token_batch([9, 5])
    data = encoded(tokens, [0, 1])
    _, model = pair(dropout=0.5, optimizer={"learning_rate": 1e-30})
    (batch,) = model.batches(data, [np.arange(2)], 2, training=True)
    trainer = Trainer(model, seed=1)
    assert len({float(trainer.run_batch(batch, data.labels, step)[0]) for step in range(3)}) == 3
    np.testing.assert_array_equal(model(tokens), model(tokens))


def test_prediction_is_that_of_the_model_review_by_review():
    # Catches: reviews cut or padded wrongly, an empty review that fails.
    _, model = pair()
    tokens = token_batch(np.random.default_rng(3).integers(0, LENGTH + 1, 80), seed=3)
    expected = model(tokens)[:, 0]
    np.testing.assert_allclose(predict(model, encoded(tokens, np.zeros(80))), expected, atol=1e-6)


def test_saved_model_loads_with_the_models_alone(tmp_path):
    # Catches: a saved model that needs the training code or custom_objects, that comes back different; initial weights
    # that are not a function of the seed.
    settings = variant(mask=True, dropout=0.5)
    model, again = (build_model(settings, VOCABULARY, CLASSES, 1) for _ in range(2))
    for one, two in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    path = tmp_path / "model.keras"
    save_model(model, path)
    for one, two in zip(load_model(path).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    tokens = token_batch([LENGTH, 7, 0])
    code = (
        "import json, numpy as np, keras, wordorder.models.network\n"
        f"model = keras.models.load_model({str(path)!r})\n"
        f"print(json.dumps(np.asarray(model(np.array({tokens.tolist()}, 'int32'))).tolist()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(wordorder.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    np.testing.assert_array_equal(np.array(json.loads(run.stdout.splitlines()[-1]), "float32"), model(tokens))
