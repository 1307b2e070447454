"""Train one variant with one seed."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wordorder.training.checkpoint import Backup, fingerprint
from wordorder.training.self_training import mean_opinion, read_soft_labels, with_soft_labels
from wordorder.data.encoded import read_encoded
from wordorder.io.atomic import atomic_write
from wordorder.io.log import logged, release_memory, start_backend, versions
from wordorder.data.subsets import subsets
from wordorder.data.vectorizer import read_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    train: Path,
    validation: Path,
    vocabulary: Path,
    vectors: Path | None,
    unlabelled: Path | None,
    soft_labels: list[Path],
    code: list[Path],
    model_file: Path,
    history_file: Path,
    costs_file: Path,
    summary_file: Path,
    record_file: Path,
    *,
    backup_folder: Path,
    variant: str,
    size: int | None,
    settings: dict,
    seed: int,
    backend: str,
    threads: int,
) -> None:
    """Write the model with the lowest validation loss, its summary, the history, what it cost, and a record.

    With a `size` the training sees so many of the training reviews, and as large a part of the validation reviews.
    `soft_labels` are what the teachers say of the `unlabelled` reviews, if there are any.

    The backup in `backup_folder` stays: it is of use until Snakemake knows that the training is over.
    """
    start_backend(backend, threads)
    from wordorder.training.loop import build_model, save_model, train_model

    data = [read_encoded(train), read_encoded(validation)]
    if size is not None:
        data = list(subsets(*data, size, seed))
    classes = data[0].classes
    model = build_model(settings, len(read_vocabulary(vocabulary)), vectors, seed, len(classes))
    packages = versions("keras", backend, "numpy", *(["scikit-learn"] if model.solved else []))
    labelled = len(data[0].ids)
    if unlabelled:
        more = read_encoded(unlabelled)
        opinions = [read_soft_labels(path, more.ids) for path in soft_labels]
        data[0] = with_soft_labels(data[0], more, mean_opinion(opinions))
    print(f"{variant}, {len(data[0].ids)} reviews, seed {seed}, {threads} threads")
    print(f"Classes: {', '.join(classes)}")
    print(", ".join(f"{package} {version}" for package, version in packages.items()))
    print(", ".join(f"{key}: {value}" for key, value in settings.items()))
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    print("\n".join(lines))
    decides = {
        "settings": settings,
        "size": size,
        "seed": seed,
        "backend": backend,
        "threads": threads,
        "versions": packages,
    }
    given = [path for path in (vectors, unlabelled) if path]
    files = [train, validation, vocabulary, *given, *soft_labels, *code, Path(__file__)]
    backup = Backup(backup_folder, fingerprint(files, decides))
    history = train_model(model, *data, settings, seed, backup)
    table = pd.DataFrame(history)
    costs = ["seconds", "peak_memory_mb"]
    best = min(history, key=lambda epoch: epoch["validation_loss"])
    optimizer = {}
    if not model.solved:
        # As keras.optimizers.RMSprop spells it.
        optimizer = {"optimizer": {"name": "rmsprop", **settings["optimizer"], "momentum": 0.0, "centered": False}}
    record = {
        "variant": variant,
        "seed": seed,
        "training_reviews": labelled,
        "classes": classes,
        "settings": {key: value for key, value in settings.items() if key != "optimizer"},
        **optimizer,
        "parameters": model.count_params(),
        "trainable_parameters": sum(math.prod(weight.shape) for weight in model.trainable_variables),
        "best_epoch": best["epoch"],
        "validation_loss": best["validation_loss"],
        "validation_accuracy": best["validation_accuracy"],
        "backend": backend,
        "threads": threads,
        "versions": packages,
    }
    with atomic_write(summary_file) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with atomic_write(history_file) as part:
        table.drop(columns=costs).to_csv(part, index=False)
    with atomic_write(costs_file) as part:
        table[["epoch", *costs]].to_csv(part, index=False)
    with atomic_write(record_file) as part:
        part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    # Compiling has left some 100 MB that are free; to save a model Keras loads TensorFlow, whatever the backend is.
    release_memory()
    save_model(model, model_file)
    print(
        f"Best epoch: {best['epoch']}, validation loss {best['validation_loss']:.4f}, "
        f"accuracy {best['validation_accuracy']:.4f}; peak memory {table['peak_memory_mb'].max():.0f} MB"
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            train=Path(snakemake.input.train),
            validation=Path(snakemake.input.validation),
            vocabulary=Path(snakemake.input.vocabulary),
            vectors=Path(snakemake.input.vectors) if snakemake.input.vectors else None,
            unlabelled=Path(snakemake.input.unlabelled) if snakemake.input.unlabelled else None,
            soft_labels=[Path(path) for path in snakemake.input.soft_labels],
            code=[Path(path) for path in snakemake.input.lib],
            model_file=Path(snakemake.output.model),
            history_file=Path(snakemake.output.history),
            costs_file=Path(snakemake.output.costs),
            summary_file=Path(snakemake.output.summary),
            record_file=Path(snakemake.output.record),
            backup_folder=Path(snakemake.params.backup),
            variant=snakemake.wildcards.variant,
            size=None if snakemake.wildcards.size == "all" else int(snakemake.wildcards.size),
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            backend=snakemake.params.backend,
            threads=snakemake.threads,
        )
