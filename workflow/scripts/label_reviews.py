"""Let a trained model say what it makes of the unlabelled reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.training.self_training import write_soft_labels
from wordorder.data.encoded import read_encoded
from wordorder.io.log import logged, start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(model: Path, reviews: Path, labels: Path, *, sequence_length: int | None, backend: str, threads: int) -> None:
    """Write the probability of each review."""
    start_backend(backend, threads)
    from wordorder.training.loop import load_model, predict

    data = read_encoded(reviews)
    probabilities = predict(load_model(model), data, sequence_length)
    write_soft_labels(labels, data.ids, probabilities)
    print(f"{len(probabilities)} reviews labelled")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            model=Path(snakemake.input.model),
            reviews=Path(snakemake.input.reviews),
            labels=Path(snakemake.output.labels),
            sequence_length=snakemake.params.sequence_length,
            backend=snakemake.params.backend,
            threads=snakemake.threads,
        )
