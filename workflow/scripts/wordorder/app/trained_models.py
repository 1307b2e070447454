"""Find the trained models of a working directory, before Keras is loaded."""

from pathlib import Path

from wordorder import paths
from wordorder.io.errors import InputError


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
        known = f"trained are: {', '.join(trained)}" if trained else "nothing is: run snakemake, or name a --directory"
        raise InputError(f"{variant} is not trained in {directory / 'results'}; {known}.")
    seeds = trained[variant]
    if seed is None:
        return seeds[0]
    if seed not in seeds:
        raise InputError(f"{variant} is not trained with seed {seed}, but with {', '.join(map(str, seeds))}.")
    return seed
