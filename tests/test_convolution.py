"""The convolution against `Conv1D` of plain Keras: same weights, same outputs, gradients. Runs on either backend."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from plain_keras import (
    DIMENSION,
    LENGTH,
    SEEDS,
    THREE_LENGTHS,
    UNITS,
    VOCABULARY,
    assert_same_outputs,
    complete,
    dense,
    same_weights,
    token_batch,
)

from wordorder.inference import load_model, save_model
from wordorder.models.network import build_model
from wordorder.training.backend import value_and_gradients

CASES = [("one_hot", 3), ("one_hot", 2), ("embedding", 3), ("glove", 4), ("cbow", 1)]
LENGTHS = [LENGTH, 7, 2, 1, 0]


def variant(features, region, **changes):
    own = {"dimension": DIMENSION} if features == "embedding" else {}
    own |= {"region": region, "units": UNITS, "sequence_length": LENGTH, "dropout": 0.0}
    return complete("convolution", features=features, **(own | changes))


def parts(plain):
    """Arrange the weights of the plain model as those of ours."""
    kernel, bias = plain.get_layer("convolution").weights
    others = [bias, *plain.get_layer("classifier").weights]
    embeddings = [layer.embeddings for layer in plain.layers if layer.name == "embedding"]
    if embeddings:
        return [*embeddings, kernel, *others]
    # (region, vocabulary, units): a row for each token, place after place.
    return [np.concatenate(np.asarray(kernel), axis=1), *others]


def weights_of(model):
    """Our weights, in the order of `parts`."""
    kernel = [] if model.variant.one_hot else [model.convolution.kernel]
    return [model.token_table.rows, *kernel, model.convolution.bias, *model.classifier.weights]


def pair(features, region, seed=1):
    """Make a plain model with random weights, biases included, and ours with the same."""
    vectors = np.zeros((VOCABULARY, DIMENSION), "float32") if features in ("glove", "cbow") else None
    model = build_model(variant(features, region), VOCABULARY, ["neg", "pos"], seed, vectors)
    return same_weights(model.variant.plain_keras(VOCABULARY, 2, model.dimension), model, parts, weights_of, seed, 0.5)


def gradients(model, tokens):
    """Gradients of a loss in the weights that learn, by the backend's differentiation; by the weight."""
    scale = np.linspace(-1, 2, len(tokens), dtype="float32")
    fixed = [ops.convert_to_tensor(v) for v in model.non_trainable_variables]

    def loss(values):
        return ops.sum(ops.log(model.stateless_call(values, fixed, tokens)[0][:, 0]) * scale), None

    _, found = value_and_gradients(loss, [ops.copy(v) for v in model.trainable_variables])
    return dict(zip(map(id, model.trainable_variables), map(dense, found), strict=True))


@pytest.mark.parametrize(("features", "region"), CASES)
def test_outputs_are_those_of_plain_keras(features, region):
    # Catches: places of a region in another order, a region around padding, words beyond which something is read.
    plain, model = pair(features, region)
    tokens = token_batch(LENGTHS)
    np.testing.assert_allclose(model(tokens), plain(tokens), atol=1e-5)
    assert np.ptp(np.asarray(plain(tokens))) > 0.01


@pytest.mark.parametrize(("features", "region"), CASES)
def test_gradients_are_those_of_plain_keras(features, region):
    # Catches: a mistake in the gradient that is written by hand: another region, place or unit, padding that learns.
    plain, model = pair(features, region)
    tokens = token_batch(LENGTHS)
    ours, theirs = gradients(model, tokens), gradients(plain, tokens)
    for weight in plain.trainable_variables:
        weight.assign(theirs[id(weight)])
    compared = 0
    for weight, gradient in zip(weights_of(model), parts(plain), strict=True):
        if id(weight) in ours:
            np.testing.assert_allclose(ours[id(weight)], gradient, atol=1e-5, err_msg=weight.path)
            assert np.abs(gradient).max() > 1e-3
            compared += 1
    assert compared == len(model.trainable_variables)


@settings(max_examples=50)
@given(lengths=THREE_LENGTHS, seed=SEEDS, case=st.sampled_from(CASES))
def test_outputs_for_any_lengths(lengths, seed, case):
    # Catches: an arrangement of lengths (all empty, all full, shorter than a region) that the examples do not meet.
    assert_same_outputs(pair, case, lengths, seed)


@pytest.mark.parametrize("features", ["one_hot", "cbow"])
def test_padding_and_other_tokens_do_not_matter(features):
    # Catches: padding that moves an output, by a rounding error even; a model that needs the rows of the whole table.
    _, model = pair(features, 3)
    tokens = token_batch([7, 3])
    expected = np.asarray(model(tokens))
    np.testing.assert_array_equal(model(tokens[:, :7]), expected)
    vocabulary, positions = np.unique(np.append(0, tokens), return_inverse=True)
    rows = np.asarray(model.token_table.rows)[vocabulary]
    np.testing.assert_allclose(model(positions[1:].reshape(tokens.shape), rows=rows), expected, atol=1e-6)


def test_initial_values_are_those_of_keras():
    # Catches: a limit of another layer, which decides how well it learns. The first rows start as a kernel of Conv1D.
    many = {"units": 50, "sequence_length": None}
    for features in ("one_hot", "embedding"):
        settings = variant(features, 3, **many)
        model = build_model(settings, 400, ["neg", "pos"], 1)
        plain = model.variant.plain_keras(400, 2)
        kernel = np.asarray(plain.get_layer("convolution").kernel)
        ours = model.token_table.rows if features == "one_hot" else model.convolution.kernel
        assert np.abs(ours).max() == pytest.approx(np.abs(kernel).max(), rel=0.01)


def test_a_saved_model_is_the_same(tmp_path):
    # Catches: a setting or a weight that is not saved.
    _, model = pair("cbow", 3)
    save_model(model, tmp_path / "model.keras")
    tokens = token_batch(LENGTHS)
    np.testing.assert_array_equal(load_model(tmp_path / "model.keras")(tokens), model(tokens))
