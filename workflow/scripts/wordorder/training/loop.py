"""The training loop, on either backend: steps, epochs, and what is kept of them."""

import logging
import resource
import time
from typing import Any, NamedTuple, cast

import keras
import numpy as np
from keras import ops

from wordorder.data.encoded import EncodedReviews
from wordorder.inference import predict, predictor
from wordorder.io.errors import InputError
from wordorder.models.kind import GradientTrained
from wordorder.models.later import Tensor
from wordorder.models.network import TokenClassifier
from wordorder.probabilities import loss_and_accuracy
from wordorder.training.backend import compiled, replace_rows, rows_at, value_and_gradients
from wordorder.training.batching import Batch, shuffled_chunks
from wordorder.training.checkpoint import Checkpoints, Progress

log = logging.getLogger(__name__)
# A generator of dropout counts in 32 bits; each takes numbers of its own, so far behind those of the one before.
GENERATOR_STRIDE = 2**30
GENERATORS = 2**32 // GENERATOR_STRIDE


class State(NamedTuple):
    """All that a training step changes.

    The token table is kept apart: a step reads and changes only the rows of the tokens of its batch. All other rows
    have a gradient of zero; `table_step` (vocabulary,) says up to which step each row has been brought, and the
    optimizer makes up for the rest when a row's turn comes. The same holds for the moving average of the table.

    `averages` and `table_averages` are what the optimizer keeps of each weight, and of the table.

    `ema` and `table_ema` are the moving averages of the weights and of the table, which start from zero; None without.
    """

    weights: list[Tensor]
    averages: list[tuple[Tensor, ...]]
    table: Tensor
    table_averages: tuple[Tensor, ...] | None
    table_step: Tensor | None
    ema: list[Tensor] | None
    table_ema: Tensor | None


class Trainer:
    """Trains one network; the step is compiled once for each shape of batch.

    With an `ema_momentum`, such as 0.999, the network gets an exponential moving average of the weights (Polyak and
    Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging"): at each step so much stays of the average
    and the rest comes from the weights. The training itself goes on from the weights.
    """

    def __init__(self, network: TokenClassifier, seed: int, class_weights: np.ndarray | None = None):
        """Start with the weights of the network; `class_weights`, (classes,) float32, are those of the losses."""
        self.network = network
        self.class_weights = class_weights
        variant = cast(GradientTrained, network.variant)
        self.optimizer = variant.optimizer
        self.ema_momentum = variant.ema_momentum
        self.seed = seed
        self.steps = 0
        table = network.token_table.rows
        self.table = table
        self.variables = [v for v in network.trainable_variables if v is not table]
        # What is a variable of the network and none of its weights is the state of a generator, of which each dropout
        # has its own. Their order decides which numbers each draws.
        stored = set(map(id, network.weights))
        self.generators = [v for v in network.non_trainable_variables if id(v) not in stored]
        if len(self.generators) > GENERATORS:
            raise ValueError(
                f"{network.variant.model} has {len(self.generators)} dropout layers; the most is {GENERATORS}."
            )
        weights = [ops.copy(v) for v in self.variables]
        self.state = State(
            weights=weights,
            averages=[self.optimizer.start(weight) for weight in weights],
            table=ops.copy(table),
            table_averages=self.optimizer.start(table) if table.trainable else None,
            table_step=ops.zeros(table.shape[0], "int32") if table.trainable else None,
            ema=[ops.zeros_like(weight) for weight in weights] if self.ema_momentum else None,
            table_ema=ops.zeros(table.shape) if self.ema_momentum and table.trainable else None,
        )
        self.compiled_step = compiled(self._step, in_place=(0,))

    def _loss(
        self,
        parts: list[Tensor],
        vocabulary: Tensor,
        positions: Tensor,
        labels: Tensor,
        is_review: Tensor,
        generator_states: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return the mean cross-entropy over the reviews of the batch, and the probabilities, (batch, 1 or classes).

        With weights of classes it is the sum of the weighted ones, divided by the number of reviews, as in Keras.
        """
        rows, *weights = parts
        states = dict(zip(map(id, self.generators), generator_states, strict=True))
        fixed = [states.get(id(v), v) for v in self.network.non_trainable_variables]
        values = iter(weights)
        trainable = [v if v is self.table else next(values) for v in self.network.trainable_variables]
        probabilities, _ = self.network.stateless_call(
            trainable, fixed, positions, rows=rows, vocabulary=vocabulary, training=True
        )
        if probabilities.shape[1] == 1:
            losses = ops.binary_crossentropy(labels, probabilities[:, 0])
        elif len(labels.shape) == 2:
            losses = ops.categorical_crossentropy(labels, probabilities)
        else:
            losses = ops.sparse_categorical_crossentropy(ops.cast(labels, "int32"), probabilities)
        if self.class_weights is not None:
            losses = losses * ops.take(ops.convert_to_tensor(self.class_weights), ops.cast(labels, "int32"))
        return ops.sum(losses * is_review) / ops.sum(is_review), probabilities

    def _step(
        self, state: State, vocabulary: Tensor, positions: Tensor, labels: Tensor, is_review: Tensor, step: Tensor
    ) -> tuple[State, Tensor, Tensor]:
        rows = rows_at(state.table, vocabulary)
        # Dropout is a function of the seed and of the index of the step: its generator starts from them each time.
        generator_states = [
            ops.stack([ops.cast(self.seed, "uint32"), ops.cast(step, "uint32") + np.uint32(i * GENERATOR_STRIDE)])
            for i in range(len(self.generators))
        ]
        (loss, probabilities), (row_gradients, *gradients) = value_and_gradients(
            lambda parts: self._loss(parts, vocabulary, positions, labels, is_review, generator_states),
            [rows, *state.weights],
        )
        updated = [self.optimizer.update(*each) for each in zip(state.weights, state.averages, gradients, strict=True)]
        weights, averages = [w for w, _ in updated], [a for _, a in updated]
        ema = None
        if state.ema is not None:
            ema = [self._moved(*each, 1) for each in zip(state.ema, weights, strict=True)]
        table, table_averages, table_step = state.table, state.table_averages, state.table_step
        table_ema = state.table_ema
        if table_averages is not None:
            waited = ops.cast(step + 1 - rows_at(table_step, vocabulary), "float32")[:, None]
            row_averages = tuple(rows_at(each, vocabulary) for each in table_averages)
            new_rows, row_averages = self.optimizer.update(rows, row_averages, row_gradients, waited)
            table = replace_rows(table, vocabulary, new_rows)
            pairs = zip(table_averages, row_averages, strict=True)
            table_averages = tuple(replace_rows(each, vocabulary, new) for each, new in pairs)
            table_step = replace_rows(table_step, vocabulary, ops.broadcast_to(step + 1, ops.shape(vocabulary)))
            if table_ema is not None:
                row_ema = self._moved(rows_at(table_ema, vocabulary), rows, waited - 1)
                table_ema = replace_rows(table_ema, vocabulary, self._moved(row_ema, new_rows, 1))
        if probabilities.shape[1] == 1:
            right = (probabilities[:, 0] > 0.5) == (labels > 0.5)
        else:
            classes = ops.argmax(labels, axis=1) if len(labels.shape) == 2 else ops.cast(labels, "int32")
            right = ops.argmax(probabilities, axis=1) == classes
        correct = ops.sum(is_review * ops.cast(right, "float32"))
        return State(weights, averages, table, table_averages, table_step, ema, table_ema), loss, correct

    def _moved(self, average: Tensor, weight: Tensor, steps: Any) -> Tensor:
        """Return a moving average after so many more steps with the same weight."""
        return weight + (average - weight) * ops.power(self.ema_momentum, steps)

    def run_batch(self, batch: Batch, labels: np.ndarray, step: int) -> tuple[Tensor, Tensor]:
        """Take one step and return the loss and the number of right answers.

        `labels` are those of all reviews: (reviews,) indices of classes, or of two classes the probability of the
        second, or (reviews, classes) probabilities. `step` counts from 0 over the whole training.
        """
        is_review = batch.reviews >= 0
        of_batch = np.zeros((len(is_review), *labels.shape[1:]), np.float32)
        of_batch[is_review] = labels[batch.reviews[is_review]]
        self.state, loss, correct = self.compiled_step(
            self.state,
            batch.vocabulary,
            batch.positions,
            of_batch,
            is_review.astype(np.float32),
            np.asarray(step, np.int32),
        )
        self.steps = step + 1
        return loss, correct

    def get_state(self) -> list[np.ndarray]:
        """Copy the state to NumPy arrays, in a fixed order."""
        return [ops.convert_to_numpy(array) for array in keras.tree.flatten(self.state) if array is not None]

    def set_state(self, arrays: list[np.ndarray]) -> None:
        """Go on from what `get_state` gave."""
        rest = iter(arrays)
        # Copies, because the steps use the memory of the state again.
        self.state = keras.tree.map_structure(
            lambda array: None if array is None else ops.copy(ops.convert_to_tensor(next(rest))), self.state
        )

    def assign(self) -> None:
        """Write the trained weights, or their average, into the network, where they last until the next step."""
        weights, table = self.state.weights, self.state.table
        if self.ema_momentum and self.state.ema is not None:
            # Averages that start from zero are too small by this factor (Kingma and Ba 2015).
            share = 1 - self.ema_momentum**self.steps
            weights = [average / share for average in self.state.ema]
            if self.state.table_step is not None:
                waited = ops.cast(self.steps - self.state.table_step, "float32")[:, None]
                table = self._moved(self.state.table_ema, table, waited) / share
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)
        if self.table.trainable:
            self.table.assign(table)


def train_model(
    network: TokenClassifier,
    training: EncodedReviews,
    validation: EncodedReviews,
    seed: int,
    checkpoints: Checkpoints,
) -> list[dict]:
    """Train a network and leave it with the weights of the epoch that had the lowest validation loss.

    With a `patience` the training ends after so many epochs without a lower validation loss (Keras' `EarlyStopping`).
    After each epoch the progress goes to `checkpoints`; if there is some at the start, the training goes on from it, to
    the same weights and history to the last bit.

    Returns the history, one entry an epoch: epoch (from 1), loss, accuracy, validation_loss, validation_accuracy,
    seconds (training and validation), peak_memory_mb (of the process until then, in units of 2^20 bytes). Raises
    InputError when a loss is no longer a finite number.

    A network that is not trained by gradients has one epoch and no checkpoint.
    """
    start = time.perf_counter()
    variant = network.variant
    # Before the trainer, which compiles in what does not learn.
    variant.adapt(network, training)
    if not isinstance(variant, GradientTrained):
        return [adapted_entry(network, training, validation, start)]
    weights = balanced_weights(training.labels, len(network.classes)) if variant.class_weight else None
    trainer = Trainer(network, seed, weights)
    run = predictor(network)
    training = network.prepare(training)
    lengths = training.lengths(variant.reads_length)
    best_weights, history = [], []
    progress = checkpoints.load()
    if progress:
        best_weights, history = progress.best_weights, progress.history
        trainer.set_state(progress.state)
        for entry in history:
            log_epoch(entry)
        log.info("Going on after epoch %d", len(history))
    # Its copy of the state would stay in the memory.
    del progress
    for epoch in range(len(history) + 1, variant.epochs + 1):
        if variant.patience and epoch - best_epoch(history) > variant.patience:
            break
        start = time.perf_counter()
        chunks = shuffled_chunks(lengths, variant.batch_size, seed, epoch, variant.groups_by_length)
        step_losses, right = [], []
        for step, batch in enumerate(
            network.batches(training, chunks, variant.batch_size, training=True), start=(epoch - 1) * len(chunks)
        ):
            loss, correct = trainer.run_batch(batch, training.labels, step)
            step_losses.append(loss)
            right.append(correct)
        losses = np.array([float(loss) for loss in step_losses])
        refuse_divergence(losses, f"the loss in epoch {epoch}")
        trainer.assign()
        validation_loss, validation_accuracy = loss_and_accuracy(validation.labels, predict(network, validation, run))
        refuse_divergence(np.array([validation_loss]), f"the validation loss after epoch {epoch}")
        if epoch == 1 or validation_loss < history[best_epoch(history) - 1]["validation_loss"]:
            best_weights = network.get_weights()
        loss = float(np.average(losses, weights=[len(chunk) for chunk in chunks]))
        accuracy = sum(float(n) for n in right) / len(lengths)
        history.append(epoch_entry(epoch, loss, accuracy, validation_loss, validation_accuracy, start))
        log_epoch(history[-1])
        checkpoints.save(Progress(trainer.get_state(), best_weights, history))
    network.set_weights(best_weights)
    return history


def balanced_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return a weight for each class, (classes,) float32, in inverse proportion to its reviews; their mean weight is 1.

    The labels, (reviews,), are the indices of the classes. A class without a review has a weight as if it had one.
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return (len(labels) / (classes * counts)).astype(np.float32)


def adapted_entry(network: TokenClassifier, training: EncodedReviews, validation: EncodedReviews, start: float) -> dict:
    """Return the history of a network whose weights `adapt` has found, by work that began at the time `start`."""
    loss, accuracy = loss_and_accuracy(training.labels, predict(network, training))
    validation_loss, validation_accuracy = loss_and_accuracy(validation.labels, predict(network, validation))
    entry = epoch_entry(1, loss, accuracy, validation_loss, validation_accuracy, start)
    log_epoch(entry)
    return entry


def epoch_entry(
    epoch: int, loss: float, accuracy: float, validation_loss: float, validation_accuracy: float, start: float
) -> dict:
    """Return an entry of the history, of an epoch that began at the time `start` (`time.perf_counter`)."""
    return {
        "epoch": epoch,
        "loss": loss,
        "accuracy": accuracy,
        "validation_loss": validation_loss,
        "validation_accuracy": validation_accuracy,
        "seconds": time.perf_counter() - start,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def best_epoch(history: list[dict]) -> int:
    """Return the epoch with the lowest validation loss, the first of several; 0 before the first epoch."""
    return min(history, key=lambda entry: entry["validation_loss"])["epoch"] if history else 0


def log_epoch(entry: dict) -> None:
    """Write a line of the history to the log."""
    log.info(
        "epoch %(epoch)d: loss %(loss).4f, accuracy %(accuracy).4f, validation loss %(validation_loss).4f, "
        "validation accuracy %(validation_accuracy).4f, %(seconds).1f s",
        entry,
    )


def refuse_divergence(losses: np.ndarray, what: str) -> None:
    """Raise InputError if one of the losses is not a finite number."""
    finite = np.isfinite(losses)
    if not finite.all():
        at = int(finite.argmin())
        raise InputError(
            f"The training diverged: {what} is {losses[at]} (number {at + 1} of {len(losses)}). No model was saved. "
            "Lower optimizer.learning_rate of this variant in the config."
        )
