"""Turn the text of all reviews into token ids, once."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder.data.encoded import NO_LABEL, write_encoded
from wordorder.data.reviews import read_reviews
from wordorder.data.vectorizer import read_settings, read_vocabulary, text_encoder
from wordorder.entry import run
from wordorder.io.errors import InputError
from wordorder.messages import listed
from wordorder.tokens import UNKNOWN

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    reviews: list[Path],
    vocabulary: Path,
    vectorizer_settings: Path,
    encoded: list[Path],
    *,
    students: list[str],
) -> None:
    """Write one Arrow file for each file of reviews, in each of which there must be some if there are students."""
    encode = text_encoder(read_vocabulary(vocabulary), **read_settings(vectorizer_settings))
    for source, target in zip(reviews, encoded, strict=True):
        table = read_reviews(source)
        sequences = list(encode(table["text"].to_pylist()))
        labels = table["label"].to_pylist()
        if students and not sequences:
            raise InputError(
                f"{listed(students)} would learn from teachers, but the corpus has no {source.stem} reviews. Correct "
                "corpus.unlabelled in the config, or take them out of active_variants."
            )
        # Each class has reviews in each split; unlabelled reviews have none.
        classes = sorted(set(labels) - {""})
        places = {"": NO_LABEL} | {name: place for place, name in enumerate(classes)}
        write_encoded(target, table["id"].to_pylist(), [places[name] for name in labels], sequences, classes)
        if not sequences:
            # A corpus may lack the unlabelled reviews.
            print(f"{source.stem}: no reviews")
            continue
        lengths = np.array([len(sequence) for sequence in sequences])
        unknown = sum(np.count_nonzero(sequence == UNKNOWN) for sequence in sequences) / max(lengths.sum(), 1)
        print(
            f"{source.stem}: {len(lengths)} reviews, {lengths.sum()} tokens, {unknown:.1%} of them unknown; length: "
            f"mean {lengths.mean():.1f}, median {np.median(lengths):.0f}, longest {lengths.max()}, "
            f"empty {np.sum(lengths == 0)}"
        )


if __name__ == "__main__":
    run(main, snakemake)
