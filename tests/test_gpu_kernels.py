"""The kernels for graphics processors, run step by step without one, against what runs on a CPU.

With one, the same tests compare what it computes.
"""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp
from plain_keras import VOCABULARY, complete, token_batch

from wordorder.models import lstm_kernel
from wordorder.models.kinds import lstm, transformer
from wordorder.models.network import build_model
from wordorder.training import backend
from wordorder.training.backend import value_and_gradients
from wordorder.training.row_sum import COLUMNS, POSITIONS, row_sum

TRANSFORMER = {"model": "transformer", "features": "embedding", "dimension": 6, "heads": 2, "sequence_length": 12}


@pytest.fixture(autouse=True)
def _exact():
    # A graphics processor would round the factors of a matrix product to 11 bits.
    with jax.default_matmul_precision("highest"):
        yield


def random_arrays(*shapes):
    generator = np.random.default_rng(1)
    return [jnp.asarray(generator.normal(size=shape), "float32") for shape in shapes]


@pytest.mark.parametrize(("length", "units", "return_sequences"), [(9, 24, True), (2, 64, False), (1, 1, False)])
def test_the_loop_of_an_lstm(length, units, return_sequences):
    # Catches: gates in another order, a state or a gradient of the wrong time step, a kernel of the other direction,
    # padding of the units that is read, the first and the last step, of which a neighbour is missing.
    gates, kernels = random_arrays((2, 7, 4 * units), (2, units, 4 * units))
    tokens = jnp.asarray(np.random.default_rng(2).integers(7, size=(2, length, 3)), "int32")
    (scale,) = random_arrays((2, length, 3, units) if return_sequences else (2, 3, units))

    def one_by_one(*arguments):
        return [lstm.lstm(*each, return_sequences=return_sequences) for each in zip(*arguments, strict=True)]

    def together(*arguments):
        return lstm_kernel.lstms(*map(list, arguments), return_sequences)

    def outcome(function):
        def loss(arrays):
            states = jnp.stack(function(*arrays, tokens))
            return jnp.sum(states * scale), states

        (_, states), gradients = value_and_gradients(loss, [gates, kernels / np.sqrt(units)])
        return states, *gradients

    for found, expected in zip(outcome(together), outcome(one_by_one), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        assert np.abs(expected).max() > 1e-3 or length == 1


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=3 * POSITIONS),
    st.sampled_from([1, 3, COLUMNS, COLUMNS + 1]),
)
def test_sums_of_rows(tokens, width):
    # Catches: a token that does not occur, the end of a run of positions, columns beyond the last.
    values = np.random.default_rng(len(tokens)).normal(size=(len(tokens), width)).astype("float32")
    expected = np.zeros((6, width))
    np.add.at(expected, tokens, values)
    np.testing.assert_allclose(row_sum(jnp.asarray(tokens, "int32"), values, 6), expected, atol=1e-5)


@pytest.mark.whole
@pytest.mark.parametrize(
    "variant",
    [
        {"model": "lstm", "features": "one_hot"},
        {"model": "lstm", "features": "embedding", "dimension": 5, "mask": True, "pooling": "max"},
        TRANSFORMER,
        {**TRANSFORMER, "mask": True},
        {"model": "bag_of_words", "features": "binary"},
    ],
    ids=lambda variant: "-".join(map(str, variant.values())),
)
def test_networks(variant, monkeypatch):
    # Catches: a network that uses a kernel wrongly, or forgets it: each must take another way than on a CPU.
    model = build_model(complete(**variant, units=4, dropout=0.0), VOCABULARY, ["no", "yes"], 1)
    tokens = token_batch([12, 7, 1, 0])
    # The normalizations would blow the rounding of small weights up.
    weights = random_arrays(*(v.shape for v in model.trainable_variables))

    def outcome():
        def loss(values):
            outputs, _ = model.stateless_call(values, model.non_trainable_variables, tokens)
            return jnp.sum(jnp.log(outputs[:, 0]) * jnp.arange(4)), outputs

        (_, outputs), gradients = value_and_gradients(loss, weights)
        return [outputs, *gradients]

    outcomes = []
    for on_gpu in (False, True):
        for module in (backend, lstm, transformer):
            monkeypatch.setattr(module, "on_gpu", lambda answer=on_gpu: answer)
        jax.clear_caches()
        outcomes.append(outcome())
        assert ("pallas_call" in str(jax.make_jaxpr(outcome)())) == on_gpu
    for found, expected in zip(*outcomes, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
