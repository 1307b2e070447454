"""Write the model card of a variant."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wordorder.data.encoded import read_encoded
from wordorder.data.vectorizer import read_settings, read_vocabulary
from wordorder.entry import run
from wordorder.io.atomic import atomic_write
from wordorder.report.pages import markdown_html, page

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

KINDS = {
    "lstm": "A bidirectional LSTM over {features}.",
    "bag_of_words": "A dense network over {features}, in any order.",
    "nbsvm": "NB-SVM: a linear classifier over {features}, in any order, scaled by naive Bayes.",
    "transformer": "A Transformer encoder over {features} and learned position vectors.",
}
FEATURES = {
    "one_hot": "one-hot tokens",
    "embedding": "learned token vectors",
    "cbow": "token vectors that were pretrained on this corpus and trained further",
    "glove": "pretrained token vectors",
    "binary": "which tokens a text has",
    "tf_idf": "how often each token occurs, weighted by how rare it is",
}
MEASURES = ["roc_auc", "f1", "brier_score", "expected_calibration_error"]


def main(
    record: Path,
    summary: Path,
    accuracy_by_length: Path,
    validation: Path,
    test: Path,
    vocabulary: Path,
    vectorizer: Path,
    template: Path,
    markdown: Path,
    html: Path,
    *,
    variant: str,
) -> None:
    """Write the card as Markdown and as a page."""
    training = json.loads(record.read_text(encoding="utf-8"))
    row = pd.read_csv(summary, index_col="variant").loc[variant]
    lengths = pd.read_csv(accuracy_by_length).query("variant == @variant")
    by_length = lengths.groupby(["min_tokens", "max_tokens"])["accuracy"].mean()
    by_length.index = [f"{low} to {high}" for low, high in by_length.index]
    validation_reviews, test_reviews = (len(read_encoded(path).ids) for path in (validation, test))
    settings = training["settings"] | {
        f"optimizer.{name}": value for name, value in training.get("optimizer", {}).items()
    }
    environment = Environment(loader=FileSystemLoader(template.parent), undefined=StrictUndefined, autoescape=False)
    card = environment.get_template(template.name).render(
        variant=variant,
        kind=KINDS[settings["model"]].format(features=FEATURES[settings["features"]]),
        training_reviews=training["training_reviews"],
        validation_reviews=validation_reviews,
        test_reviews=test_reviews,
        teachers=settings.get("teachers", []),
        classes=training["classes"],
        settings={"sequence_length": None} | settings,
        vectorizer=read_settings(vectorizer),
        vocabulary_size=len(read_vocabulary(vocabulary)),
        parameters=training["parameters"],
        trainable_parameters=training["trainable_parameters"],
        seeds=int(row["seeds"]),
        accuracy=row["test_accuracy"],
        low=None if pd.isna(row["test_accuracy_low"]) else row["test_accuracy_low"],
        high=row["test_accuracy_high"],
        measures={name.replace("_", " "): row[name] for name in MEASURES},
        lengths=by_length.to_dict(),
        worst_length=by_length.idxmin(),
        worst_accuracy=by_length.min(),
        one_in=round(1 / max(1 - row["test_accuracy"], 1 / test_reviews)),
        calibration_error=row["expected_calibration_error"],
    )
    with atomic_write(markdown) as part:
        part.write_text(card + "\n", encoding="utf-8")
    with atomic_write(html) as part:
        part.write_text(page(variant, markdown_html(card)), encoding="utf-8")


if __name__ == "__main__":
    run(main, snakemake)
