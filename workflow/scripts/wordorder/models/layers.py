"""Layers over a finite vocabulary, from which the models are built.

The input half of an LSTM is `x @ kernel + bias`. Where `x` stands for one of a finite number of tokens there is no need
to multiply at every position: compute what each token adds to the gates once, and look it up.

    one-hot              onehot(t) @ kernel        = kernel[t]
    learned embedding    onehot(t) @ E @ kernel    = (E @ kernel)[t]
    pretrained vectors   the same, with an E that does not learn
    masking              the row of the padding token shuts the gates, and every review ends where the sequence ends

A batch uses about a tenth of the vocabulary: given the rows of those tokens only, a network works on a vocabulary of
that size.

Everything is written on `keras.ops` and runs on the TensorFlow and the JAX backend alike.
"""

import keras
from keras import ops

# Padding is token 0, here as in `keras.layers.TextVectorization`.
PADDING = 0
# sigmoid(-1e4) is exactly 0 in float32.
SHUT = -1e4


def lstm(gates, recurrent_kernel, tokens, return_sequences=False):
    """Run an LSTM over a finite vocabulary and return its last hidden state, or that after every token.

    The backward pass is written out (backpropagation through time; Hochreiter and Schmidhuber 1997, with the forget
    gate of Gers et al. 2000) because it adds into the gradients of the table and of the recurrent kernel as it goes.
    Only the states are saved; the gates are computed again, which costs no more time than to store and load them.

    Args:
        gates: (vocabulary, 4 * units), what each token adds to the input, forget, cell and output gate: Keras' order.
        recurrent_kernel: (units, 4 * units).
        tokens: (length, batch), rows of `gates`.
        return_sequences: True for the hidden state after every token.

    Returns:
        (batch, units), or (length, batch, units) with `return_sequences`.

    """
    units = recurrent_kernel.shape[0]

    @ops.custom_gradient
    def run(gates, recurrent_kernel):
        def activations(token, hidden, cell):
            z = rows_at(gates, token) + ops.matmul(hidden, recurrent_kernel)
            z_input, z_forget, z_candidate, z_output = ops.split(z, 4, axis=-1)
            input_gate, forget_gate, output_gate = map(ops.sigmoid, (z_input, z_forget, z_output))
            candidate = ops.tanh(z_candidate)
            return input_gate, forget_gate, candidate, output_gate, forget_gate * cell + input_gate * candidate

        def forward(state, token):
            *_, output_gate, cell = activations(token, *state)
            return (output_gate * ops.tanh(cell), cell), state

        start = ops.zeros((ops.shape(tokens)[1], units), dtype=gates.dtype)
        (last_hidden, _), states = ops.scan(forward, (start, start), tokens)

        def gradient(upstream):
            def backward(carry, step):
                d_hidden, d_cell, d_gates, d_recurrent = carry
                token, hidden, cell, *upstream_here = step
                d_hidden = sum(upstream_here, d_hidden)
                input_gate, forget_gate, candidate, output_gate, next_cell = activations(token, hidden, cell)
                squashed = ops.tanh(next_cell)
                d_cell = d_cell + d_hidden * output_gate * (1 - squashed * squashed)
                d_z = ops.concatenate(
                    [
                        d_cell * candidate * input_gate * (1 - input_gate),
                        d_cell * cell * forget_gate * (1 - forget_gate),
                        d_cell * input_gate * (1 - candidate * candidate),
                        d_hidden * squashed * output_gate * (1 - output_gate),
                    ],
                    axis=-1,
                )
                d_gates = ops.scatter_update(d_gates, token[:, None], d_z, reduction="add")
                d_recurrent = d_recurrent + ops.matmul(ops.transpose(hidden), d_z)
                d_hidden = ops.matmul(d_z, ops.transpose(recurrent_kernel))
                return (d_hidden, d_cell * forget_gate, d_gates, d_recurrent), None

            nothing = ops.zeros_like(start), ops.zeros_like(gates), ops.zeros_like(recurrent_kernel)
            carry, steps = (upstream, *nothing), (tokens, *states)
            if return_sequences:
                carry, steps = (start, *nothing), (*steps, upstream)
            (_, _, d_gates, d_recurrent), _ = ops.scan(backward, carry, steps, reverse=True)
            return d_gates, d_recurrent

        if return_sequences:
            # What is saved is the state before each token.
            return ops.concatenate([states[0][1:], last_hidden[None]], axis=0), gradient
        return last_hidden, gradient

    return run(gates, recurrent_kernel)


def rows_at(table, tokens):
    """Look up rows of a table, as `ops.take(table, tokens, axis=0)` does.

    On JAX that would put NaN where a token is not in the table, and to test for it takes longer than the rest of a time
    step; the lookup by brackets does not.
    """
    return table[tokens] if keras.backend.backend() == "jax" else ops.take(table, tokens, axis=0)


@keras.saving.register_keras_serializable("wordorder")
class TokenTable(keras.layers.Layer):
    """One row of numbers for each token of the vocabulary, `rows`: an embedding, or the kernels of a one-hot LSTM.

    Args:
        vocabulary_size: number of rows.
        width: numbers in a row.
        initial_limit: the rows start uniform between minus this and this.

    """

    def __init__(self, vocabulary_size, width, initial_limit, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.width = width
        self.initial_limit = initial_limit

    def build(self, tokens_shape):
        """Create the table; it does not depend on the shape of the tokens."""
        self.rows = self.add_weight(
            shape=(self.vocabulary_size, self.width),
            initializer=keras.initializers.RandomUniform(-self.initial_limit, self.initial_limit),
            name="rows",
        )

    def compute_output_shape(self, tokens_shape):
        """Return the shape of the table, (vocabulary, width)."""
        return self.vocabulary_size, self.width

    def get_config(self):
        """Return what is needed to make this layer again."""
        sizes = {name: getattr(self, name) for name in ("vocabulary_size", "width", "initial_limit")}
        return {**super().get_config(), **sizes}


@keras.saving.register_keras_serializable("wordorder")
class TokenBidirectionalLSTM(keras.layers.Layer):
    """`Bidirectional(LSTM(units))` over a finite vocabulary.

    Args:
        units: of each direction.
        project: True if the rows are token vectors, to be multiplied by the kernels; False if they already are what
            the tokens add to the gates of the forward and the backward LSTM, side by side (one-hot).
        mask: True to leave out trailing padding, as `mask_zero=True` does in Keras.
        pooling: "last" for the last hidden state of each direction, or "max" for the maximum over time of each unit
            (Johnson and Zhang 2016, "Supervised and Semi-Supervised Text Categorization using LSTM for Region
            Embeddings"). With `mask` it is the maximum over the words; that of a review without words is zero.

    """

    def __init__(self, units, project, mask, pooling="last", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.project = project
        self.mask = mask
        self.pooling = pooling

    def build(self, rows_shape, tokens_shape):
        """Create for each direction the weights that `keras.layers.LSTM` has, under the same names."""
        self.kernels, self.recurrent_kernels, self.biases = [], [], []
        for direction in ("forward", "backward"):
            if self.project:
                shape = (rows_shape[-1], 4 * self.units)
                self.kernels.append(
                    self.add_weight(shape=shape, initializer="glorot_uniform", name=f"{direction}_kernel")
                )
            self.recurrent_kernels.append(
                self.add_weight(
                    shape=(self.units, 4 * self.units), initializer="orthogonal", name=f"{direction}_recurrent_kernel"
                )
            )
            self.biases.append(
                self.add_weight(shape=(4 * self.units,), initializer=_unit_forget_bias, name=f"{direction}_bias")
            )

    def call(self, rows, tokens):
        """Return the last hidden state of both directions, or the maximum over time, (batch, 2 * units).

        Args:
            rows: (vocabulary, width); row 0 is the padding token.
            tokens: (batch, length), rows of `rows`; padding only at the end.

        """
        gates = ops.matmul(rows, ops.concatenate(self.kernels, axis=-1)) if self.project else rows
        gates = gates + ops.concatenate(self.biases, axis=-1)
        ahead, back = ops.transpose(tokens), ops.transpose(ops.flip(tokens, axis=1))
        if self.mask:
            # Where both directions meet the padding first, with their input gate shut, the state stays zero until the
            # first word: what Keras reaches by holding the state at every masked step. The gradients vanish as well.
            gates = ops.concatenate([ops.full_like(gates[:1], SHUT), gates[1:]], axis=0)
            ahead = ops.transpose(_padding_first(tokens))
        forward_gates, backward_gates = ops.split(gates, 2, axis=-1)
        return ops.concatenate(
            [
                self._summary(forward_gates, ops.copy(self.recurrent_kernels[0]), ahead),
                self._summary(backward_gates, ops.copy(self.recurrent_kernels[1]), back),
            ],
            axis=-1,
        )

    def _summary(self, gates, recurrent_kernel, tokens):
        """Run one direction over `tokens`, (length, batch), and return what it says of each review, (batch, units)."""
        if self.pooling == "last":
            return lstm(gates, recurrent_kernel, tokens)
        states = lstm(gates, recurrent_kernel, tokens, return_sequences=True)
        if not self.mask:
            return ops.max(states, axis=0)
        words = (tokens != PADDING)[:, :, None]
        # A hidden state is a tanh times a sigmoid, and never below -1.
        return ops.where(ops.any(words, axis=0), ops.max(ops.where(words, states, -1.0), axis=0), 0.0)

    def compute_output_shape(self, rows_shape, tokens_shape):
        """Return (batch, 2 * units)."""
        return tokens_shape[0], 2 * self.units

    def get_config(self):
        """Return what is needed to make this layer again."""
        settings = {name: getattr(self, name) for name in ("units", "project", "mask", "pooling")}
        return {**super().get_config(), **settings}


@keras.saving.register_keras_serializable("wordorder")
class TokenDense(keras.layers.Layer):
    """`Dense(units, activation)` over how often each token occurs in a review; its kernel is the token table.

    What is a product with a vector of the size of the vocabulary in Keras is a sum over the tokens of the review here.
    Padding adds nothing.

    Args:
        units: width of the table.
        activation: as in `keras.layers.Dense`.
        weighted: whether occurrences of a token count as much as its entry of `token_weights` says, a frozen weight of
            this layer of shape (vocabulary,), instead of 1.

    """

    def __init__(self, units, activation, weighted=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.weighted = weighted

    def build(self, rows_shape, tokens_shape):
        """Create the bias, and the weights of the tokens: ones, until `token_weights` is set."""
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        if self.weighted:
            self.token_weights = self.add_weight(
                shape=(rows_shape[0],), initializer="ones", trainable=False, name="token_weights"
            )

    def call(self, rows, tokens, vocabulary=None):
        """Return the activations, (batch, units).

        Args:
            rows: (vocabulary, units); row 0 is the padding token.
            tokens: (batch, length), rows of `rows`.
            vocabulary: (rows,), the tokens that the rows are of, if they are not those of the whole vocabulary.

        """
        if self.weighted:
            token_weights = ops.convert_to_tensor(self.token_weights)
            if vocabulary is not None:
                token_weights = ops.take(token_weights, vocabulary, axis=0)
            rows = rows * token_weights[:, None]
        rows = ops.concatenate([ops.zeros_like(rows[:1]), rows[1:]], axis=0)
        return self.activation(ops.sum(rows_at(rows, tokens), axis=1) + self.bias)

    def compute_output_shape(self, rows_shape, tokens_shape):
        """Return (batch, units)."""
        return tokens_shape[0], self.units

    def get_config(self):
        """Return what is needed to make this layer again."""
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "units": self.units, "activation": activation, "weighted": self.weighted}


def _unit_forget_bias(shape, dtype=None):
    """Zeros, and ones for the forget gate: what `keras.layers.LSTM` starts from (Jozefowicz et al. 2015)."""
    units = shape[0] // 4
    return ops.concatenate([ops.zeros(units, dtype), ops.ones(units, dtype), ops.zeros(2 * units, dtype)])


def _padding_first(tokens):
    """Turn each row of (batch, length) until its trailing padding leads."""
    length = ops.shape(tokens)[1]
    words = ops.sum(ops.cast(tokens != PADDING, "int32"), axis=1, keepdims=True)
    return ops.take_along_axis(tokens, (ops.arange(length, dtype="int32") + words) % length, axis=1)
