"""The workflow as a module of another: from a path, under other names, below a prefix, and as snakedeploy hosts it."""

import os
import re
import subprocess
import sys

import pytest
import yaml
from conftest import REPOSITORY, copy_workflow
from snakemake.utils import update_config

MODEL = "results/runs/binary_unigram/all/seed1/model.keras"
# One claim, which the workflow's own file does not have.
CLAIM = {
    "text": "Words are enough.",
    "source": "ours",
    "accuracy": {"variant": "binary_unigram", "at_least": 0.1},
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the workflow, committed and tagged; nothing of the repository around it is read."""
    folder = tmp_path_factory.mktemp("host") / "someone/wordorder"
    folder.mkdir(parents=True)
    copy_workflow(folder)
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "1"], ["tag", "v1.0.0"]):
        subprocess.run(["git", *identity, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def host(tmp_path):
    """The folder of another workflow, with a whole config: for the corpus of .test/, with claims of its own."""
    for name in ("workflow", "config"):
        (tmp_path / name).mkdir()
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((REPOSITORY / ".test/config/config.yaml").read_text(encoding="utf-8")))
    for name, source in (("corpus", "reviews.csv"), ("glove", "vectors.txt")):
        config[name]["sources"] = [str(REPOSITORY / ".test/corpus" / source)]
    config["active_variants"] = ["binary_unigram"]
    config["claims"] = "config/claims.yaml"
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (tmp_path / "config/claims.yaml").write_text(yaml.safe_dump({"enough": CLAIM}), encoding="utf-8")
    return tmp_path


def snakemake(host, module, use, *arguments, environment=None):
    """Run the host's workflow, whose module is declared by these lines, and return what Snakemake says."""
    lines = ['configfile: "config/config.yaml"', "module wordorder:", *(f"    {line}" for line in module), use]
    (host / "workflow/Snakefile").write_text("\n".join([*lines, ""]), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    result = subprocess.run(command, cwd=host, env={**os.environ, **(environment or {})}, **output)
    assert result.returncode == 0, result.stdout
    return result.stdout


def planned(output):
    """The rules of a dry run, with their numbers of jobs."""
    return dict(re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE))


def test_a_module_plans_what_the_workflow_plans(host, checkout):
    # Catches: paths that hang on the folder of the main Snakefile, and a default target that the rules do not bring
    # with them, with and without names of their own.
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", checkout / "Snakefile", "--directory", host]
    command += ["--configfile", host / "config/config.yaml"]
    alone = subprocess.run(command, cwd=host, capture_output=True, text=True)
    rules = planned(alone.stdout)
    assert {"all", "train_model", "plot_figure"} <= rules.keys(), alone.stderr
    module = [f'snakefile: "{checkout}/workflow/Snakefile"', "config: config"]
    assert planned(snakemake(host, module, "use rule * from wordorder", "-n")) == rules
    module[0] = f'snakefile: "{checkout}/Snakefile"'
    renamed = planned(snakemake(host, module, "use rule * from wordorder as their_*", "-n", "their_all"))
    assert renamed == {rule if rule == "total" else f"their_{rule}": count for rule, count in rules.items()}


def test_a_hosted_module_below_a_prefix(host, checkout, tmp_path_factory):
    # Catches: code that is looked for beside the Snakefile, where a hosted workflow has none (modules, templates,
    # captions); a file that MANIFEST forgets; params that change from one start to the next; a product, a log or a
    # checkpoint outside the prefix; claims other than those that the config names; rules that are local under their own
    # names alone.
    home = tmp_path_factory.mktemp("home")
    git = home / "gitconfig"
    git.write_text(f'[url "file://{checkout.parents[1]}/"]\n    insteadOf = https://github.com/\n', encoding="utf-8")
    environment = {"GIT_CONFIG_GLOBAL": str(git), "XDG_CACHE_HOME": str(home / "cache"), "GITHUB_TOKEN": ""}
    (host / "checkpoints").write_text("A folder of this name cannot be made here.", encoding="utf-8")
    snakefile = 'snakefile: github("someone/wordorder", path="workflow/Snakefile", tag="v1.0.0")'
    module = [snakefile, "config: config", 'prefix: "chapter"']
    use = "use rule * from wordorder as their_*"
    claims = "chapter/results/claims.csv"
    products = [claims, f"chapter/{MODEL}", "chapter/results/model_cards/binary_unigram.html"]
    output = snakemake(host, module, use, *products, environment=environment)
    assert "localrule their_decide_claims:" in output
    assert {path.name for path in host.iterdir()} == {"workflow", "config", "chapter", "checkpoints", ".snakemake"}
    assert all((host / product).exists() for product in products)
    assert "Words are enough." in (host / claims).read_text(encoding="utf-8")
    assert (host / "chapter/logs/train_model/binary_unigram/all/seed1.log").exists()
    again = snakemake(host, module, use, "-n", *products, environment=environment)
    assert "Nothing to be done" in again
