"""Training and prediction: the loop around the models, on either backend."""

import json
import logging
import random
import resource
import time
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile, ZipInfo

import keras
import numpy as np
from keras import ops

from wordorder.training.checkpoint import Backup, Progress
from wordorder.training.batching import batches, shuffled_chunks
from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError
from wordorder.io.atomic import atomic_write
from wordorder.models.network import MODELS, TokenClassifier

log = logging.getLogger(__name__)


def build_model(
    settings: dict, vocabulary_size: int, vectors: Path | None, seed: int, classes: int = 2
) -> TokenClassifier:
    """Build the model of a variant from its settings, with initial weights that are a function of the seed.

    `vectors` is the .npy matrix of pretrained vectors, (vocabulary, dimension) float32, if the variant uses them.
    `classes` is the number of classes.
    """
    # Keras draws the seeds of its initializers from here. keras.utils.set_random_seed does the same, but imports
    # TensorFlow whatever the backend is.
    random.seed(seed)
    pretrained = None if vectors is None else read_matrix(vectors, vocabulary_size)
    classifier = MODELS[settings["model"]]
    arguments = {name: settings[name] for name in classifier.SETTINGS if name in settings}
    if pretrained is not None:
        arguments["dimension"] = pretrained.shape[1]
    model = classifier(vocabulary_size=vocabulary_size, classes=classes, **arguments)
    model.build()
    if pretrained is not None:
        model.token_table.rows.assign(pretrained)
    return model


def read_matrix(path: Path, vocabulary_size: int) -> np.ndarray:
    """Read a matrix of vectors, one row for each token. Raises InputError if the file is damaged or does not fit."""
    try:
        with Path(path).open("rb") as file:
            # Not by np.load, which takes a zip archive for an array, too, and does not mind bytes that are left over.
            matrix = np.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):
                raise ValueError("there is more in it than its shape says")
        if matrix.dtype != np.float32:
            raise ValueError(f"its numbers are {matrix.dtype} and not float32")
    # Broad, because the parser of the header lets errors of the tokenizer through, and any shape asks for its memory.
    except Exception as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
    if matrix.ndim != 2 or len(matrix) != vocabulary_size:
        raise InputError(
            f"{path} has the shape {matrix.shape} and does not fit the vocabulary of {vocabulary_size} tokens. "
            "Delete it and run again."
        )
    return matrix


def load_model(path: Path) -> TokenClassifier:
    """Load a saved model. Raises InputError if the file is damaged."""
    try:
        model = keras.models.load_model(path, compile=False)
        if not isinstance(model, TokenClassifier):
            raise ValueError(f"it is a {type(model).__name__}")
    # Broad, because zipfile, HDF5 and Keras have errors of all kinds for what is damaged.
    except Exception as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error
    return model


def save_model(model: TokenClassifier, path: Path) -> None:
    """Save a model in Keras' format; the bytes are a function of the model, and not of the time."""
    with atomic_write(path) as part:
        model.save(part)
        with ZipFile(part) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        metadata = json.loads(members["metadata.json"])
        members["metadata.json"] = json.dumps({"keras_version": metadata["keras_version"]}).encode()
        with ZipFile(part, "w") as archive:
            for name, content in members.items():
                # Without a date it is the first of 1980.
                archive.writestr(ZipInfo(name), content)


class RMSprop(NamedTuple):
    """Keras 3's RMSprop, as a function.

    `average = rho * average + (1 - rho) * gradient ** 2`, then
    `weight -= learning_rate * gradient / sqrt(average + epsilon)`.

    Keras 2, with which the chapter was written, divides by `sqrt(average) + epsilon`. That is the same to float32 with
    Keras 2's epsilon of 1e-7 and an epsilon of 1e-14 here.
    """

    learning_rate: float
    rho: float
    epsilon: float

    def update(self, weight, average, gradient, rho=None):
        """Return the new weight and the new average; `rho` is how much is left of the average (default: `self.rho`)."""
        average = (self.rho if rho is None else rho) * average + (1 - self.rho) * ops.square(gradient)
        return weight - self.learning_rate * gradient / ops.sqrt(average + self.epsilon), average


class State(NamedTuple):
    """All that a training step changes.

    The token table is kept apart: a step reads and changes only the rows of the tokens of its batch. All other rows
    have a gradient of zero and would only see their average decay, by rho a step; `table_step` (vocabulary,) says up
    to which step that has been done, and the rest is done when a row's turn comes. The same holds for the moving
    average of the table.

    `ema` and `table_ema` are the moving averages of the weights and of the table, which start from zero; None without.
    """

    weights: list
    averages: list
    table: object
    table_average: object
    table_step: object
    ema: list | None
    table_ema: object


def value_and_gradients(function, arguments):
    """Value of a function of a list of tensors, and its gradients, by the automatic differentiation of the backend.

    `function` returns (value, anything else).
    """
    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function, has_aux=True)(arguments)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        for argument in arguments:
            tape.watch(argument)
        value, more = function(arguments)
    return (value, more), tape.gradient(value, arguments)


def compiled(function, in_place=()):
    """Compile a function for the backend; the memory of the arguments at the positions `in_place` is used again."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function, donate_argnums=in_place)
    import tensorflow as tf

    return tf.function(function, reduce_retracing=False)


class Trainer:
    """Trains one model; the step is compiled once for each shape of batch.

    With an `ema_momentum`, such as 0.999, the model gets an exponential moving average of the weights (Polyak and
    Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging"): at each step so much stays of the average
    and the rest comes from the weights. The training itself goes on from the weights.
    """

    def __init__(self, model: TokenClassifier, optimizer: RMSprop, seed: int, ema_momentum: float | None = None):
        self.model = model
        self.optimizer = optimizer
        self.seed = seed
        self.ema_momentum = ema_momentum
        self.steps = 0
        table = model.token_table.rows
        self.table = table
        self.variables = [v for v in model.trainable_variables if v is not table]
        # What is a variable of the model and none of its weights is the state of a generator, of which each dropout has
        # its own. Their order decides who draws which numbers.
        stored = set(map(id, model.weights))
        self.generators = [v for v in model.non_trainable_variables if id(v) not in stored]
        weights = [ops.copy(v) for v in self.variables]
        self.state = State(
            weights=weights,
            averages=[ops.zeros_like(weight) for weight in weights],
            table=ops.copy(table),
            table_average=ops.zeros(table.shape) if table.trainable else None,
            table_step=ops.zeros(table.shape[0], "int32") if table.trainable else None,
            ema=[ops.zeros_like(weight) for weight in weights] if ema_momentum else None,
            table_ema=ops.zeros(table.shape) if ema_momentum and table.trainable else None,
        )
        self.compiled_step = compiled(self._step, in_place=(0,))

    def _loss(self, parts, vocabulary, positions, labels, present, generator_states):
        """Mean cross-entropy over the reviews that are `present`, and the probabilities, (batch, 1 or classes)."""
        rows, *weights = parts
        states = dict(zip(map(id, self.generators), generator_states, strict=True))
        fixed = [states.get(id(v), v) for v in self.model.non_trainable_variables]
        values = iter(weights)
        trainable = [v if v is self.table else next(values) for v in self.model.trainable_variables]
        probabilities, _ = self.model.stateless_call(
            trainable, fixed, positions, rows=rows, vocabulary=vocabulary, training=True
        )
        if probabilities.shape[1] == 1:
            losses = ops.binary_crossentropy(labels, probabilities[:, 0])
        else:
            losses = ops.sparse_categorical_crossentropy(ops.cast(labels, "int32"), probabilities)
        return ops.sum(losses * present) / ops.sum(present), probabilities

    def _step(self, state, vocabulary, positions, labels, present, step):
        rows = ops.take(state.table, vocabulary, axis=0)
        # Dropout is a function of the seed and of the number of the step: its generator starts from them each time. Any
        # further one starts far behind all steps, where it meets numbers of its own.
        generator_states = [
            ops.cast(ops.stack([self.seed, step + i * 2**30]), "uint32") for i in range(len(self.generators))
        ]
        (loss, probabilities), (row_gradients, *gradients) = value_and_gradients(
            lambda parts: self._loss(parts, vocabulary, positions, labels, present, generator_states),
            [rows, *state.weights],
        )
        updated = [self.optimizer.update(*each) for each in zip(state.weights, state.averages, gradients, strict=True)]
        weights, averages = [w for w, _ in updated], [a for _, a in updated]
        ema = [self._drawn(*each, 1) for each in zip(state.ema, weights, strict=True)] if self.ema_momentum else None
        table, table_average, table_step = state.table, state.table_average, state.table_step
        table_ema = state.table_ema
        if self.table.trainable:
            waited = ops.cast(step + 1 - ops.take(table_step, vocabulary, axis=0), "float32")
            new_rows, row_averages = self.optimizer.update(
                rows,
                ops.take(table_average, vocabulary, axis=0),
                row_gradients,
                rho=ops.power(self.optimizer.rho, waited)[:, None],
            )
            index = vocabulary[:, None]
            table = ops.scatter_update(table, index, new_rows)
            table_average = ops.scatter_update(table_average, index, row_averages)
            table_step = ops.scatter_update(table_step, index, ops.broadcast_to(step + 1, ops.shape(vocabulary)))
            if self.ema_momentum:
                row_ema = self._drawn(ops.take(table_ema, vocabulary, axis=0), rows, (waited - 1)[:, None])
                table_ema = ops.scatter_update(table_ema, index, self._drawn(row_ema, new_rows, 1))
        if probabilities.shape[1] == 1:
            right = (probabilities[:, 0] > 0.5) == (labels > 0.5)
        else:
            right = ops.argmax(probabilities, axis=1) == ops.cast(labels, "int32")
        correct = ops.sum(present * ops.cast(right, "float32"))
        return State(weights, averages, table, table_average, table_step, ema, table_ema), loss, correct

    def _drawn(self, average, weight, steps):
        """Return a moving average after so many more steps with the same weight."""
        return weight + (average - weight) * ops.power(self.ema_momentum, steps)

    def run_batch(self, batch, labels, step: int):
        """Take one step; `step` counts from 0 over the whole training. Returns loss and number of right answers."""
        present = (batch.reviews >= 0).astype(np.float32)
        self.state, loss, correct = self.compiled_step(
            self.state,
            ops.convert_to_tensor(batch.vocabulary),
            ops.convert_to_tensor(batch.positions),
            ops.convert_to_tensor(np.where(batch.reviews >= 0, labels[batch.reviews], 0).astype(np.float32)),
            ops.convert_to_tensor(present),
            ops.convert_to_tensor(step, "int32"),
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

    def assign(self):
        """Write the trained weights, or their average, into the model, where they last until the next step."""
        weights, table = self.state.weights, self.state.table
        if self.ema_momentum:
            # Averages that start from zero are too small by this factor (Kingma and Ba 2015).
            share = 1 - self.ema_momentum**self.steps
            weights = [average / share for average in self.state.ema]
            if self.table.trainable:
                waited = ops.cast(self.steps - self.state.table_step, "float32")[:, None]
                table = self._drawn(self.state.table_ema, table, waited) / share
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)
        if self.table.trainable:
            self.table.assign(table)


def predictor(model: TokenClassifier):
    """Compile `model` for prediction: (weights, rows, vocabulary, positions) -> probabilities, see `predict`."""

    def probabilities(weights, rows, vocabulary, positions):
        outputs = model.stateless_call(*weights, positions, rows=rows, vocabulary=vocabulary)[0]
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    return compiled(probabilities)


def predict(model: TokenClassifier, data: EncodedReviews, sequence_length: int | None, run=None) -> np.ndarray:
    """Probability that each review is of the second of two classes, (reviews,) float32, in the order of `data`.

    With more than two classes the probabilities of each, (reviews, classes).

    Reviews are taken in the order of their length, so that little padding is computed. `run` is the compiled
    `predictor(model)`, for those who predict more than once.
    """
    run = run or predictor(model)
    data = model.prepare(data)
    order = np.argsort(data.lengths(sequence_length), kind="stable")
    size = model.prediction_batch
    chunks = np.split(order, range(size, len(order), size))
    vocabulary_size = model.settings["vocabulary_size"]
    weights = [
        [ops.convert_to_tensor(v) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    classes = model.settings["classes"]
    result = np.empty(len(data.labels) if classes == 2 else (len(data.labels), classes), np.float32)
    for batch in batches(data, chunks, size, vocabulary_size, sequence_length, model.trims, model.vocabulary_step):
        vocabulary = ops.convert_to_tensor(batch.vocabulary)
        rows = ops.take(model.token_table.rows, vocabulary, axis=0)
        probabilities = ops.convert_to_numpy(run(weights, rows, vocabulary, ops.convert_to_tensor(batch.positions)))
        present = batch.reviews >= 0
        result[batch.reviews[present]] = probabilities[present]
    return result


def loss_and_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Cross-entropy as Keras computes it (probabilities clipped to 1e-7), and the share of right answers.

    The labels, (reviews,), number the classes; the probabilities are those that `predict` gives.
    """
    # Clipped in float32, where 1 - 1e-7 is 1 - 1.2e-7.
    clipped = np.clip(probabilities, np.float32(1e-7), np.float32(1 - 1e-7)).astype(np.float64)
    if probabilities.ndim == 1:
        loss = -np.mean(np.where(labels == 1, np.log(clipped), np.log1p(-clipped)))
        return float(loss), float(np.mean((probabilities > 0.5) == (labels == 1)))
    loss = -np.mean(np.log(clipped[np.arange(len(labels)), labels]))
    return float(loss), float(np.mean(probabilities.argmax(axis=1) == labels))


def train_model(
    model: TokenClassifier,
    training: EncodedReviews,
    validation: EncodedReviews,
    settings: dict,
    seed: int,
    backup: Backup,
) -> list[dict]:
    """Train `model` and leave it with the weights of the epoch that had the lowest validation loss.

    Of the `settings` of a variant it uses epochs, patience, batch_size, sequence_length, group_by_length and optimizer.
    With a `patience` the training ends after so many epochs without a lower validation loss (Keras' `EarlyStopping`).
    After each epoch the progress goes to `backup`; if there is some at the start, the training goes on from it, to the
    same weights and history to the last bit.

    Returns the history, one entry an epoch: epoch (from 1), loss, accuracy, validation_loss, validation_accuracy,
    seconds (training and validation), peak_memory_mb (of the process until then, in units of 2^20 bytes). Raises
    InputError when a loss is no longer a finite number.

    A model that is solved instead of trained has one epoch and no backup.
    """
    start = time.perf_counter()
    # Before the trainer, which compiles in what does not learn.
    model.adapt(training)
    if model.solved:
        return [solved_entry(model, training, validation, start)]
    trainer = Trainer(model, RMSprop(**settings["optimizer"]), seed, settings.get("ema_momentum"))
    run = predictor(model)
    vocabulary_size = model.settings["vocabulary_size"]
    sequence_length, batch_size = settings.get("sequence_length"), settings["batch_size"]
    training = model.prepare(training)
    lengths = training.lengths(sequence_length)
    best_weights, history = [], []
    progress = backup.load()
    if progress:
        best_weights, history = progress.best_weights, progress.history
        trainer.set_state(progress.state)
        for entry in history:
            log_epoch(entry)
        log.info("Going on after epoch %d", len(history))
    # Its copy of the state would stay in the memory.
    del progress
    for epoch in range(len(history) + 1, settings["epochs"] + 1):
        if settings["patience"] and epoch - best_epoch(history) > settings["patience"]:
            break
        start = time.perf_counter()
        chunks = shuffled_chunks(lengths, batch_size, seed, epoch, settings.get("group_by_length") and model.trims)
        losses, right = [], []
        for step, batch in enumerate(
            batches(training, chunks, batch_size, vocabulary_size, sequence_length, model.trims, model.vocabulary_step),
            start=(epoch - 1) * len(chunks),
        ):
            loss, correct = trainer.run_batch(batch, training.labels, step)
            losses.append(loss)
            right.append(correct)
        losses = np.array([float(loss) for loss in losses])
        refuse_divergence(losses, f"the loss in epoch {epoch}")
        trainer.assign()
        validation_loss, validation_accuracy = loss_and_accuracy(
            validation.labels, predict(model, validation, sequence_length, run)
        )
        refuse_divergence(np.array([validation_loss]), f"the validation loss after epoch {epoch}")
        if epoch == 1 or validation_loss < history[best_epoch(history) - 1]["validation_loss"]:
            best_weights = model.get_weights()
        loss = float(np.average(losses, weights=[len(chunk) for chunk in chunks]))
        accuracy = sum(float(n) for n in right) / len(lengths)
        history.append(epoch_entry(epoch, loss, accuracy, validation_loss, validation_accuracy, start))
        log_epoch(history[-1])
        backup.save(Progress(trainer.get_state(), best_weights, history))
    model.set_weights(best_weights)
    return history


def solved_entry(model: TokenClassifier, training: EncodedReviews, validation: EncodedReviews, start: float) -> dict:
    """The history of a model whose weights were found at once, by work that began at the time `start`."""
    loss, accuracy = loss_and_accuracy(training.labels, predict(model, training, None))
    validation_loss, validation_accuracy = loss_and_accuracy(validation.labels, predict(model, validation, None))
    entry = epoch_entry(1, loss, accuracy, validation_loss, validation_accuracy, start)
    log_epoch(entry)
    return entry


def epoch_entry(
    epoch: int, loss: float, accuracy: float, validation_loss: float, validation_accuracy: float, start: float
) -> dict:
    """An entry of the history, of an epoch that began at the time `start` (`time.perf_counter`)."""
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
    """The epoch with the lowest validation loss, the first of several; 0 before the first epoch."""
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
