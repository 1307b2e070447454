"""What every kind of model has: the settings of a variant, and what training, timing and the report ask of it.

A kind is one file in `models/kinds/`: a class derived from `Kind`, with its settings, its network, the same network in
plain Keras and its sentence for the model card. A new file there is a new kind; nothing else has to know of it.

Imports nothing heavy, nor do the kinds: Keras is imported by the methods that build networks.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pydantic import Field

from wordorder.settings import Count, Fraction, Name, Rate, Section, Seeds, Share, is_none
from wordorder.training.optimizer import Optimizer

if TYPE_CHECKING:
    import keras

    from wordorder.data.encoded import EncodedReviews
    from wordorder.models.network import TokenClassifier

# Keys of a variant that decide nothing in its training.
SHOWN = ("seeds", "chapter_accuracy")


class Kind(Section):
    """The settings of a variant, and what its kind of model does with them.

    Class attributes: `FEATURES` are the values of `features`, each with the words that the model card has for it.
    `SENTENCE` is the model card's, with a place for `features`. `vocabulary_step`: the tokens of a batch are filled up
    with others to a multiple of it; the larger, the less often a network is compiled, and the more rows it is given for
    nothing. `prediction_batch` is the number of reviews that are predicted at a time. `solved`: whether `adapt` finds
    all weights, so that there is nothing left to train by gradients.
    """

    FEATURES: ClassVar[dict[str, str]]
    SENTENCE: ClassVar[str]
    vocabulary_step: ClassVar[int] = 512
    prediction_batch: ClassVar[int] = 256
    solved: ClassVar[bool] = False

    model: str
    vectorizer: Name = Field("words", description="Name of the vectorizer whose tokens the model reads.")
    seeds: Seeds | None = Field(None, description="Seeds for this variant alone, in place of those of all.")
    chapter_accuracy: Fraction | None = Field(
        None, description="Test accuracy in the book, shown beside the measured one."
    )

    def settings(self) -> dict[str, Any]:
        """Return what decides a training: all keys but those that are only shown, without those that do not apply."""
        return self.model_dump(exclude=set(SHOWN))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together: the key ("" for the variant as a whole), and what to write."""
        yield from ()

    @property
    def modules(self) -> list[str]:
        """Modules that are imported by name for this variant, so that their code decides no other."""
        return [f"models.kinds.{self.model}"]

    @property
    def pretrained(self) -> str | None:
        """Name of the matrix of pretrained vectors that the network starts from, None without one."""
        return None

    @property
    def learns_vectors(self) -> bool:
        """Whether the trained token table holds a vector for each token, to be compared with others."""
        return False

    @property
    def needs_unlabelled(self) -> bool:
        """Whether the training reads unlabelled reviews."""
        return False

    @property
    def trims(self) -> bool:
        """Whether padding adds nothing, so that a batch need not be longer than its longest review."""
        return True

    @property
    def reads_length(self) -> int | None:
        """Number of tokens that a review is cut to, None where it is read whole."""
        return getattr(self, "sequence_length", None)

    def build(self, network: "TokenClassifier") -> None:
        """Give the network its layers, built, as attributes: `token_table` and those that `call` uses."""
        raise NotImplementedError

    def call(self, network: "TokenClassifier", tokens: Any, rows: Any, vocabulary: Any, training: bool) -> Any:
        """Return the probabilities; the arguments are those of `TokenClassifier.call`, `rows` always given."""
        raise NotImplementedError

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews as the network reads them."""
        return data

    def adapt(self, network: "TokenClassifier", training: "EncodedReviews") -> None:
        """Take from the training reviews what is not learned by gradients, as `adapt` in Keras does."""

    def plain_keras(self, vocabulary_size: int, classes: int, vectors: Any = None) -> "keras.Model | None":
        """Return the same model as the chapter builds it in plain Keras, uncompiled; None if it has none."""
        return None


class GradientTrained(Kind):
    """The settings that all kinds share which are trained by gradients."""

    units: Count = Field(32, description="Units of the LSTM in each direction, or of the hidden dense layer.")
    dropout: Rate = Field(0.5, description="Fraction dropped before the classifier; 0 for none.")
    batch_size: Count = Field(32, description="Reviews in a step.")
    epochs: Count = Field(
        10, description="Passes over the training reviews. The weights of the epoch with the lowest validation loss are kept."
    )
    patience: Count | None = Field(
        None, description="End a training after so many epochs without a lower validation loss; null trains all epochs."
    )
    optimizer: Optimizer = Field(default_factory=Optimizer, description="RMSprop.")
    ema_momentum: Share | None = Field(
        None,
        exclude_if=is_none,
        description="Keep a moving average of the weights, of which so much is left at each step, and use it in place of "
        "the weights.",
    )

    @property
    def groups_by_length(self) -> bool:
        """Whether reviews of similar length meet in a batch, which saves time where batches are trimmed."""
        return self.trims and getattr(self, "group_by_length", False)


@cache
def kinds() -> dict[str, type[Kind]]:
    """Return all kinds of model by the names that they have in the config: one for each file in `models/kinds/`."""
    from wordorder.models import kinds as package

    return {name: kind_named(name) for _, name, _ in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name)}


@cache
def kind_named(name: str) -> type[Kind]:
    """Return one kind of model, and import no other."""
    module = importlib.import_module(f"wordorder.models.kinds.{name}")
    (kind,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Kind) and get_args(each.model_fields["model"].annotation) == (name,)
    )
    return kind


def variant_of(settings: dict[str, Any]) -> Kind:
    """Return the variant of these settings, which are complete, as `Kind.settings` gives them."""
    return kind_named(settings["model"]).model_validate(settings)
