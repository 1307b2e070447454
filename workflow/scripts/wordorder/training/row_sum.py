"""Sums of rows by their token on a graphics processor, in a fixed order: the gradient of a lookup.

A scatter adds with atomic operations, whose order differs from run to run, and with it the last bits of the sums. Here
the positions are sorted by token, and each token's program adds up its own, one after the other. JAX alone.
"""

from functools import partial
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

# Positions that are added at a time, and columns that a program has.
POSITIONS, COLUMNS = 128, 128


def launch(kernel: Any, outputs: Any, grid: tuple[int, ...], warps: int, *inputs: Any) -> Any:
    """Run a kernel as `grid` programs of `warps` times 32 threads; without a graphics processor step by step."""
    return pl.pallas_call(
        kernel,
        out_shape=outputs,
        grid=grid,
        compiler_params=triton.CompilerParams(num_warps=warps, num_stages=1),
        interpret=jax.default_backend() != "gpu",
    )(*inputs)


def row_sum(tokens: jax.Array, values: jax.Array, rows: int) -> jax.Array:
    """Return for each token the sum of the values at its positions, (rows, width).

    Args:
        tokens: (positions,) integers below `rows`.
        values: (positions, width).
        rows: number of tokens.

    """
    width = values.shape[1]
    tokens, order = lax.sort_key_val(tokens, jnp.arange(len(tokens), dtype="int32"))
    # All comparisons at once; a search would go step by step.
    starts = jnp.searchsorted(tokens, jnp.arange(rows + 1, dtype=tokens.dtype), method="compare_all").astype("int32")
    grid = rows, pl.cdiv(width, COLUMNS)
    shape = jax.ShapeDtypeStruct((rows, width), values.dtype)
    return launch(partial(add_up, width), shape, grid, 8, starts, order, values)


def add_up(width: int, starts: Any, order: Any, values: Any, sums: Any) -> None:
    """Add up `COLUMNS` columns of one token; `order[starts[token]:starts[token + 1]]` are its positions."""
    token = pl.program_id(0)
    columns = pl.program_id(1) * COLUMNS + jnp.arange(COLUMNS)
    first, end = starts[token], starts[token + 1]

    def step(n: jax.Array, total: jax.Array) -> jax.Array:
        places = first + n * POSITIONS + jnp.arange(POSITIONS)
        positions = triton.load(order.at[places], mask=places < end, other=0)
        mask = (places < end)[:, None] & (columns < width)
        part = triton.load(values.at[positions[:, None], columns[None, :]], mask=mask, other=0)
        return total + jnp.sum(part, axis=0)

    total = lax.fori_loop(0, pl.cdiv(end - first, POSITIONS), step, jnp.zeros(COLUMNS, sums.dtype))
    triton.store(sums.at[token, columns], total, mask=columns < width)
