"""The network of a variant: from the token ids of a review to the probabilities of its classes.

Each begins with a table that has a row for each token of the vocabulary. A batch uses about a tenth of the vocabulary,
and training and prediction hand a network the rows of those tokens only.

There is one class for all kinds of model, whose files (`models/kinds/`) say which layers it has and what it computes.
Importing this module is all that `keras.models.load_model` needs to load a saved network.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from wordorder.models.kind import variant_of
from wordorder.models.later import Tensor
from wordorder.training.backend import on_gpu, scan_skips
from wordorder.training.batching import Batch, Rounding, batches

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews


_weights_follow = ContextVar("weights_follow", default=False)


@contextmanager
def weights_follow() -> Iterator[None]:
    """Build networks from zeros, because their weights are about to be read: to draw some takes two seconds."""
    token = _weights_follow.set(True)
    try:
        yield
    finally:
        _weights_follow.reset(token)


class TokenTable(keras.layers.Layer):
    """One row of numbers for each token, `rows`: an embedding, or the kernels of a layer over one-hot tokens.

    The rows start uniform between minus `initial_limit` and this.
    """

    def __init__(self, vocabulary_size: int, width: int, initial_limit: float, name: str, trainable: bool = True):
        super().__init__(name=name, trainable=trainable)
        self.shape = vocabulary_size, width
        self.initial_limit = initial_limit

    def rows_initializer(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Draw the rows; Keras draws the seed of an initializer as it is made, which is no earlier than here."""
        return keras.initializers.RandomUniform(-self.initial_limit, self.initial_limit)(shape, dtype)

    def build(self, input_shape: Any = None) -> None:
        """Create the table."""
        self.rows = self.add_weight(shape=self.shape, initializer=self.rows_initializer, name="rows")

    def compute_output_shape(self, input_shape: Any = None) -> tuple[int, int]:
        """Return the shape of the table, for the summary."""
        return self.shape


class Block(keras.layers.Layer):
    """Weights that belong together, each an attribute; what is computed with them stands in the file of the kind.

    `weights` holds for each name its shape and its initializer.
    """

    def __init__(self, name: str, weights: Mapping[str, tuple[tuple[int, ...], Any]], trainable: bool = True):
        super().__init__(name=name, trainable=trainable)
        self.shapes = {}
        for each, (self.shapes[each], initializer) in weights.items():
            setattr(self, f"{each}_initializer", initializer)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights."""
        for name, shape in self.shapes.items():
            weight = self.add_weight(shape=shape, initializer=getattr(self, f"{name}_initializer"), name=name)
            setattr(self, name, weight)


@keras.saving.register_keras_serializable("wordorder")
class TokenClassifier(keras.Model):
    """What a variant computes.

    Args:
        settings: those of the variant, as `Kind.settings` gives them.
        vocabulary_size: number of tokens, padding and unknown included.
        classes: their names. Of two, the probability of the second is returned, of more, those of all.
        dimension: of pretrained vectors, which are to be assigned to `token_table.rows`; None without.
        seed: of the order of the tokens, where the variant shuffles them; else None.

    """

    def __init__(
        self,
        settings: dict[str, Any],
        vocabulary_size: int,
        classes: Sequence[str],
        dimension: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        self.variant = variant_of(settings)
        super().__init__(**{"name": self.variant.model, **kwargs})
        self.vocabulary_size = vocabulary_size
        self.classes = list(classes)
        self.dimension = dimension
        self.seed = seed

    def build(self, input_shape: Any = None) -> None:
        """Create all weights; they do not depend on the shape of the input."""
        self.variant.build(self)
        self.built = True

    def build_layers(self, size: int | None = None) -> None:
        """Build the layers that are not built yet; `size` is that of the input of layers that ask."""
        for layer in self.layers:
            if _weights_follow.get():
                for name in [name for name in dir(layer) if name.endswith("_initializer")]:
                    setattr(layer, name, np.zeros)
            if not layer.built:
                layer.build((None, size))

    def call(
        self, tokens: Tensor, rows: Tensor | None = None, vocabulary: Tensor | None = None, training: bool = False
    ) -> Tensor:
        """Return the probabilities, (batch, 1 or classes).

        Args:
            tokens: (batch, length) integers; padding only at the end.
            rows: rows of the token table, if `tokens` are indices of those instead of token ids; row 0 is padding.
            vocabulary: (rows,) integers, the ids of the tokens that the rows are of.
            training: apply the dropout.

        """
        return self.variant.call(self, tokens, self.token_table.rows if rows is None else rows, vocabulary, training)

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews as this network reads them."""
        data = self.variant.prepare(data)
        return data if self.seed is None else data.shuffled(self.seed, self.variant.reads_length)

    def batches(
        self, data: "EncodedReviews", chunks: Sequence[np.ndarray], batch_size: int, *, training: bool
    ) -> Iterator[Batch]:
        """Make a batch of each chunk of indices of reviews that `prepare` returned."""
        variant = self.variant
        step = variant.vocabulary_step
        # What a step of training takes grows with all that a batch is filled up with. Prediction and a graphics
        # processor hardly notice, nor does a loop that leaves out the padding, while each shape more is another second
        # of compiling.
        rounding = Rounding(step, 0.75) if training and not on_gpu() else Rounding(8 * step, 0.5, not training)
        if variant.loops_over_words and scan_skips():
            rounding = rounding._replace(length=0.25)
        length, vocabulary = variant.reads_length, self.vocabulary_size
        return batches(data, chunks, batch_size, vocabulary, length, variant.trims, rounding)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make this network again."""
        return {
            **super().get_config(),
            "settings": self.variant.settings(),
            "vocabulary_size": self.vocabulary_size,
            "classes": list(self.classes),
            "dimension": self.dimension,
            **({} if self.seed is None else {"seed": self.seed}),
        }


def build_model(
    settings: dict[str, Any],
    vocabulary_size: int,
    classes: Sequence[str],
    seed: int,
    vectors: np.ndarray | None = None,
) -> TokenClassifier:
    """Build the network of a variant from its settings, with initial weights that are a function of the seed.

    `vectors` are the pretrained ones, (vocabulary, dimension) float32, if the variant starts from some.
    """
    # Keras draws the seeds of its initializers from here. keras.utils.set_random_seed does the same, but imports
    # TensorFlow whatever the backend is.
    random.seed(seed)
    dimension = None if vectors is None else vectors.shape[1]
    order = seed if variant_of(settings).shuffles else None
    network = TokenClassifier(settings, vocabulary_size, classes, dimension, order)
    network.build()
    if vectors is not None:
        network.token_table.rows.assign(vectors)
    return network
