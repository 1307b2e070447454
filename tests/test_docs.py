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
from wordorder.evaluation.claims import Evidence, decide, read_claims, verdict
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


@pytest.mark.parametrize(("folder", "fewest"), [("results", 20), ("texts", 6), ("optimizer", 8)])
def test_claims_follow_from_the_runs(folder, fewest):
    # Catches: verdicts that the committed runs do not give, or that were found by another method.
    claims = pd.read_csv(REPOSITORY / f"docs/{folder}/claims.csv", index_col="claim")
    runs = pd.read_csv(REPOSITORY / f"docs/{folder}/runs.csv")
    config = load_config(changed(["active_variants"], list(dict.fromkeys(runs["variant"]))))
    alike = config.varies_like(config.runs())
    names = list(zip(runs["variant"], ["all"] * len(runs), runs["seed"], strict=True))
    # The answers to each review are not committed: of other reviews, the runs tell the value, and the seeds' part of
    # the interval.
    measured = {
        metric: Measurements(Scores(runs[column].to_numpy(), np.zeros((len(runs),) * 2), len(runs)), names, alike)
        for metric, column in (("accuracy", "test_accuracy"), ("roc_auc", "roc_auc"))
    }
    text = (REPOSITORY / "config/claims.yaml").read_text(encoding="utf-8")
    stated = read_claims(text, sorted(config.variants), name="claims.yaml")
    by_seeds = decide([each._replace(target="these_reviews") for each in stated], Evidence(measured, None, {}, None))
    assert len(by_seeds) > fewest
    for claim in claims[claims["low"].notna()].itertuples():
        assert verdict(claim.low, claim.high, claim.bound, claim.margin) == claim.verdict, claim.Index
    for name, found in by_seeds.set_index("claim").iterrows():
        claim = claims.loc[name]
        assert claim[["bound", "margin"]].tolist() == found[["bound", "margin"]].tolist()
        assert claim["value"] == pytest.approx(found["value"], abs=2e-6)
        if claim["target"] == "these_reviews":
            interval = found[["low", "high"]].tolist()
            assert claim[["low", "high"]].tolist() == pytest.approx(interval, abs=2e-6, nan_ok=True)
            assert claim["verdict"] == found["verdict"]
        elif found["verdict"] != "too few seeds":
            assert claim["low"] < found["low"] + 2e-6
            assert claim["high"] > found["high"] - 2e-6


def test_claims_about_fewer_reviews_follow_from_the_curve():
    # Catches: verdicts in docs/learning_curve/ that are not of the accuracies beside them.
    folder = REPOSITORY / "docs/learning_curve"
    accuracies = pd.read_csv(folder / "learning_curve.csv", index_col=["variant", "size"])["test_accuracy"]
    decided = pd.read_csv(folder / "claims.csv", index_col="claim")
    stated = yaml.safe_load((REPOSITORY / "config/claims.yaml").read_text(encoding="utf-8"))
    compared = {name: claim["difference"] for name, claim in stated.items() if "size" in claim.get("difference", {})}
    found = [name for name in compared if name in decided.index]
    assert len(found) >= 2
    for name in found:
        claim, (value, low, high) = compared[name], decided.loc[name, ["value", "low", "high"]]
        difference = accuracies[claim["variant"], claim["size"]] - accuracies[claim["other"], claim["size"]]
        assert value == pytest.approx(difference, abs=2e-6)
        margin = claim["greater_than"]
        verdict = "holds" if low > margin else "does not hold" if high < margin else "undecided"
        assert decided.loc[name, "verdict"] == verdict


def test_protocol_names_the_claims():
    # Catches: a claim that the protocol names and that is not there; one of the chapter's that it leaves out.
    claims = yaml.safe_load((REPOSITORY / "config/claims.yaml").read_text(encoding="utf-8"))
    protocol = (REPOSITORY / "docs/protocol.md").read_text(encoding="utf-8").split("## The chapter's sentences")[1]
    named = set(re.findall(r"`(\w+)`", protocol))
    assert named <= set(claims)
    assert {name for name, claim in claims.items() if claim["family"] == "chapter"} <= named


def test_one_machine_is_named():
    # Catches: times of several machines in one table, or a page that names another.
    for table, page in (("performance/benchmark.csv", PERFORMANCE), ("results/runs.csv", README)):
        (processor,) = set(pd.read_csv(REPOSITORY / "docs" / table)["processor"])
        assert processor in page


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
