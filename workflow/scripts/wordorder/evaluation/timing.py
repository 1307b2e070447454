"""Training steps of a model, one at a time, to be timed: ours, and those of the chapter's code in plain Keras."""

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import stats

from wordorder.data.encoded import EncodedReviews
from wordorder.evaluation.intervals import Estimate
from wordorder.io.errors import InputError, reading
from wordorder.models.kind import GradientTrained, variant_of
from wordorder.training.batching import padded, shuffled_chunks

SEED = 1
COLUMNS = ["variant", "implementation", "repetition", "seconds_per_step"]
IMPLEMENTATIONS = ["plain", "ours"]


def our_steps(
    data: EncodedReviews, settings: dict[str, Any], vocabulary_size: int, sample: int, vectors: np.ndarray | None = None
) -> Iterator[None]:
    """Take a step of our training each time; `sample` batches, in the order of their length, stand for an epoch."""
    from wordorder.models.network import build_model
    from wordorder.training.loop import Trainer

    model = build_model(settings, vocabulary_size, data.classes, SEED, vectors)
    variant = cast(GradientTrained, model.variant)
    data = variant.prepare(data)
    chunks = sampled_chunks(data, variant, sample)
    trainer = Trainer(model, SEED)
    step = 0
    while True:
        for batch in model.batches(data, chunks, variant.batch_size, training=True):
            loss, _ = trainer.run_batch(batch, data.labels, step)
            float(loss)
            step += 1
            yield


def keras_steps(
    data: EncodedReviews, settings: dict[str, Any], vocabulary_size: int, vectors: np.ndarray | None = None
) -> Iterator[None]:
    """Take a step of the chapter's own model in plain Keras each time."""
    import keras

    variant = cast(GradientTrained, variant_of(settings))
    classes = len(data.classes)
    model = variant.plain_keras(vocabulary_size, classes, None if vectors is None else vectors.shape[1])
    if vectors is not None:
        model.get_layer("embedding").embeddings.assign(vectors)
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.RMSprop(**variant.optimizer.model_dump()), loss=loss, metrics=["accuracy"])
    for tokens, labels in padded_batches(data, variant):
        model.train_on_batch(variant.plain_inputs(tokens, vocabulary_size), labels[:, None])
        yield


def sampled_chunks(data: EncodedReviews, variant: GradientTrained, sample: int) -> list[np.ndarray]:
    """Return `sample` of the batches of an epoch, indices of reviews, which stand for all lengths alike."""
    lengths = data.lengths(variant.reads_length)
    chunks = shuffled_chunks(lengths, variant.batch_size, SEED, 1, variant.groups_by_length)
    # The last batch is not full.
    chunks = sorted(chunks[:-1] or chunks, key=lambda chunk: lengths[chunk].max())
    return [chunks[i] for i in ((np.arange(sample) + 0.5) / sample * len(chunks)).astype(int)]


def padded_batches(
    data: EncodedReviews, variant: GradientTrained, sample: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches for ever, token ids and labels: shuffled, and all padded to the same length as in the chapter.

    With a `sample`, those batches that `our_steps` takes, each padded to its longest review.
    """
    data = variant.prepare(data)
    lengths = data.lengths(variant.reads_length)
    cut = variant.reads_length or max(1, int(lengths.max()))
    if sample:
        chunks = sampled_chunks(data, variant, sample)
    else:
        chunks = shuffled_chunks(lengths, variant.batch_size, SEED, 1, group_by_length=False)
        chunks = chunks[:-1] or chunks
    while True:
        for chunk in chunks:
            length = max(1, int(lengths[chunk].max())) if sample else cut
            yield padded(data, chunk, len(chunk), length, cut), data.labels[chunk].astype(np.float32)


def time_in_turn(
    running: Mapping[tuple[str, str], Iterator[None]], steps: Mapping[tuple[str, str], int], repetitions: int
) -> pd.DataFrame:
    """Take some steps of each model in turn, repetition after repetition; a table with the columns `COLUMNS`.

    `running` holds for each variant and implementation an iterator that takes a step each time, `steps` how many a
    repetition is. What disturbs the machine for a while disturbs all alike. One repetition goes before and is not
    counted: everything is compiled in it. Nor is a step at the beginning of each turn, which takes several times as
    long after a step of another model that fills gigabytes.
    """
    for key, iterator in running.items():
        take(iterator, steps[key])
    rows = []
    for repetition in range(1, repetitions + 1):
        for key, iterator in running.items():
            take(iterator, 1)
            rows.append((*key, repetition, round(take(iterator, steps[key]) / steps[key], 6)))
    return pd.DataFrame(rows, columns=COLUMNS)


def take(iterator: Iterator[None], steps: int) -> float:
    """Take some steps and return the seconds."""
    start = time.perf_counter()
    for _ in range(steps):
        next(iterator)
    return time.perf_counter() - start


def read_step_times(path: Path) -> pd.DataFrame:
    """Read a table of step times, columns `COLUMNS`. Raises InputError if it is damaged."""
    with reading(path):
        types = {"variant": str, "implementation": str, "repetition": int, "seconds_per_step": float}
        table = pd.read_csv(path, dtype=types)[COLUMNS]
        seconds = table["seconds_per_step"]
        if not (np.isfinite(seconds) & (seconds > 0)).all() or table.iloc[:, :3].duplicated().any():
            raise ValueError("a time is missing, or there twice")
        return table


def log_ratio(table: pd.DataFrame, variant: str, other: str, implementation: str) -> Estimate:
    """Return the logarithm of how many times as long a step of `variant` takes as one of `other`.

    The two took turns, so that each repetition gives a ratio, and the interval is Student's of their logarithms. Raises
    InputError if there are not two repetitions of both.
    """
    part = table[table["implementation"] == implementation].set_index("repetition")
    first, second = (part.loc[part["variant"] == name, "seconds_per_step"] for name in (variant, other))
    logarithms = np.log(first / second).dropna()
    if len(logarithms) < 2:
        raise InputError(
            f"The table of step times has fewer than two repetitions of {variant} and {other}. Delete it and run again."
        )
    return Estimate(float(logarithms.mean()), float(stats.sem(logarithms)), len(logarithms) - 1)


def log_ratio_of_trainings(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Return the logarithm of the ratio of the seconds of trainings, (seeds,) each: Welch's t interval.

    Not known with one training of one of the two.
    """
    logarithms = [np.log(first), np.log(second)]
    value = float(logarithms[0].mean() - logarithms[1].mean())
    if min(map(len, logarithms)) < 2:
        return Estimate(value, math.nan, math.nan)
    squares = [float(stats.sem(each) ** 2) for each in logarithms]
    uncertainty = sum(square**2 / (len(each) - 1) for square, each in zip(squares, logarithms, strict=True))
    return Estimate(value, math.sqrt(sum(squares)), sum(squares) ** 2 / uncertainty if uncertainty else math.inf)
