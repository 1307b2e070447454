"""Find the trained models of a working directory, and what belongs to them, before Keras is loaded."""

import json
from pathlib import Path

from wordorder import paths
from wordorder.data.sources import file_digest
from wordorder.io.errors import InputError, reading
from wordorder.messages import suggestion


def trained_models(directory: Path) -> dict[str, list[int]]:
    """Return the trained variants, and the seeds of their trainings in ascending order."""
    found: dict[str, list[int]] = {}
    for variant, seed in paths.trained_models(directory):
        found.setdefault(variant, []).append(seed)
    return {variant: sorted(seeds) for variant, seeds in found.items()}


def trained_seed(directory: Path, variant: str, seed: int | None) -> int:
    """Return the seed of a training of the variant, the lowest if none is given.

    Raises InputError if there is no such training.
    """
    trained = trained_models(directory)
    if variant not in trained:
        known = suggestion(variant, trained) if trained else "nothing is: run snakemake, or name a --directory."
        raise InputError(f"{variant} is not trained in {directory / 'results'}; {known}")
    seeds = trained[variant]
    if seed is None:
        return seeds[0]
    if seed not in seeds:
        raise InputError(f"{variant} is not trained with seed {seed}, but with {', '.join(map(str, seeds))}.")
    return seed


def read_training(record: Path, **files: Path) -> tuple[str, int]:
    """Return variant and seed of a training from its record; `files` are its `model`, its `vocabulary` or both.

    Raises InputError if a file is damaged, or is not that of the training.
    """
    with reading(record):
        training = json.loads(record.read_text(encoding="utf-8"))
        variant, seed = training["variant"], training["seed"]
        digests = {path: training["digests"][name] for name, path in files.items()}
    for path, digest in digests.items():
        with reading(path):
            found = file_digest(path)
        if found != digest:
            raise InputError(
                f"{path} is not the one of {record}: it has been made anew, or comes from elsewhere. Run snakemake "
                f"again, so that all belongs together, or delete {record.parent} if the config has it no more."
            )
    return variant, seed
