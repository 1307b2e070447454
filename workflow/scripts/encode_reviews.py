"""Turn the text of all reviews into token numbers, once."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder.data.split import read_reviews
from wordorder.data.encoded import NO_LABEL, write_encoded
from wordorder.io.log import logged, start_backend
from wordorder.data.vectorizer import read_settings, read_vocabulary, text_encoder

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(reviews: list[Path], vocabulary: Path, settings: Path, encoded: list[Path]) -> None:
    """Write one Arrow file for each file of reviews."""
    encode = text_encoder(read_vocabulary(vocabulary), **read_settings(settings))
    for source, target in zip(reviews, encoded, strict=True):
        table = read_reviews(source)
        sequences = list(encode(table["text"].to_pylist()))
        labels = table["label"].to_pylist()
        # Each class has reviews in each split; unlabelled reviews have none.
        classes = sorted(set(labels) - {""})
        places = {"": NO_LABEL} | {name: place for place, name in enumerate(classes)}
        write_encoded(target, table["id"].to_pylist(), [places[name] for name in labels], sequences, classes)
        if not sequences:
            # A corpus may lack the unlabelled reviews.
            print(f"{source.stem}: no reviews")
            continue
        lengths = np.array([len(sequence) for sequence in sequences])
        print(
            f"{source.stem}: {len(lengths)} reviews, {lengths.sum()} tokens; length: mean {lengths.mean():.1f}, "
            f"median {np.median(lengths):.0f}, longest {lengths.max()}, empty {np.sum(lengths == 0)}"
        )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        start_backend("tensorflow", snakemake.threads)
        main(
            reviews=[Path(path) for path in snakemake.input.reviews],
            vocabulary=Path(snakemake.input.vocabulary),
            settings=Path(snakemake.input.settings),
            encoded=[Path(path) for path in snakemake.output.encoded],
        )
