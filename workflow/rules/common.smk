# What the rules share: the checked config, and where the code lies that decides a result.
import os
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError


include: "config.smk"


with open(workflow.source_path("../schemas/config.schema.yaml"), encoding="utf-8") as file:
    problems = config_problems(config, yaml.safe_load(file))
if problems:
    raise WorkflowError("\n- ".join(["The config cannot be used:", *problems]))

VARIANTS = {name: complete_variant(variant, config["defaults"]) for name, variant in config["variants"].items()}
SPLITS = ["train", "validation", "test"]


wildcard_constraints:
    variant="|".join(VARIANTS),
    seed=r"\d+",


def library(*modules):
    """Paths of modules of the wordorder package: an input of the rules whose results they decide.

    Not by workflow.source_path, which gives a new copy each time, so that the contents are never compared. Relative,
    because Snakemake knows inputs by their names: a project that is moved as a whole stays up to date.
    """
    folder = os.path.relpath(Path(workflow.basedir, "workflow/scripts/wordorder"))
    return [f"{folder}/{module}.py" for module in modules]


def pretrained_vectors(wildcards):
    """The matrix of pretrained vectors, for the variants that use it."""
    return "results/glove/matrix.npy" if VARIANTS[wildcards.variant]["features"] == "glove" else []


def run_files(name):
    """The file `name` of every run that the config asks for."""
    return expand(
        "results/runs/{variant}/seed{seed}/{name}", variant=config["active_variants"], seed=config["seeds"], name=name
    )


def products(wildcards):
    """Every file that the config asks for."""
    vectors = ["resources/glove.txt", "results/glove/matrix.npy"]
    return [
        "resources/aclImdb_v1.tar.gz",
        "results/vectorizer/vocabulary.json",
        *expand("results/reviews/{split}.parquet", split=SPLITS),
        *expand("results/vectorizer/{split}.arrow", split=SPLITS),
        *(vectors if any(VARIANTS[name]["features"] == "glove" for name in config["active_variants"]) else []),
        *run_files("model.keras"),
        *run_files("history.csv"),
        *run_files("costs.csv"),
        *run_files("summary.txt"),
        *run_files("training.json"),
        *run_files("evaluation.json"),
        *run_files("predictions.parquet"),
        "results/runs.csv",
        "results/summary.csv",
        "results/comparisons.csv",
        "results/accuracy_by_length.csv",
    ]
