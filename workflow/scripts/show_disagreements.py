"""Show the test reviews on which the variants disagree most, with each word coloured by its effect."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wordorder import paths
from wordorder.data.reviews import read_reviews
from wordorder.entry import run
from wordorder.evaluation.predictions import Run, read_several
from wordorder.explain import explain, explanation_html
from wordorder.io.atomic import atomic_write
from wordorder.report.pages import page
from wordorder.training.backend import start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

REVIEWS = 8
# Words of a review, at most: it is to be read, and the model runs once without each of them.
LONGEST = 200
STYLE = """
section { margin: 2rem 0; }
.side { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem; }
.side div { border: 1px solid #e5e5e5; border-radius: 6px; padding: .5rem .75rem; }
.side p { font-size: .85rem; line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 0; }
.wrong { color: #b04000; }
"""


def most_disputed(probabilities: np.ndarray, texts: list[str], count: int) -> list[int]:
    """Return the reviews whose probabilities (variants, reviews) differ most, by their standard deviation."""
    short = np.array([len(text.split()) <= LONGEST for text in texts])
    order = np.argsort(-np.where(short, probabilities.std(axis=0), -1), kind="stable")
    return [int(i) for i in order[:count] if short[i]]


def main(
    predictions: list[Path],
    reviews: Path,
    models: list[Path],
    records: list[Path],
    vocabularies: list[Path],
    vectorizers: list[Path],
    html: Path,
    *,
    runs: list[Run],
    caption: str,
    backend: str,
    threads: int,
) -> None:
    """Write the page; `runs` are those of the predictions.

    For each variant, in the order of `runs`, there is one of the `models`, with its record, its vocabulary and the
    settings of its vectorizer.
    """
    start_backend(backend, threads, paths.COMPILED)
    from wordorder.app.load import load_model_with

    read = read_several(predictions)
    # The probability of the true class of each review.
    if len(read.classes) == 2:
        right = np.where(read.labels == 1, read.probabilities, 1 - read.probabilities)
    else:
        right = np.take_along_axis(read.probabilities, read.labels[None, :, None], axis=2)[:, :, 0]
    means = pd.DataFrame(right, index=[variant for variant, *_ in runs]).groupby(level=0, sort=False).mean()
    table = read_reviews(reviews)
    texts = table["text"].to_pylist()
    disputed = most_disputed(means.to_numpy(), texts, REVIEWS)
    shown: dict[int, list[str]] = {i: [] for i in disputed}
    for variant, *files in zip(means.index, models, records, vocabularies, vectorizers, strict=True):
        trained = load_model_with(*files)
        for i in disputed:
            verdict, of_class, probability, shuffled, pieces = explain(trained.probabilities, texts[i])
            mark = "" if verdict == read.labels[i] else ' class="wrong"'
            shown[i].append(
                f"<div><strong>{escape(variant)}</strong>: <span{mark}>{escape(read.classes[verdict])}</span>, "
                f"P({escape(read.classes[of_class])}) = {probability:.2f}, "
                f"with the words shuffled {shuffled:.2f}<p>{explanation_html(pieces)}</p></div>"
            )
        print(f"{variant}: done")
    sections = [
        f"<section><h2>{escape(read.ids[i])}: {escape(read.classes[read.labels[i]])}</h2>"
        f'<div class="side">{"".join(shown[i])}</div></section>'
        for i in disputed
    ]
    with atomic_write(html) as part:
        part.write_text(page("Disagreements", "\n".join(sections), caption=caption, style=STYLE), encoding="utf-8")


if __name__ == "__main__":
    run(main, snakemake)
