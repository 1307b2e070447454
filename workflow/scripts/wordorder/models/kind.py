"""What every kind of model has: the settings of a variant, and what training, timing and the report ask of it.

A kind is one file in `models/kinds/`: a class derived from `Kind`, with its settings, its network, the same network in
plain Keras and its sentence for the model card. A new file there is a new kind; nothing else has to know of it.

Imports nothing heavy, nor do the kinds: Keras is imported by the methods that build networks.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import Field

from wordorder.models.later import Tensor, keras, np
from wordorder.settings import Count, Fraction, Name, Names, Rate, Section, Seeds, Share, is_none
from wordorder.training.optimizer import Optimizer

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews
    from wordorder.models.network import TokenClassifier

# Keys of a variant that decide nothing in its training.
SHOWN = ("seeds", "chapter_accuracy")


def is_first(choice: str) -> bool:
    """Return whether a choice is what the chapter does: a setting that is then left out."""
    return choice in ("random", "kept")


class Kind(Section):
    """The settings of a variant, and what its kind of model does with them.

    Class attributes: `FEATURES` are the values of `features`, each with the words that the model card has for it.
    `SENTENCE` is the model card's, with a place for `features`. `packages` are those whose versions decide a training,
    besides Keras, its backend and NumPy. `vocabulary_step`: the tokens of a batch are filled up with others to a
    multiple of it; the larger, the less often a network is compiled, and the more rows it is given for nothing.
    `prediction_batch` is the number of reviews that are predicted at a time.
    """

    FEATURES: ClassVar[dict[str, str]]
    SENTENCE: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    vocabulary_step: ClassVar[int] = 512
    prediction_batch: ClassVar[int] = 256

    model: str
    vectorizer: Name = Field("words", description="Name of the vectorizer whose tokens the model reads.")
    validation: Literal["random", "by_group"] = Field(
        "random",
        exclude_if=is_first,
        description="Which reviews are held back: `random` ones, as in the chapter, or `by_group` as many whose groups "
        "(`corpus.group_column`, `corpus.group_files`), such as movies, are not in training.",
    )
    class_weight: Literal["balanced"] | None = Field(
        None,
        exclude_if=is_none,
        description="`balanced`: what a review weighs in the loss is in inverse proportion to the number of training "
        "reviews of its class, as in scikit-learn; `null`: all weigh the same. Not for students.",
    )
    seeds: Seeds | None = Field(None, description="Seeds for this variant alone, instead of those for all.")
    chapter_accuracy: Fraction | None = Field(
        None, description="Test accuracy in the book, shown beside the measured one."
    )

    def settings(self) -> dict[str, Any]:
        """Return what decides a training: all keys but those that are only shown, without those that do not apply."""
        return self.model_dump(exclude=set(SHOWN))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together: the key ("" for the variant as a whole), and what to write."""
        yield from ()

    def record(self) -> dict[str, Any]:
        """Return the settings for the record of a training: `settings`, and `optimizer` where there is one."""
        return {"settings": self.settings()}

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
    def varies_like(self) -> str | None:
        """Name that is the same for variants whose accuracy varies as much from seed to seed; None if it does not."""
        return self.model

    @property
    def trims(self) -> bool:
        """Whether padding adds nothing, so that a batch need not be longer than its longest review."""
        return True

    @property
    def loops_over_words(self) -> bool:
        """Whether padding takes no time where `training.backend.scan_skips`."""
        return False

    @property
    def reads_length(self) -> int | None:
        """Number of tokens that a review is cut to, None where it is read whole."""
        return getattr(self, "sequence_length", None)

    @property
    def distinct_tokens(self) -> bool:
        """Whether each token of a review is read once, however often it occurs."""
        return False

    @property
    def shuffles(self) -> bool:
        """Whether the tokens of a review are read in a random order."""
        return False

    def prepare(self, data: "EncodedReviews") -> "EncodedReviews":
        """Return the reviews as the network reads them."""
        return data.distinct() if self.distinct_tokens else data

    def build(self, network: "TokenClassifier") -> None:
        """Give the network its layers, built, as attributes: `token_table` and those that `call` uses.

        Keras draws the seeds of initializers and dropouts as they are made, so their order decides the weights.
        """
        raise NotImplementedError

    def call(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the probabilities; the arguments are those of `TokenClassifier.call`, `rows` always given."""
        raise NotImplementedError

    def adapt(self, network: "TokenClassifier", training: "EncodedReviews") -> None:
        """Take from the training reviews what is not learned by gradients, as `adapt` in Keras does."""

    @property
    def has_plain_keras(self) -> bool:
        """Whether there is a `plain_keras` that computes the same from nothing but the tokens of labelled reviews."""
        return False

    def plain_keras(self, vocabulary_size: int, classes: int, dimension: int | None = None) -> "keras.Model":
        """Return the same model as the chapter builds it in plain Keras, uncompiled.

        `dimension` is that of pretrained vectors, which are to be assigned to the layer "embedding".
        """
        raise NotImplementedError

    def plain_inputs(self, tokens: "np.ndarray", vocabulary_size: int) -> "np.ndarray":
        """Return what `plain_keras` reads for token ids, (batch, length), as the chapter's vectorizer gives it."""
        return tokens


class Student(Kind):
    """The setting of kinds that can also learn from what others predict for the unlabelled reviews."""

    teachers: Names | None = Field(
        None,
        min_length=1,
        exclude_if=is_none,
        description="Variants that are trained first, with the same seed if they have it. This variant, the student, "
        "is trained on the labelled reviews and on the unlabelled ones, with the mean of the teachers' logits as "
        "soft labels.",
    )

    @property
    def modules(self) -> list[str]:
        """Modules that are imported by name for this variant."""
        return [*super().modules, *(["training.self_training"] if self.teachers else [])]

    @property
    def needs_unlabelled(self) -> bool:
        """Whether the training reads unlabelled reviews."""
        return bool(self.teachers)


class GradientTrained(Kind):
    """The settings that all kinds share which are trained by gradients."""

    units: Count = Field(
        32,
        description="Units of the recurrent layer in each direction, of the convolution, or of the hidden dense layer.",
    )
    dropout: Rate = Field(0.5, description="Fraction dropped before the classifier; 0 for none.")
    batch_size: Count = Field(32, description="Reviews in a step.")
    epochs: Count = Field(
        10,
        description="Passes over the training reviews. The weights of the epoch with the lowest validation loss are "
        "kept.",
    )
    patience: Count | None = Field(
        None,
        description="Stop a training after this many epochs without a lower validation loss; null trains all epochs.",
    )
    optimizer: Optimizer = Field(default_factory=Optimizer, description="RMSprop.")
    ema_momentum: Share | None = Field(
        None,
        exclude_if=is_none,
        description="Use a moving average of the weights instead of the weights; this is the fraction of it that is "
        "kept at each step.",
    )

    def record(self) -> dict[str, Any]:
        """Return the settings, and those of the optimizer as Keras spells them."""
        settings = self.settings()
        del settings["optimizer"]
        return {"settings": settings, "optimizer": self.optimizer.record()}

    @property
    def varies_like(self) -> str | None:
        """Averaged weights vary much less."""
        return f"{self.model}, averaged weights" if self.ema_momentum else self.model

    @property
    def groups_by_length(self) -> bool:
        """Whether reviews of similar length meet in a batch, which saves time where batches are trimmed."""
        return self.trims and getattr(self, "group_by_length", False)

    def add_layers(self, network: "TokenClassifier") -> int:
        """Give the network the layers that `review_vectors` uses, as attributes; return the size of its vectors."""
        raise NotImplementedError

    def review_vectors(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return a vector for each review, (batch, size), for the classifier; the arguments are those of `call`."""
        raise NotImplementedError

    def build(self, network: "TokenClassifier") -> None:
        """Add a dropout and the classifier to the layers, and build them."""
        size = self.add_layers(network)
        network.dropout = keras.layers.Dropout(self.dropout, name="dropout")
        network.classifier = class_probabilities(len(network.classes))
        network.build_layers(size)

    def call(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the probabilities."""
        x = self.review_vectors(network, tokens, rows, vocabulary, training)
        return network.classifier(network.dropout(x, training=training))

    @property
    def has_plain_keras(self) -> bool:
        """The chapter knows no moving average of the weights, and no weights of classes."""
        return self.ema_momentum is None and self.class_weight is None

    def plain_review_vectors(self, tokens: Tensor, vocabulary_size: int, dimension: int | None) -> Tensor:
        """Return what `review_vectors` does in layers of Keras, for symbolic token ids, (batch, length)."""
        raise NotImplementedError

    def plain_keras(self, vocabulary_size: int, classes: int, dimension: int | None = None) -> "keras.Model":
        """Return the chapter's model."""
        tokens = keras.Input((None,), dtype="int32")
        x = self.plain_review_vectors(tokens, vocabulary_size, dimension)
        return keras.Model(tokens, class_probabilities(classes)(keras.layers.Dropout(self.dropout, name="dropout")(x)))


class SequenceModel(GradientTrained):
    """The setting of kinds that read the tokens in their order."""

    word_order: Literal["kept", "shuffled"] = Field(
        "kept",
        exclude_if=is_first,
        description="`shuffled`: the tokens that are read of a review come in a random order, in training and ever "
        "after, which is a function of the seed and of the tokens.",
    )

    @property
    def shuffles(self) -> bool:
        """Whether the tokens of a review are read in a random order."""
        return self.word_order == "shuffled"

    @property
    def has_plain_keras(self) -> bool:
        """The chapter keeps the order."""
        return super().has_plain_keras and not self.shuffles


def class_probabilities(classes: int) -> "keras.Layer":
    """Return the last layer: a sigmoid, the probability of the second of two classes, or a softmax over more."""
    if classes == 2:
        return keras.layers.Dense(1, activation="sigmoid", name="classifier")
    return keras.layers.Dense(classes, activation="softmax", name="classifier")


@cache
def kinds() -> dict[str, type[Kind]]:
    """Return all kinds of model by the names that they have in the config: one for each file in `models/kinds/`."""
    from wordorder.models import kinds as package

    return {
        name: kind_named(name) for _, name, _ in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name)
    }


@cache
def kind_named(name: str) -> type[Kind]:
    """Return one kind of model, and import no other."""
    module = importlib.import_module(f"wordorder.models.kinds.{name}")
    (kind,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Kind)
        and get_args(each.model_fields["model"].annotation) == (name,)
    )
    return kind


def variant_of(settings: dict[str, Any]) -> Kind:
    """Return the variant of these settings, which are complete, as `Kind.settings` gives them."""
    return kind_named(settings["model"]).model_validate(settings)
