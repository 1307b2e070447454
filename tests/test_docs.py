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


def table(text, name):
    """Return the rows of the Markdown table between <!-- name --> and <!-- /name -->, without its head."""
    block = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    rows = [[cell.strip(" `*") for cell in line.strip("| ").split("|")] for line in block.strip().splitlines()]
    return [row for row in rows[1:] if not set("".join(row)) <= set("-: ")]


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


def test_figures_in_the_prose_are_those_of_the_runs():
    # Catches: prose that stays when the tables change. The tables of the pages are made of the committed ones.
    page = (REPOSITORY / "docs/word_order.md").read_text(encoding="utf-8")
    folder = REPOSITORY / "docs/word_order"
    spreads = []
    for runs in (folder, folder.parent / "results"):
        variances = pd.read_csv(runs / "runs.csv").groupby("variant")["test_accuracy"].var().dropna()
        masked = variances.index.str.startswith(("embedding_masked", "glove")) | (variances.index == "cbow")
        unmasked = variances.index.str.startswith(("one_hot", "embedding")) & ~masked
        spreads += [f"{100 * np.sqrt(variances[part].mean()):.2g}" for part in (unmasked, masked)]
    assert spreads == ["1.1", "0.25", "0.55", "0.49"]
    assert f"deviation of {spreads[0]} points, those with one of {spreads[1]}\n" in page
    assert f"({spreads[2]} and {spreads[3]} points)" in page
    # One machine, which is named.
    (processor,) = set(pd.read_csv(REPOSITORY / "docs/performance/benchmark.csv")["processor"])
    assert processor in PERFORMANCE


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
