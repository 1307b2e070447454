"""A bidirectional LSTM over one-hot tokens or token vectors (chapter 11, listings 11.13 to 11.20)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from wordorder.models.later import Tensor, keras, ops
from wordorder.models.recurrent import Recurrent
from wordorder.training.backend import on_gpu, rows_at, scan


class LSTM(Recurrent):
    """The chapter's LSTMs."""

    SENTENCE: ClassVar[str] = "A bidirectional LSTM over {features}."
    # The input, forget, cell and output gate: Keras' order.
    GATES: ClassVar[int] = 4
    # With the input gate shut nothing gets into the state: sigmoid(-1e4) is exactly 0 in float32.
    HOLD: ClassVar[float] = -1e4

    model: Literal["lstm"] = Field("lstm", description="The kind of model.")

    @property
    def loops_over_words(self) -> bool:
        """With a mask, the loop begins where the first word of a batch is."""
        return self.mask

    def cell_weights(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        """Return the weights of `keras.layers.LSTM`."""
        width = self.GATES * self.units
        return {"recurrent_kernel": ((self.units, width), "orthogonal"), "bias": ((width,), unit_forget_bias)}

    def run(
        self,
        gates: Sequence[Tensor],
        weights: Sequence[Mapping[str, Tensor]],
        tokens: Sequence[Tensor],
        first: Tensor | None,
        return_sequences: bool,
    ) -> Sequence[Tensor]:
        """Run both directions."""
        recurrent_kernels = [each["recurrent_kernel"] for each in weights]
        if on_gpu():
            from wordorder.models import lstm_kernel

            if self.units <= lstm_kernel.MOST_UNITS:
                return lstm_kernel.lstms(gates, recurrent_kernels, tokens, return_sequences)
        return [lstm(*each, first, return_sequences) for each in zip(gates, recurrent_kernels, tokens, strict=True)]

    def plain_layer(self) -> "keras.Layer":
        """Return one direction as a layer of Keras."""
        return keras.layers.LSTM(self.units, return_sequences=self.pooling == "max")


def unit_forget_bias(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
    """Return zeros, and ones for the forget gate: what `keras.layers.LSTM` starts from (Jozefowicz et al. 2015)."""
    units = shape[0] // 4
    return ops.concatenate([ops.zeros(units, dtype), ops.ones(units, dtype), ops.zeros(2 * units, dtype)])


def activate(z: Sequence[Tensor], cell: Tensor) -> tuple[Tensor, ...]:
    """Return the input gate, the forget gate, the candidate, the output gate and the next state of the cell.

    `z` are the inputs of the gates and of the candidate, in Keras' order.
    """
    z_input, z_forget, z_candidate, z_output = z
    input_gate, forget_gate, output_gate = map(ops.sigmoid, (z_input, z_forget, z_output))
    candidate = ops.tanh(z_candidate)
    return input_gate, forget_gate, candidate, output_gate, forget_gate * cell + input_gate * candidate


def gate_gradients(
    d_hidden: Tensor, d_cell: Tensor, gates: Sequence[Tensor], cell: Tensor, next_cell: Tensor
) -> tuple[list[Tensor], Tensor]:
    """Return the gradients of the four `z`, and that of the state of the cell, from those of both next states.

    `gates` and `next_cell` are what `activate` returned for the state `cell`.
    """
    input_gate, forget_gate, candidate, output_gate = gates
    squashed = ops.tanh(next_cell)
    d_cell = d_cell + d_hidden * output_gate * (1 - squashed * squashed)
    d_z = [
        d_cell * candidate * input_gate * (1 - input_gate),
        d_cell * cell * forget_gate * (1 - forget_gate),
        d_cell * input_gate * (1 - candidate * candidate),
        d_hidden * squashed * output_gate * (1 - output_gate),
    ]
    return d_z, d_cell * forget_gate


def lstm(
    gates: Tensor,
    recurrent_kernel: Tensor,
    tokens: Tensor,
    first: Tensor | None = None,
    return_sequences: bool = False,
) -> Tensor:
    """Run an LSTM over a finite vocabulary and return its last hidden state, or that after every token.

    The backward pass is written out (backpropagation through time; Hochreiter and Schmidhuber 1997, with the forget
    gate of Gers et al. 2000) because it adds into the gradients of the table and of the recurrent kernel as it goes.
    Only the states are saved; the gates are computed again, which costs no more time than to store and load them.

    Args:
        gates: (vocabulary, 4 * units), what each token adds to the gates.
        recurrent_kernel: (units, 4 * units).
        tokens: (length, batch), rows of `gates`.
        first: the time step before which the state stays zero; None if there is no such.
        return_sequences: True for the hidden state after every token.

    Returns:
        (batch, units), or (length, batch, units) with `return_sequences`.

    """
    units = recurrent_kernel.shape[0]

    @ops.custom_gradient
    def run(gates: Tensor, recurrent_kernel: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
        def activations(token: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
            z = rows_at(gates, token) + ops.matmul(hidden, recurrent_kernel)
            return activate(ops.split(z, 4, axis=-1), cell)

        def forward(state: tuple[Tensor, Tensor], token: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
            *_, output_gate, cell = activations(token, *state)
            return (output_gate * ops.tanh(cell), cell), state

        start = ops.zeros((ops.shape(tokens)[1], units), dtype=gates.dtype)
        (last_hidden, _), states = scan(forward, (start, start), tokens, first)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            def backward(carry: tuple[Tensor, ...], step: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], None]:
                d_hidden, d_cell, d_gates, d_recurrent = carry
                token, hidden, cell, *upstream_here = step
                d_hidden = sum(upstream_here, d_hidden)
                *gate_values, next_cell = activations(token, hidden, cell)
                d_z, d_cell = gate_gradients(d_hidden, d_cell, gate_values, cell, next_cell)
                d_z = ops.concatenate(d_z, axis=-1)
                d_gates = ops.scatter_update(d_gates, token[:, None], d_z, reduction="add")
                d_recurrent = d_recurrent + ops.matmul(ops.transpose(hidden), d_z)
                d_hidden = ops.matmul(d_z, ops.transpose(recurrent_kernel))
                return (d_hidden, d_cell, d_gates, d_recurrent), None

            nothing = ops.zeros_like(start), ops.zeros_like(gates), ops.zeros_like(recurrent_kernel)
            carry, steps = (upstream, *nothing), (tokens, *states)
            if return_sequences:
                carry, steps = (start, *nothing), (*steps, upstream)
            (_, _, d_gates, d_recurrent), _ = scan(backward, carry, steps, first, reverse=True)
            return d_gates, d_recurrent

        if return_sequences:
            # What is saved is the state before each token.
            return ops.concatenate([states[0][1:], last_hidden[None]], axis=0), gradient
        return last_hidden, gradient

    return run(gates, recurrent_kernel)
