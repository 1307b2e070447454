"""Keras' backends: how one is chosen and kept to its cores, and what each does in a way of its own.

The only module that knows the backends. Keras is imported by the functions, because one has to be chosen before.
"""

import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wordorder.training.compile_cache import share_compiled_code

BACKENDS = ("jax", "tensorflow")
# Keras imports them, for more than a second, to wrap its models for the one and to be fed by the other.
UNUSED_BY_US = ("sklearn", "pandas")


def start_backend(backend: str, threads: int, compiled_code: Path | None = None) -> None:
    """Choose Keras' backend, one of `BACKENDS`, keep it to `threads` cores, and import Keras.

    `compiled_code` is a folder where JAX finds and leaves what has been compiled.
    """
    if backend == "jax":
        if compiled_code:
            share_compiled_code(compiled_code)
        # Keras would import it, for some seconds, to ask whether what it saves is of TensorFlow.
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    os.environ["KERAS_BACKEND"] = backend
    # Errors only. What TensorFlow says about oneDNN and CUDA before its logging has started cannot be turned off.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC"):
        os.environ[name] = str(threads)
    eigen = "true" if threads > 1 else "false"
    # The whole width of a processor's vectors, of which LLVM takes half: a step takes 5 to 10 % less.
    # On a graphics processor the same bytes each time, for which products are not tuned by trying; and memory as it is
    # needed, so that trainings can share one. What the user sets comes last and counts.
    flags = f"--xla_cpu_multi_thread_eigen={eigen} --xla_cpu_prefer_vector_width=512 --xla_gpu_deterministic_ops=true"
    os.environ["XLA_FLAGS"] = f"{flags} {os.environ.get('XLA_FLAGS', '')}".strip()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    with kept_out(*UNUSED_BY_US):
        import keras  # noqa: F401


@contextmanager
def kept_out(*packages: str) -> Iterator[None]:
    """Let packages that are not imported yet look as if they were not installed."""
    missing = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


def on_gpu() -> bool:
    """Return whether JAX computes on a graphics processor."""
    import keras

    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "gpu"


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the packages, for the records of a run."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def value_and_gradients(function: Callable[[list], tuple], arguments: list) -> tuple[tuple[Any, Any], list]:
    """Differentiate a function of a list of tensors, by the automatic differentiation of the backend.

    `function` returns (value, anything else). Returns what it returned, and the gradients of the value.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function, has_aux=True)(arguments)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        for argument in arguments:
            tape.watch(argument)
        value, more = function(arguments)
    return (value, more), tape.gradient(value, arguments)


def compiled(function: Callable, in_place: Sequence[int] = ()) -> Callable:
    """Compile a function for the backend; the memory of the arguments at the positions `in_place` is used again."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function, donate_argnums=in_place)
    import tensorflow as tf

    return tf.function(function, reduce_retracing=False)


def rows_at(table: Any, tokens: Any) -> Any:
    """Look up rows of a table, as `keras.ops.take(table, tokens, axis=0)` does.

    On JAX that would put NaN where a token is not in the table, and to test for it takes longer than the rest of a time
    step; the lookup by brackets does not. On a graphics processor the gradient is added up in a fixed order.
    """
    import keras

    if keras.backend.backend() != "jax":
        return keras.ops.take(table, tokens, axis=0)
    if not on_gpu():
        return table[tokens]
    import jax

    from wordorder.training.row_sum import row_sum

    @jax.custom_gradient
    def look_up(table: Any) -> tuple[Any, Callable]:
        return table[tokens], lambda upstream: row_sum(tokens.ravel(), upstream.reshape(tokens.size, -1), len(table))

    return look_up(keras.ops.convert_to_tensor(table))


def scan_skips() -> bool:
    """Return whether `scan` leaves out the time steps before `first`, and networks use it."""
    import keras

    return keras.backend.backend() == "jax" and not on_gpu()


def scan(step: Callable, carry: Any, steps: Any, first: Any = None, reverse: bool = False) -> tuple[Any, Any]:
    """Loop over time, as `keras.ops.scan(step, carry, steps, reverse=reverse)` does.

    The time steps before `first` may be left out, and what would have been stacked there is zero then: a number that is
    known only when the loop begins, so that one compilation serves all lengths. Such a loop cannot be differentiated,
    and is for functions that have a gradient of their own.
    """
    import keras

    if first is None or not scan_skips():
        return keras.ops.scan(step, carry, steps, reverse=reverse)
    import jax

    def at(index: Any) -> Any:
        return jax.tree.map(lambda each: jax.lax.dynamic_index_in_dim(each, index, keepdims=False), steps)

    length = len(jax.tree.leaves(steps)[0])
    of_one = jax.eval_shape(lambda: step(carry, at(0)))[1]
    stacked = jax.tree.map(lambda each: jax.numpy.zeros((length, *each.shape), each.dtype), of_one)

    def body(index: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        carry, stacked = state
        index = length - 1 - (index - first) if reverse else index
        carry, here = step(carry, at(index))
        put = jax.lax.dynamic_update_index_in_dim
        return carry, jax.tree.map(lambda all, one: put(all, one, index, 0), stacked, here)

    return jax.lax.fori_loop(first, length, body, (carry, stacked))


def replace_rows(table: Any, tokens: Any, rows: Any) -> Any:
    """Replace rows of a table, as `keras.ops.scatter_update(table, tokens[:, None], rows)` does.

    `tokens` ascend, and none is there twice. On JAX that is worth saying: a graphics processor would sort them first.
    """
    import keras

    if keras.backend.backend() != "jax":
        return keras.ops.scatter_update(table, tokens[:, None], rows)
    return table.at[tokens].set(rows, indices_are_sorted=True, unique_indices=True)
