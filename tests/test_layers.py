"""The models against plain Keras: same weights, same outputs, same gradients. Runs on either backend."""

import json
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from plain_keras import CASES, LENGTH, UNITS, pair, token_batch, weights_of

from wordorder.models import layers
from wordorder.models.network import LSTMClassifier
from wordorder.training.loop import compiled, value_and_gradients


def loss_gradients(model, tokens):
    """Gradients of a loss in all weights, those of frozen ones included, by the backend's differentiation."""
    scale = np.linspace(-1, 2, len(tokens), dtype="float32")

    def loss(values):
        trainable = values[: len(model.trainable_variables)]
        fixed = [*values[len(model.trainable_variables) :]]
        rest = model.non_trainable_variables[len(fixed) :]
        outputs, _ = model.stateless_call(trainable, [*fixed, *map(ops.convert_to_tensor, rest)], tokens)
        return ops.sum(ops.log(outputs[:, 0]) * scale), None

    variables = [*model.trainable_variables, *model.non_trainable_weights]
    _, gradients = value_and_gradients(loss, [ops.copy(v) for v in variables])
    return dict(zip(map(id, variables), map(dense, gradients), strict=True))


def dense(gradient):
    """TensorFlow gives the gradient of a lookup as a list of rows."""
    return np.asarray(ops.convert_to_numpy(ops.convert_to_tensor(gradient)))


@pytest.mark.parametrize(("features", "mask", "pooling"), CASES)
def test_outputs_are_those_of_plain_keras(features, mask, pooling):
    # Catches: gates in another order, a direction that ends at the wrong word, padding read or skipped by mistake,
    # a maximum over time that padding takes part in.
    plain, model = pair(features, mask, pooling)
    tokens = token_batch([LENGTH, 7, 1, 0])
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)
    assert np.ptp(np.asarray(plain(tokens))) > 0.01


@pytest.mark.parametrize(("features", "mask", "pooling"), CASES)
def test_gradients_are_those_of_plain_keras(features, mask, pooling):
    # Catches: a mistake in the backward pass that is written by hand, for any weight.
    plain, model = pair(features, mask, pooling)
    tokens = token_batch([LENGTH, 7, 1, 0])
    ours, theirs = loss_gradients(model, tokens), loss_gradients(plain, tokens)
    expected = plain.parts([theirs[id(weight)] for weight in plain.weights])
    for weight, gradient in zip(weights_of(model), expected, strict=True):
        np.testing.assert_allclose(ours[id(weight)], gradient, atol=1e-5, err_msg=weight.path)
        assert np.abs(gradient).max() > 1e-3


@cache
def compiled_pair(case):
    """A plain model and ours with the same weights, compiled: many calls are cheap."""
    return [compiled(model) for model in pair(*case)]


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(0, LENGTH), min_size=3, max_size=3),
    seed=st.integers(0, 10**6),
    case=st.sampled_from(CASES),
)
def test_outputs_for_any_lengths(lengths, seed, case):
    # Catches: an arrangement of lengths (all empty, all full, one token) that the examples above do not meet.
    plain, model = compiled_pair(case)
    tokens = ops.convert_to_tensor(token_batch(lengths, seed))
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)


@pytest.mark.parametrize("features", ["one_hot", "embedding"])
def test_rows_of_a_part_of_the_vocabulary(features):
    # Catches: a model that needs the whole table where only the rows of a batch are given.
    _, model = pair(features, mask=True)
    tokens = token_batch([LENGTH, 7, 3])
    vocabulary, positions = np.unique(np.append(0, tokens), return_inverse=True)
    rows = np.asarray(model.token_table.rows)[vocabulary]
    outputs = model(positions[1:].reshape(tokens.shape).astype("int32"), rows=rows)
    np.testing.assert_allclose(outputs, model(tokens), atol=1e-6)


@pytest.mark.parametrize(
    ("features", "pooling"), [("one_hot", "last"), ("embedding", "last"), ("glove", "last"), ("cbow", "max")]
)
def test_masked_outputs_do_not_depend_on_the_padding(features, pooling):
    # Catches: padding that moves a masked output, be it by a rounding error; batches are trimmed to any length.
    _, model = pair(features, True, pooling)
    tokens = token_batch([7, 3])
    np.testing.assert_array_equal(model(tokens), model(tokens[:, :7]))


@pytest.mark.parametrize("pooling", ["last", "max"])
def test_a_review_without_words_says_nothing(pooling):
    # Catches: the lowest number of the data type where there is no word to take the maximum over.
    _, model = pair("embedding", True, pooling)
    rows = model.token_table.rows
    np.testing.assert_array_equal(model.bidirectional(rows, token_batch([0, 0])), np.zeros((2, 2 * UNITS)))


@pytest.mark.parametrize("features", ["one_hot", "embedding"])
def test_token_dropout_drops_whole_rows(features):
    # Catches: single numbers of a row dropped, rows that are not scaled up, biases that are dropped as well, a dropout
    # that is not the same wherever a token stands, or that is on at prediction.
    plain, model = pair(features, True, "max", token_dropout=0.25)
    tokens = token_batch([LENGTH, 7, 1, 0])
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)
    state, rows = model.token_dropout.seed_generator.state, np.asarray(model.token_table.rows)
    state.assign([1, 2])
    dropped = np.asarray(model.token_dropout(model.token_table.rows, training=True))
    kept = np.any(dropped != 0, axis=1)
    np.testing.assert_allclose(dropped, np.where(kept[:, None], rows / 0.75, 0), rtol=1e-6)
    assert 0.5 < kept.mean() < 0.95
    state.assign([1, 2])
    outputs = model(tokens, training=True)
    np.testing.assert_allclose(outputs, model(tokens, rows=dropped), atol=1e-6)
    assert np.ptp(np.asarray(outputs) - np.asarray(model(tokens))) > 1e-3


@pytest.mark.parametrize(
    ("features", "dimension", "total", "trainable"),
    [
        ("one_hot", None, 5_128_513, 5_128_513),
        ("embedding", 256, 5_194_049, 5_194_049),
        ("glove", 100, 2_034_113, 34_113),
        ("cbow", 100, 2_034_113, 2_034_113),
    ],
)
def test_sizes_are_those_of_the_chapter(features, dimension, total, trainable):
    # Catches: a weight too many or too few, and vectors that learn though they are frozen.
    model = LSTMClassifier(features, 20_000, 32, 0.5, dimension)
    model.build()
    assert model.count_params() == total
    assert sum(np.prod(weight.shape) for weight in model.trainable_variables) == trainable


@pytest.mark.parametrize("features", ["one_hot", "embedding"])
def test_initial_weights_are_distributed_as_those_of_plain_keras(features):
    # Catches: another scale of the start (the table of a one-hot model is two kernels, each with a limit of its own),
    # a recurrent kernel that is not orthogonal, a forget bias that is not 1.
    vocabulary, dimension, units = 3000, 50, 16
    model = LSTMClassifier(features, vocabulary, units, 0.5, None if features == "one_hot" else dimension)
    model.build()
    inputs = vocabulary if features == "one_hot" else dimension
    lstm = keras.layers.LSTM(units)
    lstm.build((None, None, inputs))
    embedding = keras.layers.Embedding(vocabulary, dimension)
    embedding.build()
    rows = np.asarray(model.token_table.rows)
    plain_rows = np.asarray(lstm.cell.kernel if features == "one_hot" else embedding.embeddings)
    pairs = [(rows, plain_rows), *((kernel, lstm.cell.kernel) for kernel in model.bidirectional.kernels)]
    for ours, plain in pairs:
        ours, plain = np.asarray(ours), np.asarray(plain)
        np.testing.assert_allclose(np.abs(ours).max(), np.abs(plain).max(), rtol=0.05)
        np.testing.assert_allclose(ours.std(), plain.std(), rtol=0.05)
    for recurrent, bias in zip(model.bidirectional.recurrent_kernels, model.bidirectional.biases, strict=True):
        recurrent = np.asarray(recurrent)
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(units), atol=1e-5)
        np.testing.assert_array_equal(bias, lstm.cell.bias)
    assert len({tuple(np.asarray(kernel).ravel()) for kernel in model.bidirectional.recurrent_kernels}) == 2


def test_saved_model_loads_with_the_models_alone(tmp_path):
    # Catches: a saved model that needs the training code or custom_objects, that comes back different, or that holds
    # anything pickled.
    _, model = pair("embedding", True, "max", dropout=0.5, token_dropout=0.5)
    tokens = token_batch([LENGTH, 7, 0])
    path = tmp_path / "model.keras"
    model.save(path)
    code = (
        "import sys, json, numpy as np, keras, wordorder.models\n"
        f"model = keras.models.load_model({str(path)!r})\n"
        f"outputs = np.asarray(model(np.array({tokens.tolist()}, 'int32')))\n"
        "modules = sorted(name for name in sys.modules if name.startswith('wordorder'))\n"
        "print(json.dumps([modules, outputs.tolist(), model.count_params()]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(layers.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    modules, outputs, parameters = json.loads(run.stdout.splitlines()[-1])
    assert modules == ["wordorder", "wordorder.layers", "wordorder.models", "wordorder.transformer"]
    np.testing.assert_array_equal(np.array(outputs, "float32"), model(tokens))
    assert parameters == model.count_params()
    assert sorted(zipfile.ZipFile(path).namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
