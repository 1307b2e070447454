"""The pages with results: their tables and the figures in their prose come from the tables of the study."""

import os
import re

import pandas as pd
import pytest
from conftest import REPOSITORY

import fill_pages
import publish_study
from estimate_sweep import estimate

# What is no result of a run: what the chapter or a paper says, levels and margins of claims, sizes and settings.
GIVEN = {
    "README.md": ["Python 3.11 to 3.13", "dropout of 0.5", "classifies 0.72 of", "and 0.89 with"],
    "docs/results/README.md": ["95 % intervals", "in the chapter, 87 %.", "has 89.2, 90.4 and 89.8."],
    "docs/best/README.md": ["The target was 93 %.", "(95 % interval)"],
    "docs/learning_curve/README.md": [],
    "docs/texts/README.md": ["chapter's 88 %"],
    "docs/optimizer/README.md": [],
    "docs/word_order.md": ["(0.005)"],
}


def filled(tmp_path, monkeypatch, text, **tables):
    """What becomes of a page, with a table of claims beside it."""
    folder = tmp_path / "docs/results"
    folder.mkdir(parents=True, exist_ok=True)
    claims = {
        "claim": ["masking_helps", "glove_no_help"],
        "value": [0.01234, -0.0035],
        "verdict": ["holds", "undecided"],
    }
    pd.DataFrame(claims).to_csv(folder / "claims.csv", index=False)
    orders = {
        "variant": ["glove", "glove"],
        "order": ["1", "first 100"],
        "change": [-0.038, -0.062],
        "seconds": [90, 5400],
    }
    pd.DataFrame(orders).to_csv(folder / "word_order.csv", index=False)
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    monkeypatch.setitem(fill_pages.PAGES, "page.md", tables)
    return fill_pages.filled("page.md", tmp_path)


@pytest.mark.parametrize(
    ("mark", "before", "after"),
    [
        ("results/claims masking_helps value", "0.5", "0.0"),
        ("results/claims masking_helps value", "0.0000", "0.0123"),
        ("results/claims masking_helps value points", "+9.9", "+1.2"),
        ("results/claims masking_helps value points", "9", "1"),
        ("results/claims glove_no_help value", "0.01", "0.00"),
        ("results/claims glove_no_help value points", "0.00", "-0.35"),
        ("results/claims glove_no_help value points_less", "0.00", "0.35"),
        ("results/claims glove_no_help verdict", "does not hold", "undecided"),
        ("results/word_order glove,first_100 change points", "-6.0", "-6.2"),
        ("results/word_order glove,first_100 seconds", "1", "5,400"),
    ],
)
def test_figures_are_those_of_the_tables(tmp_path, monkeypatch, mark, before, after):
    # Catches: a figure that stays when its table changes; one of another row; lost decimals, signs, units.
    text = f"Masking gains <!-- {mark} -->{before}, more or less.\n"
    once = filled(tmp_path, monkeypatch, text)
    assert once == f"Masking gains <!-- {mark} -->{after}, more or less.\n"
    assert filled(tmp_path, monkeypatch, once) == once


@pytest.mark.parametrize(
    "mark",
    [
        "<!-- results/claims masking value -->0.1",
        "<!-- results/claims masking_helps low -->0.1",
        "<!-- results/word_order glove change -->0.1",
        "<!-- results/claims masking_helps value parsecs -->0.1",
        "<!-- results/claims masking_helps value --> about 0.1",
        "<!-- results/claims masking_helps -->0.1",
    ],
)
def test_marks_that_lead_nowhere_are_refused(tmp_path, monkeypatch, mark):
    # Catches: a mark with a slip in it, behind which a figure would stand that nothing renews.
    with pytest.raises(ValueError, match=r"page\.md"):
        filled(tmp_path, monkeypatch, f"Masking gains {mark} points.\n")


def test_marks_do_not_begin_a_line(tmp_path, monkeypatch):
    # Catches: a paragraph that is torn apart, because Markdown takes a comment there for a block of HTML.
    mark = "<!-- results/claims masking_helps value -->0.1"
    for line in (mark, f"  {mark}"):
        with pytest.raises(ValueError, match="at the beginning of a line"):
            filled(tmp_path, monkeypatch, f"Masking gains\n{line} points.\n")


def test_tables_are_written_whole(tmp_path, monkeypatch):
    # Catches: rows of an older table that stay; a head that does not belong to the cells.
    def verdicts(docs):
        for row in pd.read_csv(docs / "results/claims.csv").itertuples():
            yield {"claim": row.claim, "verdict": row.verdict}

    text = "<!-- verdicts -->\n| old |\n| --- |\n| a |\n| b |\n| c |\n<!-- /verdicts -->\nProse.\n"
    assert filled(tmp_path, monkeypatch, text, verdicts=verdicts) == (
        "<!-- verdicts -->\n| claim | verdict |\n| --- | --- |\n"
        "| masking_helps | holds |\n| glove_no_help | undecided |\n<!-- /verdicts -->\nProse.\n"
    )
    with pytest.raises(ValueError, match="has no table <!-- verdicts -->"):
        filled(tmp_path, monkeypatch, "Prose.\n", verdicts=verdicts)


def unmarked(text, given):
    """The figures of a page's prose that come from no table and are not given."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^\|.*$|^#.*$|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.MULTILINE)
    text = fill_pages.FIGURE.sub("", text)
    text = " ".join(text.split())
    for phrase in given:
        text = text.replace(phrase, "")
    return re.findall(r".{0,30}(?:\d+\.\d+|\d+ (?:%|points?\b))", text)


def test_figures_of_the_prose_come_from_tables():
    # Catches: a figure written by hand among the results, which would stay when they change.
    for name, given in GIVEN.items():
        page = (REPOSITORY / name).read_text(encoding="utf-8")
        assert unmarked(page, given) == [], name
        assert [phrase for phrase in given if phrase not in " ".join(page.split())] == [], name
    assert unmarked("It gains\n2.1 points, not 87 %.", ["87 %"]) == ["It gains 2.1 points"]
    marks = [fill_pages.FIGURE.findall((REPOSITORY / name).read_text(encoding="utf-8")) for name in GIVEN]
    assert sum(map(len, marks)) > 30


def test_a_study_is_published_whole_or_not_at_all(tmp_path):
    # Catches: tables of two studies side by side; costs of other jobs, or of another unit.
    working, folder = tmp_path / "working", tmp_path / "docs"
    (working / "results/embeddings").mkdir(parents=True)
    (working / "results/figures").mkdir()
    folder.mkdir()
    table = "processor,versions.keras\nA,3.15.1\nB,\n,\n"
    for name in ("results/runs.csv", "results/claims.csv", "results/roc.csv", "results/embeddings/neighbours.csv"):
        (working / name).write_text(table, encoding="utf-8")
    for name in ("effects", "roc"):
        (working / f"results/figures/{name}.svg").write_text("<svg/>", encoding="utf-8")
    links = "[`claims.csv`](claims.csv), [words](neighbours.csv), [costs](costs.csv), [machines](../machines.csv)"
    page = f"# A page\n\n![Gains](effects.svg), {links}, [more](../scaling.md)\n"
    with pytest.raises(SystemExit, match=r"docs/README\.md is no page that links to"):
        publish_study.main(working, folder)
    (folder / "README.md").write_text(page, encoding="utf-8")
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, line in {
        "train_model/glove/all/seed1": "100.0\t0:01:40\t800.0\t1\t1\t1\t1\t1\t1\t90.0",
        "train_model/glove/all/seed2": "300.0\t0:05:00\t900.0\t1\t1\t1\t1\t1\t1\t270.0",
        "summarize_runs": "2.0\t0:00:02\t-\t-\t-\t-\t-\t-\t-\t-",
    }.items():
        path = working / f"benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}{line}\n", encoding="utf-8")
        os.utime(path, (0, 1_000_000 + float(line.split("\t")[0])))
    publish_study.main(working, folder)
    published = {"effects.svg", "claims.csv", "neighbours.csv", "costs.csv", "study.csv", "README.md"}
    assert {path.name for path in folder.iterdir()} == published
    assert (folder / "neighbours.csv").read_text(encoding="utf-8") == table
    spent = pd.read_csv(folder / "costs.csv", index_col="rule")
    assert spent.loc["train_model"].tolist() == [2, 200.0, 300.0, 180.0, 270.0, 900.0]
    facts = pd.read_csv(folder / "study.csv", index_col="what")["value"]
    assert facts["trainings"] == "2"
    assert facts["processor"].startswith("A and B, ")
    assert facts["keras"] == "3.15.1"
    assert facts["core hours"] == "0.1"
    # All three began at the same time.
    assert facts["minutes from the first job to the last"] == "5"
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?", facts["commit"])

    # A page without costs shows no times either.
    (folder / "README.md").write_text(page.replace("[costs](costs.csv), ", ""), encoding="utf-8")
    (folder / "costs.csv").unlink()
    publish_study.main(working, folder)
    assert not (folder / "costs.csv").exists()
    assert "minutes" not in (folder / "study.csv").read_text(encoding="utf-8")

    (working / "results/claims.csv").unlink()
    (working / "results/embeddings/neighbours.csv").unlink()
    for name in published - {"README.md", "costs.csv"}:
        (folder / name).unlink()
    missing = "no claims.csv in results or results/embeddings, no neighbours.csv in results or results/embeddings."
    with pytest.raises(SystemExit, match=f"not finished: there is {missing}"):
        publish_study.main(working, folder)
    assert [path.name for path in folder.iterdir()] == ["README.md"]


def test_pages_of_studies_link_to_all_that_is_beside_them():
    # Catches: a table that `make publish` does not renew, because the page does not link to it; one that is missing.
    folders = [REPOSITORY / "docs" / name for name in ("results", "best", "learning_curve", "texts", "optimizer")]
    for folder in folders:
        there = {path.name for path in folder.iterdir()} - {"README.md"}
        assert there == {*publish_study.shown_by(folder / "README.md"), "study.csv"}


def test_the_sweep_follows_from_the_costs():
    # Catches: hours that are not those of the jobs; cores that do not share the work.
    rules = (
        "train_model",
        "evaluate_model",
        "split_corpus",
        "adapt_vectorizer",
        "encode_reviews",
        "build_glove_matrix",
    )
    costs = pd.DataFrame({"rule": rules, "jobs": 1, "processor_seconds": 60.0, "longest_processor_seconds": 120.0})
    one, ten, hundred = estimate(costs, variants=2, seeds=2, sizes=20, overhead=0, latency=0).itertuples()
    assert (one.jobs, one.core_hours) == (101, round(164 / 60, 1))
    # 80 trainings, and 20 jobs of four evaluations, on 2, 20 and 200 cores, after four minutes of steps on the data.
    assert [each.hours for each in (one, ten, hundred)] == [round((4 + minutes) / 60, 1) for minutes in (80, 8, 4)]
    assert one.critical_path_minutes == 4 + 2 + 2
