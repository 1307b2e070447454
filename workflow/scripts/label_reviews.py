"""Label the unlabelled reviews by a trained model, softly: with its probabilities."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder import paths
from wordorder.data.encoded import read_encoded
from wordorder.entry import run
from wordorder.training.backend import start_backend
from wordorder.training.self_training import write_soft_labels

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(model: Path, reviews: Path, labels: Path, *, backend: str, threads: int) -> None:
    """Write the probabilities of each review."""
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.inference import load_model, predict

    network, data = load_model(model), read_encoded(reviews)
    write_soft_labels(labels, data.ids, predict(network, data), network.classes)
    print(f"{len(data.ids)} reviews labelled")


if __name__ == "__main__":
    run(main, snakemake)
