"""The LSTMs against plain Keras: same weights, same outputs, same gradients. Runs on either backend."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from plain_keras import (
    CASES,
    LENGTH,
    SEEDS,
    THREE_LENGTHS,
    UNITS,
    assert_same_outputs,
    complete,
    dense,
    lstm_parts,
    lstm_weights,
    pair,
    token_batch,
)

import wordorder
from wordorder.models.kinds.lstm import LSTM, lstm
from wordorder.models.network import build_model
from wordorder.training.backend import scan_skips, value_and_gradients


def all_gradients(model, tokens):
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
    ours, theirs = all_gradients(model, tokens), all_gradients(plain, tokens)
    expected = lstm_parts(plain, [theirs[id(weight)] for weight in plain.weights])
    for weight, gradient in zip(lstm_weights(model), expected, strict=True):
        np.testing.assert_allclose(ours[id(weight)], gradient, atol=1e-5, err_msg=weight.path)
        assert np.abs(gradient).max() > 1e-3


@settings(max_examples=100)
@given(lengths=THREE_LENGTHS, seed=SEEDS, case=st.sampled_from(CASES))
def test_outputs_for_any_lengths(lengths, seed, case):
    # Catches: an arrangement of lengths (all empty, all full, one token) that the examples above do not meet.
    assert_same_outputs(pair, case, lengths, seed)


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


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("first", [0, 3, 6, 8])
def test_the_loop_begins_at_the_first_word(first, return_sequences):
    # Catches: time spent on padding, which would spread what is not a number here; a word left out at either end;
    # states or gradients that differ by a rounding error from those of shorter batches.
    rng = np.random.default_rng(1)
    padding = np.full((1, 4 * UNITS), np.nan if scan_skips() else LSTM.HOLD)
    gates = np.concatenate([padding, rng.normal(size=(5, 4 * UNITS))]).astype("float32")
    kernel = rng.normal(size=(UNITS, 4 * UNITS)).astype("float32")
    tokens = np.concatenate([np.zeros((first, 2)), rng.integers(1, 6, (8 - first, 2))]).astype("int32")

    def run(tokens, first):
        def total(arguments):
            states = lstm(*arguments, tokens, first, return_sequences)
            return ops.sum(ops.sin(states)), states

        return value_and_gradients(total, [ops.convert_to_tensor(gates), ops.convert_to_tensor(kernel)])

    (_, states), gradients = run(ops.convert_to_tensor(tokens), ops.convert_to_tensor(np.int32(first)))
    if return_sequences:
        np.testing.assert_array_equal(states[:first], np.zeros((first, 2, UNITS)))
        states = states[first:]
    if first == len(tokens):
        np.testing.assert_array_equal(states, np.zeros_like(states))
        return
    (_, expected), expected_gradients = run(ops.convert_to_tensor(tokens[first:]), None)
    np.testing.assert_array_equal(states, expected)
    for gradient, other in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_array_equal(dense(gradient), dense(other))
        assert np.abs(dense(gradient)).max() > 1e-3


@pytest.mark.parametrize("pooling", ["last", "max"])
def test_a_review_without_words_is_zero(pooling):
    # Catches: the lowest number of the data type where there is no word to take the maximum over.
    _, model = pair("embedding", True, pooling)
    vectors = model.variant.review_vectors(model, token_batch([0, 0]), model.token_table.rows, None, False)
    np.testing.assert_array_equal(vectors, np.zeros((2, 2 * UNITS)))


def test_maximum_over_words_is_that_of_a_fold():
    # Catches: a maximum that padding takes part in, in both models alike: they share how it is taken.
    plain, _ = pair("embedding", True, "max")
    tokens = token_batch([LENGTH, 7, 1, 0])
    states = np.asarray(keras.Model(plain.inputs, plain.get_layer("bidirectional").output)(tokens))
    expected = [row[: np.count_nonzero(ids)].max(axis=0, initial=-1) for row, ids in zip(states, tokens, strict=True)]
    # Of no word at all it is zero.
    expected[3] = np.zeros(2 * UNITS)
    pooled = keras.Model(plain.inputs, plain.get_layer("dropout").input)(tokens)
    np.testing.assert_allclose(pooled, expected, atol=1e-6)
    # Padding would have been larger.
    assert (states[1, 7:].max(axis=0) > expected[1]).any()


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
    own = {"dimension": dimension} if features == "embedding" else {}
    vectors = np.zeros((20_000, dimension), "float32") if features in ("glove", "cbow") else None
    model = build_model(complete(features=features, units=32, **own), 20_000, ["neg", "pos"], 1, vectors)
    assert model.count_params() == total
    assert sum(np.prod(weight.shape) for weight in model.trainable_variables) == trainable


@pytest.mark.parametrize("features", ["one_hot", "embedding"])
def test_initial_weights_are_distributed_as_those_of_plain_keras(features):
    # Catches: another scale of the start (the table of a one-hot model is two kernels, each with a limit of its own),
    # a recurrent kernel that is not orthogonal, a forget bias that is not 1.
    vocabulary, dimension, units = 3000, 50, 16
    own = {"dimension": dimension} if features == "embedding" else {}
    model = build_model(complete(features=features, units=units, **own), vocabulary, ["neg", "pos"], 1)
    inputs = vocabulary if features == "one_hot" else dimension
    lstm = keras.layers.LSTM(units)
    lstm.build((None, None, inputs))
    embedding = keras.layers.Embedding(vocabulary, dimension)
    embedding.build()
    rows = np.asarray(model.token_table.rows)
    plain_rows = np.asarray(lstm.cell.kernel if features == "one_hot" else embedding.embeddings)
    pairs = [(rows, plain_rows), *((kernel, lstm.cell.kernel) for kernel in lstm_weights(model)[1:-6])]
    for ours, plain in pairs:
        ours, plain = np.asarray(ours), np.asarray(plain)
        np.testing.assert_allclose(np.abs(ours).max(), np.abs(plain).max(), rtol=0.05)
        np.testing.assert_allclose(ours.std(), plain.std(), rtol=0.05)
    *_, ahead, back, ahead_bias, back_bias, _, _ = lstm_weights(model)
    for recurrent, bias in ((ahead, ahead_bias), (back, back_bias)):
        recurrent = np.asarray(recurrent)
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(units), atol=1e-5)
        np.testing.assert_array_equal(bias, lstm.cell.bias)
    assert np.any(np.asarray(ahead) != np.asarray(back))


def test_saved_model_loads_with_the_models_alone(tmp_path):
    # Catches: a saved model that needs the training code or custom_objects, that comes back different, or that holds
    # anything pickled.
    _, model = pair("embedding", True, "max", dropout=0.5, token_dropout=0.5)
    tokens = token_batch([LENGTH, 7, 0])
    path = tmp_path / "model.keras"
    model.save(path)
    code = (
        "import sys, json, numpy as np, keras, wordorder.models.network\n"
        f"model = keras.models.load_model({str(path)!r})\n"
        f"outputs = np.asarray(model(np.array({tokens.tolist()}, 'int32')))\n"
        "modules = sorted(name for name in sys.modules if name.startswith('wordorder.'))\n"
        "print(json.dumps([modules, outputs.tolist(), model.count_params(), model.classes]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(wordorder.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    modules, outputs, parameters, classes = json.loads(run.stdout.splitlines()[-1])
    assert "wordorder.models.kinds.lstm" in modules
    others = ("wordorder.models.kinds.", "wordorder.training.loop", "wordorder.data", "wordorder.io")
    assert [name for name in modules if name.startswith(others)] == ["wordorder.models.kinds.lstm"]
    np.testing.assert_array_equal(np.array(outputs, "float32"), model(tokens))
    assert (parameters, classes) == (model.count_params(), model.classes)
    assert sorted(zipfile.ZipFile(path).namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
