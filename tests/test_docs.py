"""The figures, links and commands of the documentation, compared with the files that they are about."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from configs import SHIPPED, changed

from wordorder.config import Config
from wordorder.config_check import load_config
from wordorder.evaluation.claims import Evidence, decide, read_claims
from wordorder.evaluation.intervals import Measurements, Scores

REPOSITORY = Path(__file__).parents[1]
# The name of a rule, which may be derived from another one.
RULE = r"^(?:use rule \w+ as|rule) (\w+)(?::| with:)"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PERFORMANCE = (REPOSITORY / "docs/performance/README.md").read_text(encoding="utf-8")
CONFIG = (REPOSITORY / "config/README.md").read_text(encoding="utf-8")
RELIABILITY = (REPOSITORY / "docs/reliability.md").read_text(encoding="utf-8")
SCALING = (REPOSITORY / "docs/scaling.md").read_text(encoding="utf-8")


def table(text, name):
    """Return the rows of the Markdown table between <!-- name --> and <!-- /name -->, without its head."""
    block = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    rows = [[cell.strip(" `*") for cell in line.strip("| ").split("|")] for line in block.strip().splitlines()]
    return [row for row in rows[1:] if not set("".join(row)) <= set("-: ")]


def test_results_are_those_of_the_run():
    # Catches: a figure in the README that is not in the committed results.
    summary = pd.read_csv(REPOSITORY / "docs/results/summary.csv", index_col="variant")
    rows = table(README, "results")
    assert [row[0] for row in rows] == list(summary.index)
    for name, accuracy, interval, seeds, chapter, parameters, memory in rows:
        row = summary.loc[name]
        assert accuracy == f"{row['test_accuracy']:.3f}"
        low, high = row["test_accuracy_low"], row["test_accuracy_high"]
        assert interval == ("" if pd.isna(low) else f"{low:.3f} to {high:.3f}")
        assert int(seeds) == row["seeds"]
        assert chapter == ("" if pd.isna(row["chapter_accuracy"]) else f"{row['chapter_accuracy']:g}")
        assert parameters == f"{row['parameters']:,.0f}"
        assert memory == f"{row['peak_memory_mb']:,.0f}"


BOUNDS = {"at_least": "at least", "greater_than": "more than", "less_than": "less than", "within": "within ±"}


def test_claims_are_those_of_the_run():
    # Catches: a verdict or a figure in docs/results/ that is not in the committed table.
    claims = pd.read_csv(REPOSITORY / "docs/results/claims.csv", dtype=str, keep_default_na=False)
    rows = table((REPOSITORY / "docs/results/README.md").read_text(encoding="utf-8"), "claims")
    assert len(rows) == len(claims) > 0
    for row, claim in zip(rows, claims.itertuples(), strict=True):
        seeds = claim.seeds_to_decide
        needed = seeds if seeds in ("", "never") else f"{seeds} seeds"
        bound = f"{BOUNDS[claim.bound]} {float(claim.margin):g}"
        # An empty cell at the end of a line is not read.
        row += [""] * (7 - len(row))
        assert [row[0], *row[3:]] == [claim.text, bound, claim.verdict, claim.verdict_of_family, needed]
        shown = [float(number) for number in (row[1], *filter(None, row[2].split(" to ")))]
        expected = [float(number) for number in (claim.value, claim.low, claim.high) if number]
        assert shown == pytest.approx(expected, rel=0.01, abs=5e-5)


def test_claims_so_far_follow_from_the_runs():
    # Catches: verdicts in docs/results/ that the committed runs do not give, or that were found by another method.
    claims = pd.read_csv(REPOSITORY / "docs/results/claims.csv", index_col="claim")
    runs = pd.read_csv(REPOSITORY / "docs/results/runs.csv")
    config = load_config(changed(["active_variants"], list(dict.fromkeys(runs["variant"]))))
    alike = config.varies_like(config.runs())
    names = list(zip(runs["variant"], ["all"] * len(runs), runs["seed"], strict=True))
    measured = {
        metric: Measurements(Scores(runs[column].to_numpy(), np.zeros((len(runs),) * 2), len(runs)), names, alike)
        for metric, column in (("accuracy", "test_accuracy"), ("roc_auc", "roc_auc"))
    }
    text = (REPOSITORY / "config/claims.yaml").read_text(encoding="utf-8")
    # The answers to each review were not kept: what the runs can decide is about these reviews.
    stated = [
        claim._replace(target="these_reviews")
        for claim in read_claims(text, sorted(config.variants), name="claims.yaml")
    ]
    found = decide(stated, Evidence(measured, None, {}, None)).set_index("claim")
    assert len(found) > 20
    for name, claim in found.iterrows():
        assert claims.loc[name, "verdict"] == claim["verdict"]
        assert claims.loc[name, ["value", "low", "high"]].tolist() == pytest.approx(
            claim[["value", "low", "high"]].tolist(), abs=2e-6, nan_ok=True
        )


def test_protocol_names_the_claims():
    # Catches: a claim that the protocol names and that is not there; one of the chapter's that it leaves out.
    claims = yaml.safe_load((REPOSITORY / "config/claims.yaml").read_text(encoding="utf-8"))
    protocol = (REPOSITORY / "docs/protocol.md").read_text(encoding="utf-8").split("## The chapter's sentences")[1]
    named = set(re.findall(r"`(\w+)`", protocol))
    assert named <= set(claims)
    assert {name for name, claim in claims.items() if claim["family"] == "chapter"} <= named


def test_claims_on_the_second_machine_are_those_of_the_run():
    # Catches: a figure of either machine in docs/results/ that is not in its committed table.
    folder = REPOSITORY / "docs/results"
    machines = [pd.read_csv(folder / name, index_col="text") for name in ("claims.csv", "claims_second_machine.csv")]
    expected = [
        [text, *(cell for claims in machines for cell in claim_cells(claims.loc[text]))] for text in machines[1].index
    ]
    assert table((folder / "README.md").read_text(encoding="utf-8"), "second_machine") == expected


def test_word_order_is_that_of_the_run():
    # Catches: a figure in docs/word_order.md that is not in its committed tables.
    page = (REPOSITORY / "docs/word_order.md").read_text(encoding="utf-8")
    folder = REPOSITORY / "docs/word_order"
    summary = pd.read_csv(folder / "summary.csv", index_col="variant")["test_accuracy"]
    claims = pd.read_csv(folder / "claims.csv", index_col="claim")
    expected = []
    for variant in ("one_hot", "embedding", "embedding_masked", "glove"):
        worth, idle = (claims.loc[f"order_{claim}_{variant}"] for claim in ("worth", "idle"))
        levels = [f"{summary[name]:.4f}" for name in (variant, f"{variant}_shuffled")]
        expected.append([variant, *levels, *claim_cells(worth), idle["verdict"]])
    assert table(page, "twins") == expected
    first_screen = [
        [f"{float(kept):.3f}", f"{float(shuffled):.3f}", f"{float(value):.3f} ({float(low):.3f} to {float(high):.3f})"]
        for _, kept, shuffled, value, interval, *_ in expected
        for low, high in [interval.split(" to ")]
    ]
    assert [row[1:] for row in table(README, "order")] == first_screen
    spreads = []
    for runs in (folder, folder.parent / "results"):
        variances = pd.read_csv(runs / "runs.csv").groupby("variant")["test_accuracy"].var().dropna()
        masked = variances.index.str.startswith(("embedding_masked", "glove")) | (variances.index == "cbow")
        unmasked = variances.index.str.startswith(("one_hot", "embedding")) & ~masked
        spreads += [f"{100 * np.sqrt(variances[part].mean()):.2g}" for part in (unmasked, masked)]
    assert spreads == ["1.1", "0.25", "0.55", "0.49"]
    assert f"deviation of {spreads[0]} points, those with one of {spreads[1]}\n" in page
    assert f"({spreads[2]} and {spreads[3]} points)" in page
    orders, contrasts = (pd.read_csv(folder / f"{name}.csv") for name in ("word_order", "contrasts"))
    rows = []
    for order, each in orders.groupby("order", sort=False):
        cells = (
            each["accuracy"].map("{:.4f}".format) if order == "kept" else (100 * each["change"]).map("{:+.1f}".format)
        )
        rows.append([order, *cells])
    assert table(page, "orders") == rows
    shares = contrasts["right"].map("{:.2f}".format) + ", " + contrasts["apart"].map("{:.2f}".format)
    rows = [[kind, *each] for kind, each in shares.groupby(contrasts["kind"], sort=False)]
    assert table(page, "contrasts") == rows


def claim_cells(claim):
    """Return the value of a claim, its interval and the verdict as the page shows them."""
    return f"{claim['value']:.4f}", f"{claim['low']:.4f} to {claim['high']:.4f}", claim["verdict"]


def test_benchmark_is_that_of_the_run():
    # Catches: a figure in docs/performance/ that is not in the committed tables.
    folder = REPOSITORY / "docs/performance"
    expected = [
        [row.variant, row.implementation, f"{row.ms_per_step:,.1f}", f"{row.peak_mb:,}", f"{row.speedup:g}"]
        for row in pd.read_csv(folder / "gpu.csv").itertuples()
    ]
    assert table(PERFORMANCE, "gpu") == expected != []
    benchmark = pd.read_csv(folder / "benchmark.csv")
    expected = [
        [
            *(row.variant, row.implementation, row.setting, f"{row.ms_per_step:,.1f}", f"{row.processor_ms:,.1f}"),
            *(f"{row.peak_mb:,}", f"{row.speedup:g}"),
        ]
        for row in benchmark.itertuples()
    ]
    assert table(PERFORMANCE, "benchmark") == expected != []
    # One machine, which is named.
    (processor,) = set(benchmark["processor"])
    assert processor in PERFORMANCE
    glove = pd.read_csv(REPOSITORY / "docs/performance/glove.csv")
    expected = [[row.reader, f"{row.seconds:.2f}", str(row.peak_mb)] for row in glove.itertuples()]
    assert table(PERFORMANCE, "glove") == expected
    prediction = pd.read_csv(REPOSITORY / "docs/performance/prediction.csv")
    expected = [
        [
            row.variant,
            f"{row.cores}",
            f"{row.seconds_of_one:.1f}",
            f"{row.seconds_of_all:.1f}",
            f"{row.reviews_per_second:,}",
        ]
        for row in prediction.itertuples()
    ]
    assert table(PERFORMANCE, "prediction") == expected


def test_grouping_is_that_of_the_runs():
    # Catches: a figure on grouping in docs/performance/ that is not in the committed table.
    grouping = pd.read_csv(REPOSITORY / "docs/performance/grouping.csv")
    expected = [
        [row.variant, f"{row.test_accuracy:.4f}", f"{row.test_accuracy_std:.4f}", str(row.seeds)]
        for row in grouping.itertuples()
    ]
    assert table(PERFORMANCE, "grouping") == expected


def test_machines_are_those_of_the_runs():
    # Catches: a figure in docs/reliability.md that is not in the committed table.
    machines = pd.read_csv(REPOSITORY / "docs/machines.csv")
    expected = [[row[0], *(f"{accuracy:.3f}" for accuracy in row[1:])] for row in machines.itertuples(index=False)]
    assert table(RELIABILITY, "machines") == expected


def test_sweep_is_that_of_the_estimate():
    # Catches: a figure in docs/scaling.md that is not in the committed table.
    sweep = pd.read_csv(REPOSITORY / "docs/sweep.csv")
    rows = table(SCALING, "sweep")
    assert rows == [
        [f"{row.nodes}", f"{row.jobs:,}", *(f"{number:,.1f}" for number in row[3:])]
        for row in sweep.itertuples(index=False)
    ]


def test_every_key_of_the_config_is_documented():
    # Catches: a section of the config without a table of its keys; the tables themselves are generated.
    for name in Config.model_fields:
        assert f"`{name}`" in CONFIG or f"`{name}." in CONFIG, name


# Not those of the report, which needs a finished run: test_report.py makes one.
COMMANDS = {
    command
    for page in (README, CONFIG, PERFORMANCE)
    for command in re.findall(r"^\$ (snakemake .*)$", page, re.MULTILINE)
    if "--report" not in command
}


@pytest.mark.whole
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands_can_be_planned(command, tmp_path):
    # Catches: a command that Snakemake does not understand, or with a config file or target that does not exist.
    (tmp_path / "mine.yaml").write_text("seeds: [1, 2]\n", encoding="utf-8")
    _, *arguments = shlex.split(command.replace("mine.yaml", f"{tmp_path}/mine.yaml"))
    plan = [sys.executable, "-m", "snakemake", "--dry-run", "--directory", tmp_path, *arguments]
    result = subprocess.run(plan, cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^train_model +\d+$", result.stdout, re.MULTILINE)


def test_links_lead_somewhere():
    # Catches: a link to a file or a heading that has moved.
    for page in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("config/*.md"), *REPOSITORY.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, heading = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), f"{page}: {target}"
            if heading:
                lines = [line.lstrip("# ") for line in file.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
                slugs = [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]
                assert heading in slugs, f"{page}: {target}"


def test_questions_name_what_is_there():
    # Catches: an answer about a key, a variant or a file that is not, or no longer, there; one without a thread.
    page = (REPOSITORY / "docs/questions.md").read_text(encoding="utf-8")
    questions = page.split("\n## ")[1:]
    assert [question.split(".")[0] for question in questions] == [str(number) for number in range(1, 16)]
    for question in questions:
        assert re.search(r"\]\(https://github\.com/[\w.-]+/[\w.-]+/(?:issues|pull)/\d+\)", question), question
        _, answer = question.split("\nHere, ")
        assert re.search(r"\]\((?!https:)", answer), question
    links = re.findall(r"\[`([^`]+)`\]\((\.[^)#]+)", page)
    named = {text.split(":")[0] for text, target in links if target.startswith("../config/")}
    named |= set(re.findall(r"`(\w+): \w+`", page))
    assert len(named) > 8
    assert named <= set(re.findall(r"^\| `([\w.]+)` \|", CONFIG, re.MULTILINE))
    assert all(text == Path(target).name for text, target in links if not target.startswith("../config/"))
    phrases = re.findall(r"\bvariants?\s((?:`\w+`(?: and )?)+)", page)
    assert len(phrases) == 4
    assert {name for phrase in phrases for name in re.findall(r"\w+(?=`)", phrase)} <= set(SHIPPED["variants"])


def test_rules_are_those_of_the_workflow():
    # Catches: a rule that the README does not describe.
    rules = [
        name
        for file in sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
        for name in re.findall(RULE, file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    described = [name.strip(" `") for row in table(README, "rules") for name in row[0].split(",")]
    assert sorted(described) == sorted(rules)
