"""Train one variant with one seed."""

import importlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wordorder import paths
from wordorder.data.encoded import read_encoded
from wordorder.data.reviews import read_groups
from wordorder.data.sources import file_digest
from wordorder.data.subsets import split_by_group, subsets
from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.evaluation.machine import processor_name
from wordorder.io.atomic import atomic_write
from wordorder.probabilities import mean_of_logits
from wordorder.training.backend import start_backend, versions
from wordorder.training.checkpoint import Checkpoints, fingerprint
from wordorder.vectors.matrix import read_matrix

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# What an epoch costs; it goes into a file of its own, because it is never twice the same.
COSTS = ["seconds", "peak_memory_mb"]


def main(
    train: Path,
    validation: Path,
    vocabulary: Path,
    vectors: Path | None,
    unlabelled: Path | None,
    soft_labels: list[Path],
    groups: list[Path],
    model: Path,
    history: Path,
    costs: Path,
    summary: Path,
    record: Path,
    *,
    variant: str,
    size: str,
    fewest_held_out: int,
    seed: int,
    split_seed: int,
    settings: dict[str, Any],
    backend: str,
    code: str,
    threads: int,
) -> None:
    """Write the model with the lowest validation loss, its summary, the history, what it cost, and a record.

    `size` is the number of training reviews that are seen, or "all", with as large a part of the validation reviews but
    `fewest_held_out` at least. With the `groups` of the training and the validation reviews, these are dealt anew.
    `soft_labels` are those of the teachers for the `unlabelled` reviews, for a student. `code` is the digest of the
    code.

    The checkpoints stay: they are of use until Snakemake has noted that the training is over.
    """
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.inference import save_model
    from wordorder.models.network import build_model
    from wordorder.training.loop import train_model

    training, held_out = read_encoded(train), read_encoded(validation)
    if groups:
        by_name = {name: group for path in groups for name, group in read_groups(path).items()}
        training, held_out = split_by_group(training, held_out, by_name, split_seed)
    if size != "all":
        training, held_out = subsets(training, held_out, int(size), seed, fewest_held_out)
    tokens = len(read_vocabulary(vocabulary))
    network = build_model(settings, tokens, training.classes, seed, read_matrix(vectors, tokens) if vectors else None)
    packages = versions("keras", backend, "numpy", *network.variant.packages)
    labelled = len(training.ids)
    if unlabelled:
        # By name, because only students depend on it.
        self_training = importlib.import_module("wordorder.training.self_training")
        more = read_encoded(unlabelled)
        of_teachers = [self_training.read_soft_labels(path, more.ids, training.classes) for path in soft_labels]
        training = self_training.with_soft_labels(training, more, mean_of_logits(of_teachers))
    print(f"{variant}, {len(training.ids)} reviews, seed {seed}, {threads} threads")
    print(f"Classes: {', '.join(training.classes)}")
    print(", ".join(f"{package} {version}" for package, version in packages.items()))
    print(", ".join(f"{key}: {value}" for key, value in settings.items()))
    lines: list[str] = []
    network.summary(print_fn=lines.append)
    print("\n".join(lines))
    given = [path for path in (vectors, unlabelled) if path]
    decides = {
        "settings": settings,
        "size": size,
        "fewest_held_out": fewest_held_out,
        "seed": seed,
        "split_seed": split_seed,
        "backend": backend,
        "threads": threads,
        "versions": packages,
        "code": code,
    }
    files = [train, validation, vocabulary, *given, *soft_labels, *groups]
    checkpoints = Checkpoints(paths.checkpoints(model), fingerprint(files, decides))
    epochs = train_model(network, training, held_out, seed, checkpoints)
    best = min(epochs, key=lambda epoch: epoch["validation_loss"])
    table = pd.DataFrame(epochs)
    with atomic_write(summary) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with atomic_write(history) as part:
        table.drop(columns=COSTS).to_csv(part, index=False)
    with atomic_write(costs) as part:
        table[["epoch", *COSTS]].to_csv(part, index=False)
    save_model(network, model)
    contents = {
        "variant": variant,
        "seed": seed,
        "training_reviews": labelled,
        "classes": training.classes,
        **network.variant.record(),
        "parameters": network.count_params(),
        "trainable_parameters": sum(math.prod(weight.shape) for weight in network.trainable_variables),
        "best_epoch": best["epoch"],
        "validation_loss": best["validation_loss"],
        "validation_accuracy": best["validation_accuracy"],
        "backend": backend,
        "threads": threads,
        "processor": processor_name(),
        "versions": packages,
        # By which whoever uses the model knows that these belong together.
        "digests": {"model": file_digest(model), "vocabulary": file_digest(vocabulary)},
    }
    with atomic_write(record) as part:
        part.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
    print(
        f"Best epoch: {best['epoch']}, validation loss {best['validation_loss']:.4f}, "
        f"accuracy {best['validation_accuracy']:.4f}; peak memory {table['peak_memory_mb'].max():.0f} MB"
    )


if __name__ == "__main__":
    run(main, snakemake)
