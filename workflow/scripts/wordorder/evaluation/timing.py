"""Training steps of a model, one at a time, to be timed: ours, and those of the chapter's code in plain Keras."""

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from wordorder.training.batching import batches, make_batch, shuffled_chunks
from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError

SEED = 1
COLUMNS = ["variant", "implementation", "repetition", "seconds_per_step"]
IMPLEMENTATIONS = ["plain", "ours"]


def padded(data: EncodedReviews, chunk: np.ndarray, length: int, vocabulary_size: int) -> np.ndarray:
    """Return the reviews of a batch as the chapter's vectorizer does: (batch, length) token numbers."""
    batch = make_batch(data, chunk, len(chunk), length, vocabulary_size, length)
    return batch.vocabulary[batch.positions]


def our_steps(
    data: EncodedReviews, settings: dict, vocabulary_size: int, vectors: Path | None, sample: int
) -> Iterator[None]:
    """Take a step of our training each time; `sample` batches, in the order of their length, stand for an epoch."""
    from wordorder.training.loop import RMSprop, Trainer, build_model

    lengths = data.lengths(settings["sequence_length"])
    chunks = shuffled_chunks(lengths, settings["batch_size"], SEED, 1, settings["group_by_length"] and settings["mask"])
    # The last batch is not full.
    chunks = sorted(chunks[:-1] or chunks, key=lambda chunk: lengths[chunk].max())
    chunks = [chunks[i] for i in np.linspace(0, len(chunks) - 1, sample).astype(int)]
    model = build_model(settings, vocabulary_size, vectors, SEED, len(data.classes))
    trainer = Trainer(model, RMSprop(**settings["optimizer"]), SEED)
    step = 0
    while True:
        for batch in batches(
            data,
            chunks,
            settings["batch_size"],
            vocabulary_size,
            settings["sequence_length"],
            trim=settings["mask"],
        ):
            loss, _ = trainer.run_batch(batch, data.labels, step)
            float(loss)
            step += 1
            yield


def keras_steps(data: EncodedReviews, settings: dict, vocabulary_size: int, vectors: Path | None) -> Iterator[None]:
    """Take a step of the chapter's own model in plain Keras each time."""
    import keras
    from keras import layers

    inputs = keras.Input((None,), dtype="int64")
    if settings["features"] == "one_hot":
        embedded = layers.Lambda(
            lambda tokens: keras.ops.one_hot(tokens, vocabulary_size), output_shape=(None, vocabulary_size)
        )(inputs)
    elif settings["features"] == "glove":
        matrix = np.load(vectors)
        embedded = layers.Embedding(
            *matrix.shape,
            embeddings_initializer=keras.initializers.Constant(matrix),
            trainable=False,
            mask_zero=settings["mask"],
        )(inputs)
    else:
        embedded = layers.Embedding(vocabulary_size, settings["dimension"], mask_zero=settings["mask"])(inputs)
    x = layers.Bidirectional(layers.LSTM(settings["units"]))(embedded)
    x = layers.Dropout(settings["dropout"])(x)
    classes = len(data.classes)
    outputs = layers.Dense(1, activation="sigmoid")(x) if classes == 2 else layers.Dense(classes, "softmax")(x)
    model = keras.Model(inputs, outputs)
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"])
    for tokens, labels in padded_batches(data, settings, vocabulary_size):
        model.train_on_batch(tokens, labels[:, None])
        yield


def padded_batches(
    data: EncodedReviews, settings: dict, vocabulary_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield shuffled batches for ever, all padded to the same length as in the chapter, with their labels."""
    lengths = data.lengths(settings["sequence_length"])
    length = settings["sequence_length"] or max(1, int(lengths.max()))
    chunks = shuffled_chunks(lengths, settings["batch_size"], SEED, 1, group_by_length=False)
    while True:
        for chunk in chunks[:-1] or chunks:
            yield padded(data, chunk, length, vocabulary_size), data.labels[chunk].astype(np.float32)


def time_in_turn(
    running: Mapping[tuple[str, str], Iterator[None]], steps: Mapping[tuple[str, str], int], repetitions: int
) -> pd.DataFrame:
    """Take some steps of each model in turn, repetition after repetition; a table with the columns `COLUMNS`.

    `running` holds for each variant and implementation an iterator that takes a step each time, `steps` how many a
    repetition is. What disturbs the machine for a while disturbs all alike. One repetition goes before and is not
    counted: everything is compiled in it.
    """
    for key, iterator in running.items():
        take(iterator, steps[key])
    return pd.DataFrame(
        [
            (*key, repetition, round(take(iterator, steps[key]) / steps[key], 6))
            for repetition in range(1, repetitions + 1)
            for key, iterator in running.items()
        ],
        columns=COLUMNS,
    )


def take(iterator: Iterator[None], steps: int) -> float:
    """Take some steps; returns the seconds."""
    start = time.perf_counter()
    for _ in range(steps):
        next(iterator)
    return time.perf_counter() - start


def read_step_times(path: Path) -> pd.DataFrame:
    """Read a table of step times, columns `COLUMNS`. Raises InputError if it is damaged."""
    try:
        types = {"variant": str, "implementation": str, "repetition": int, "seconds_per_step": float}
        table = pd.read_csv(path, dtype=types)[COLUMNS]
        seconds = table["seconds_per_step"]
        if not (np.isfinite(seconds) & (seconds > 0)).all() or table.iloc[:, :3].duplicated().any():
            raise ValueError("a time is missing, or there twice")
        return table
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and run again.") from error


def ratio(table: pd.DataFrame, variant: str, other: str, implementation: str) -> tuple[float, float, float]:
    """How many times as long a step of `variant` takes as one of `other`: the ratio, and its 95 % interval.

    The two took turns, so that each repetition gives a ratio. Theirs is the geometric mean, with Student's t interval
    of the logarithms. Raises InputError if there are not two repetitions of both.
    """
    part = table[table["implementation"] == implementation].set_index("repetition")
    first, second = (part.loc[part["variant"] == name, "seconds_per_step"] for name in (variant, other))
    logarithms = np.log(first / second).dropna()
    if len(logarithms) < 2:
        raise InputError(
            f"The table of step times has fewer than two repetitions of {variant} and {other}. Delete it and run again."
        )
    margin = stats.t.ppf(0.975, len(logarithms) - 1) * logarithms.std() / math.sqrt(len(logarithms))
    return tuple(math.exp(logarithms.mean() + each) for each in (0, -margin, margin))
