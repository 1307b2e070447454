"""Write the model card of a variant."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from wordorder.app.trained_models import read_training
from wordorder.data.vectorizer import read_settings, read_vocabulary
from wordorder.entry import run
from wordorder.evaluation.metrics import METRICS
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading
from wordorder.io.frames import read_csv
from wordorder.models.kind import kind_named
from wordorder.report.pages import markdown_html, markdown_text, page

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    record: Path,
    summary: Path,
    accuracy_by_length: Path,
    corpus: Path,
    vocabulary: Path,
    vectorizer: Path,
    markdown: Path,
    html: Path,
    *,
    variant: str,
    caption: str,
) -> None:
    """Write the card as Markdown and as a page."""
    read_training(record, vocabulary=vocabulary)
    with reading(record):
        training = json.loads(record.read_text(encoding="utf-8"))
    with reading(summary):
        row = read_csv(summary).set_index("variant").loc[variant]
    with reading(accuracy_by_length):
        lengths = read_csv(accuracy_by_length).query("variant == @variant")
    by_length = lengths.groupby(["min_tokens", "max_tokens"])["accuracy"].mean()
    by_length.index = [f"{low} to {high}" for low, high in by_length.index]
    with reading(corpus):
        reviews = read_csv(corpus).groupby("split")["reviews"].sum()
    # With `validation: by_group` it is others that are held back, and not quite as many.
    held_back = reviews["train"] + reviews["validation"] - training["training_reviews"]
    settings = training["settings"] | {
        f"optimizer.{name}": value for name, value in training.get("optimizer", {}).items()
    }
    kind = kind_named(settings["model"])
    templates = Environment(loader=PackageLoader("wordorder.report", "."), undefined=StrictUndefined, autoescape=False)
    templates.filters["markdown_text"] = markdown_text
    card = templates.get_template("model_card.md.jinja").render(
        variant=variant,
        caption=caption,
        kind=kind.SENTENCE.format(features=kind.FEATURES[settings["features"]]),
        training_reviews=training["training_reviews"],
        validation_reviews=held_back,
        test_reviews=reviews["test"],
        teachers=settings.get("teachers", []),
        classes=training["classes"],
        settings={"sequence_length": None} | settings,
        vectorizer={name: value for name, value in read_settings(vectorizer).items() if name != "functions"},
        vocabulary_size=len(read_vocabulary(vocabulary)),
        parameters=training["parameters"],
        trainable_parameters=training["trainable_parameters"],
        seeds=int(row["seeds"]),
        accuracy=row["test_accuracy"],
        low=None if pd.isna(row["test_accuracy_low"]) else row["test_accuracy_low"],
        high=row["test_accuracy_high"],
        measures={name.replace("_", " "): row[name] for name in METRICS},
        lengths=by_length.to_dict(),
        worst_length=by_length.idxmin(),
        worst_accuracy=by_length.min(),
        calibration_error=row["expected_calibration_error"],
    )
    with atomic_write(markdown) as part:
        part.write_text(card + "\n", encoding="utf-8")
    with atomic_write(html) as part:
        part.write_text(page(variant, markdown_html(card)), encoding="utf-8")


if __name__ == "__main__":
    run(main, snakemake)
