# What the rules share: the checked config, and where the code lies that decides a result.
import yaml
from snakemake.exceptions import WorkflowError


include: "config.smk"


with open(workflow.source_path("../schemas/config.schema.yaml"), encoding="utf-8") as file:
    problems = config_problems(config, yaml.safe_load(file))
if problems:
    raise WorkflowError("The config cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))

VARIANTS = {name: complete_variant(variant, config["defaults"]) for name, variant in config["variants"].items()}
SPLITS = ["train", "validation", "test"]


wildcard_constraints:
    variant="|".join(VARIANTS),
    seed=r"\d+",


def library(*modules):
    """Paths of modules of the wordorder package: an input of the rules whose results they decide."""
    return [workflow.source_path(f"../scripts/wordorder/{module}.py") for module in modules]


def pretrained_vectors(wildcards):
    """The matrix of pretrained vectors, for the variants that use it."""
    return "results/glove/matrix.npy" if VARIANTS[wildcards.variant]["features"] == "glove" else []


def run_files(name):
    """The file `name` of every run that the config asks for."""
    return expand("results/runs/{variant}/seed{seed}/" + name, variant=config["active_variants"], seed=config["seeds"])
