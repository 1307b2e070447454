"""Find the vocabulary of the training reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.split import read_reviews
from wordorder.io.log import logged, start_backend
from wordorder.data.vectorizer import adapt_vocabulary, write_settings, write_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    reviews: Path,
    vocabulary: Path,
    settings: Path,
    *,
    max_tokens: int,
    standardize: str,
    strip_html: bool,
    ngrams: int,
) -> None:
    """Write the tokens by falling frequency, and how they were made."""
    making = {"max_tokens": max_tokens, "standardize": standardize, "strip_html": strip_html, "ngrams": ngrams}
    tokens = adapt_vocabulary(read_reviews(reviews)["text"].to_pylist(), **making)
    write_vocabulary(vocabulary, tokens)
    write_settings(settings, making)
    print(f"{len(tokens)} tokens, padding and unknown included; the most frequent: {' '.join(tokens[2:12])}")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        start_backend("tensorflow", snakemake.threads)
        main(
            reviews=Path(snakemake.input.reviews),
            vocabulary=Path(snakemake.output.vocabulary),
            settings=Path(snakemake.output.settings),
            max_tokens=snakemake.params.max_tokens,
            standardize=snakemake.params.standardize,
            strip_html=snakemake.params.strip_html,
            ngrams=snakemake.params.ngrams,
        )
