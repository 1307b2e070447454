"""Snakemake's report of a small run, made by the real command and opened in a browser."""

import json
import re
import shutil
from html import escape

import pandas as pd
import pytest
from plans import planned

from wordorder import paths
from wordorder.report import contents

VARIANTS = ["binary_unigram", "embedding", "embedding_masked", "glove"]
# The run that is there has trained GloVe with seed 1, too.
SEED = 2
CONFIG = {"active_variants": VARIANTS, "seeds": [SEED], "word_order": {"variants": ["glove"]}}
CATEGORIES = {
    "Comparison": [
        "Accuracy against time",
        "Accuracy against training reviews",
        "Accuracy against word order",
        "Accuracy by length of the review",
        "Accuracy of the variants",
        "The claims",
        "What each step gains",
    ],
    "Probabilities": ["Calibration", "ROC curves"],
    "Trainings": ["Loss by epoch"],
    "Word vectors": ["Analogies", "Map of telling words", "Nearest words"],
    "Masking": ["What padding does"],
    "Errors": ["Reviews on which variants disagree"],
    "Model cards": VARIANTS,
    "Tables": ["Claims", "Pairs of variants", "Sentences that contrast", "The reviews", "The variants", "Word order"],
}


@pytest.fixture(scope="module")
def looked_at(pipeline, finished):
    """A folder in which everything to look at has been made, and the report; data and vectorizer were there before."""
    directory = finished.with_name("looked_at")
    shutil.copytree(finished, directory)
    result = pipeline.snakemake(directory, "report", config=CONFIG)
    assert result.returncode == 0, result.stdout
    result = pipeline.snakemake(directory, "report", "--report", directory / "report.html", config=CONFIG)
    assert result.returncode == 0, result.stdout
    return directory


def test_figures_have_files_for_the_readme(looked_at):
    # Catches: a figure that is only in the report.
    figures = looked_at / "results/figures"
    for ending in (".html", ".svg", ".png"):
        drawn = {path.relative_to(figures).with_suffix("").as_posix() for path in figures.rglob(f"*{ending}")}
        assert drawn == set(contents.figures())


def test_what_is_deleted_is_made_again(pipeline, looked_at):
    # Catches: "Nothing to be done" because another product of the same rule is still there.
    directory = shutil.copytree(looked_at, looked_at.with_name("deleted"))
    assert planned(pipeline.snakemake(directory, "report", "-n", config=CONFIG)) == set()
    for path in (
        paths.figure("svg", "history"),
        paths.figure("png", "effects"),
        paths.model_card("md", "glove"),
        paths.csv("embeddings/word_map"),
    ):
        (directory / path).unlink()
    assert planned(pipeline.snakemake(directory, "report", "-n", config=CONFIG)) == {
        *("plot_figure history", "plot_figure effects", "write_model_card glove", "compare_embeddings"),
        *("plot_figure word_map", "render_table neighbours", "render_table analogies"),
    }


def test_model_card(looked_at):
    # Catches: a card with another model's figures, or without what one has to know before using it.
    summary = pd.read_csv(looked_at / "results/summary.csv", index_col="variant")
    for variant in VARIANTS:
        card = (looked_at / f"results/model_cards/{variant}.md").read_text(encoding="utf-8")
        assert card.startswith(f"# Model card: `{variant}`")
        assert f"| test accuracy | {summary.loc[variant, 'test_accuracy']:.4f} (too few seeds for an interval)" in card
        assert "Classes: neg, pos." in card
        assert f"{summary.loc[variant, 'parameters']:,} weights" in card
        assert "## Limits" in card
        assert ("It reads the first 20 tokens" in card) == (variant != "binary_unigram")
        assert not re.search(r"\{\{|\{%|\bnan\b|None of", card)


def test_disagreements_are_those_of_the_runs_of_the_config(looked_at):
    # Catches: models that lie on the disk, of another seed, explained in place of those that the config names.
    page = (looked_at / "results/disagreements.html").read_text(encoding="utf-8")
    sections = re.findall(r"<section><h2>(.*?): .*?</section>", page, re.DOTALL)
    probabilities = [
        pd.read_parquet(looked_at / f"results/runs/glove/all/seed{seed}/predictions.parquet")
        .set_index("id")
        .loc[sections, "probability"]
        for seed in (SEED, 1)
    ]
    shown = [float(each) for each in re.findall(r"<strong>glove</strong>.*?P\(pos\) = ([\d.]+),", page)]
    assert len(shown) == 8
    assert shown == pytest.approx(list(probabilities[0]), abs=0.0051)
    assert shown != pytest.approx(list(probabilities[1]), abs=0.0051)


def test_captions_are_in_the_report_and_the_products(looked_at):
    # Catches: a caption that only Snakemake's report has, or the caption of another figure.
    report = (looked_at / "report.html").read_text(encoding="utf-8")
    entries = {f"figures/{name}": entry for name, entry in contents.figures().items()}
    entries |= {f"tables/{name}": entry for name, entry in contents.tables().items()}
    entries |= contents.pages(VARIANTS)
    for name, entry in entries.items():
        page = (looked_at / f"results/{name}.html").read_text(encoding="utf-8")
        assert escape(entry.caption) in page or json.dumps(entry.caption) in page, name
        assert entry.caption[:40] in report, name


def test_padding_changes_nothing_with_a_mask(looked_at):
    # Catches: the two models mixed up, padding that is not added.
    padding = pd.read_csv(looked_at / "results/padding.csv")
    spread = padding.groupby(["variant", "text"])["probability"].agg(lambda p: p.max() - p.min())
    assert (spread["embedding_masked"] < 1e-5).all()
    assert (spread["embedding"] > 1e-5).all()
    assert padding["padding"].min() == 0


def test_report_in_a_browser(looked_at, tab, tmp_path):
    # Catches: a figure that is missing, not drawn or in the wrong place; a page that needs the network; an error in the
    # console; a report without captions or code.
    tab.goto(f"file://{looked_at}/report.html")
    for category, names in CATEGORIES.items():
        tab.get_by_text("Results", exact=True).first.click()
        tab.get_by_text(category, exact=True).first.click()
        rows = tab.locator("tbody tr")
        rows.first.wait_for()
        assert sorted(rows.nth(i).inner_text().strip() for i in range(rows.count())) == sorted(names)
        for i, name in enumerate(names):
            row = rows.filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
            row.locator("a").first.click()
            frame = tab.frame_locator("iframe")
            drawn = "svg.marks" if category in ("Comparison", "Probabilities", "Trainings", "Masking") else "body *"
            if name == "Map of telling words":
                drawn = "svg.marks"
            frame.locator(drawn).first.wait_for(timeout=20_000)
            box = frame.locator("svg.marks" if drawn == "svg.marks" else "body").first.bounding_box()
            assert box["width"] > 200
            # The made-up corpus has no kings and queens, so that a table may have but a head.
            assert box["height"] > (100 if drawn == "svg.marks" else 20)
            if i == 0:
                # To be looked at: pytest keeps the folders of the last runs.
                tab.screenshot(path=tmp_path / f"{category}.png")
