"""Find the vocabulary of the training reviews."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordorder.data.reviews import read_reviews
from wordorder.data.vectorizer import adapt_vocabulary, write_settings, write_vocabulary
from wordorder.entry import run

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    reviews: Path,
    vocabulary: Path,
    vectorizer_settings: Path,
    *,
    max_tokens: int | None,
    standardize: str,
    split: str,
    strip_html: bool,
    ngrams: int,
    min_documents: int,
    max_words: int | None,
    functions: dict[str, str],
) -> None:
    """Write the tokens by falling frequency, and how they were made; `functions` are checksums of files with code."""
    settings: dict[str, Any] = {
        "max_tokens": max_tokens,
        "standardize": standardize,
        "split": split,
        "strip_html": strip_html,
        "ngrams": ngrams,
        "min_documents": min_documents,
        "max_words": max_words,
        "functions": functions,
    }
    tokens = adapt_vocabulary(read_reviews(reviews)["text"].to_pylist(), **settings)
    write_vocabulary(vocabulary, tokens)
    write_settings(vectorizer_settings, settings)
    print(f"{len(tokens)} tokens, padding and unknown included; the most frequent: {' '.join(tokens[2:12])}")


if __name__ == "__main__":
    run(main, snakemake)
