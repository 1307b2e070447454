"""The loop over time of an LSTM as one kernel for a graphics processor, and another for its gradient. JAX alone.

A scan launches several small kernels for each time step, and waiting for them is most of what it does; so it is with
cuDNN. Here a program for each review runs all its time steps: the recurrent kernel is read once and stays in registers
(Diamos et al. 2016, "Persistent RNNs: Stashing Recurrent Weights On-Chip"), and what the next token adds to the gates
is loaded while the present one is worked on.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp
from jax.experimental import pallas as pl

from wordorder.models.kinds.lstm import activate, gate_gradients
from wordorder.training.row_sum import launch, row_sum

# The recurrent kernel of more does not fit the registers. Tensors of a kernel have powers of two as sizes.
FEWEST_UNITS, MOST_UNITS = 16, 64


def lstms(
    gates: Sequence[jax.Array],
    recurrent_kernels: Sequence[jax.Array],
    tokens: Sequence[jax.Array],
    return_sequences: bool,
) -> list[jax.Array]:
    """Run several LSTMs of at most `MOST_UNITS` units side by side.

    The arguments are for each LSTM those of `models.kinds.lstm.lstm`, and so are the results.
    """
    units, rows = recurrent_kernels[0].shape[0], gates[0].shape[0]
    size = max(FEWEST_UNITS, pl.next_power_of_2(units))

    def together(tables: Sequence[jax.Array], more_rows: int) -> jax.Array:
        # Units without weights stay at zero.
        table = jnp.stack(tables).reshape(len(tables), -1, 4, units)
        return jnp.pad(table, ((0, 0), (0, more_rows), (0, 0), (0, size - units))).reshape(-1, 4 * size)

    states = persistent_lstms(
        together(gates, 0),
        together(recurrent_kernels, size - units),
        jnp.concatenate([each + n * rows for n, each in enumerate(tokens)], axis=1),
        return_sequences,
    )
    return jnp.split(states[..., :units], len(tokens), axis=-2)


def persistent_lstms(gates: jax.Array, kernels: jax.Array, tokens: jax.Array, return_sequences: bool) -> jax.Array:
    """Run LSTMs whose number of units is a power of two.

    Args:
        gates: (rows, 4 * units), those of all LSTMs.
        kernels: (lstms * units, 4 * units), the recurrent kernels.
        tokens: (length, lstms * batch), rows of `gates`; each LSTM has an equal part.
        return_sequences: True for the hidden state after every token, (length, lstms * batch, units).

    """
    length, reviews = tokens.shape
    units = kernels.shape[1] // 4
    count = kernels.shape[0] // units
    warps = max(1, (units // 32) ** 2)

    @jax.custom_gradient
    def run(gates: jax.Array, kernels: jax.Array) -> tuple[jax.Array, Callable]:
        shapes = [jax.ShapeDtypeStruct((length, reviews, size), gates.dtype) for size in (units, units, 4 * units)]
        hidden, cell, activations = launch(forward, shapes, (reviews,), warps, gates, kernels, tokens)

        def gradient(upstream: jax.Array) -> tuple[jax.Array, jax.Array]:
            kernel = partial(backward, return_sequences)
            d_z = launch(kernel, shapes[2], (reviews,), warps, kernels, cell, activations, upstream)
            d_gates = row_sum(tokens.reshape(-1), d_z.reshape(-1, 4 * units), len(gates))
            before = hidden[:-1].reshape(length - 1, count, reviews // count, units)
            after = d_z[1:].reshape(length - 1, count, reviews // count, 4 * units)
            d_kernels = jnp.einsum("tnru,tnrz->nuz", before, after, precision="highest")
            return d_gates, d_kernels.reshape(kernels.shape)

        return (hidden if return_sequences else hidden[-1]), gradient

    return run(gates, kernels)


def of_gates(units: int) -> list[Any]:
    """Return the columns of each gate."""
    return [pl.ds(gate * units, units) for gate in range(4)]


def weights_of(review: Any, kernels: Any) -> list[jax.Array]:
    """Read the recurrent kernel of a review, (units, units) for each gate."""
    units = kernels.shape[1] // 4
    first = review * (kernels.shape[0] // units) // pl.num_programs(0) * units
    return [kernels[pl.ds(first, units), columns] for columns in of_gates(units)]


def forward(gates: Any, kernels: Any, tokens: Any, hidden_states: Any, cell_states: Any, activations: Any) -> None:
    """Run one review; the outputs are (length, batch, units), the activations of the gates side by side."""
    review = pl.program_id(0)
    length, units = tokens.shape[0], kernels.shape[1] // 4
    weights = weights_of(review, kernels)

    def token_at(time: Any) -> jax.Array:
        return tokens[jnp.minimum(time, length - 1), review]

    def rows(token: jax.Array) -> list[jax.Array]:
        return [gates[token, columns] for columns in of_gates(units)]

    def step(time: jax.Array, carry: tuple) -> tuple:
        hidden, cell, here, next_token = carry
        following = rows(next_token), token_at(time + 2)
        # A product with each kernel, which is not worth a matrix unit for a single row.
        z = [row + jnp.sum(hidden[:, None] * weight, axis=0) for row, weight in zip(here, weights, strict=True)]
        *gate_values, cell = activate(z, cell)
        hidden = gate_values[-1] * jnp.tanh(cell)
        hidden_states[time, review, :] = hidden
        cell_states[time, review, :] = cell
        for columns, value in zip(of_gates(units), gate_values, strict=True):
            activations[time, review, columns] = value
        return hidden, cell, *following

    start = jnp.zeros(units, gates.dtype)
    lax.fori_loop(0, length, step, (start, start, rows(token_at(0)), token_at(1)))


def backward(
    return_sequences: bool, kernels: Any, cell_states: Any, activations: Any, upstream: Any, d_gates: Any
) -> None:
    """Run one review backwards, from what `forward` gave; `d_gates` is (length, batch, 4 * units)."""
    review = pl.program_id(0)
    length, _, units = cell_states.shape
    weights = weights_of(review, kernels)
    nothing = jnp.zeros(units, d_gates.dtype)

    def saved(time: Any) -> tuple:
        time = jnp.maximum(time, 0)
        cell = jnp.where(time > 0, cell_states[jnp.maximum(time - 1, 0), review, :], 0)
        here = upstream[time, review, :] if return_sequences else nothing
        return [activations[time, review, columns] for columns in of_gates(units)], cell, here

    def step(n: jax.Array, carry: tuple) -> tuple:
        d_hidden, d_cell, next_cell, (gate_values, cell, here) = carry
        time = length - 1 - n
        before = saved(time - 1)
        d_z, d_cell = gate_gradients(d_hidden + here, d_cell, gate_values, cell, next_cell)
        for columns, value in zip(of_gates(units), d_z, strict=True):
            d_gates[time, review, columns] = value
        # Added up before the sum along a row, which takes the threads some exchanges.
        products = sum(weight * value[None, :] for weight, value in zip(weights, d_z, strict=True))
        return jnp.sum(products, axis=1), d_cell, cell, before

    d_hidden = nothing if return_sequences else upstream[review, :]
    carry = d_hidden, nothing, cell_states[length - 1, review, :], saved(length - 1)
    lax.fori_loop(0, length, step, carry)
