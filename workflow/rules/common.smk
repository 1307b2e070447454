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
CURVE = config["learning_curve"]
# The features that are a matrix of their own, beside the vocabulary.
PRETRAINED = ["cbow", "glove"]
# What the models read that name no vectorizer of their own.
WORDS = f"results/vectorizers/{config['defaults']['vectorizer']}"
CLAIMS = os.path.relpath(Path(workflow.basedir, "config/claims.yaml"))
SPLITS = ["train", "validation", "test"]
CORPUS = f"resources/{corpus_name(config['corpus']['sources'][0])}"
SEEDS = {name: variant.get("seeds", config["seeds"]) for name, variant in config["variants"].items()}
# The runs on all training reviews.
RUNS = [(variant, seed) for variant in config["active_variants"] for seed in SEEDS[variant]]
# Those of the learning curve, on a part of them.
CURVE_RUNS = [
    (variant, size, seed) for variant in CURVE["variants"] for size in CURVE["sizes"] for seed in SEEDS[variant]
]
# The table of the times of training steps, where the config asks for one.
STEP_TIMES = "results/step_times.csv" if config["timed_variants"] else []
CURVE_PRODUCTS = [
    f"results/{name}" for name in ("learning_curve.csv", "crossings.csv", "learning_curve.svg", "learning_curve.png")
]


wildcard_constraints:
    vectorizer="|".join(config["vectorizers"]),
    variant="|".join(VARIANTS),
    size=r"all|\d+",
    seed=r"\d+",


def library(*modules):
    """Paths of modules of the wordorder package: an input of the rules whose results they decide.

    Not by workflow.source_path, which gives a new copy each time, so that the contents are never compared. Relative,
    because Snakemake knows inputs by their names: a project that is moved as a whole stays up to date.
    """
    folder = os.path.relpath(Path(workflow.basedir, "workflow/scripts/wordorder"))
    return [f"{folder}/{module}.py" for module in modules]


def state_of(section):
    """What a file that the config names is known by: its checksum or, without one, a digest of what is there now."""

    # A function, so that only a Snakemake that may run the rule reads the file.
    def state(wildcards):
        source = config[section]
        return source["checksum"] or local_digest(source["sources"][0])

    return state


def vectorizer_file(name):
    """The file `name` of the vectorizer of a variant."""

    def path(wildcards):
        return f"results/vectorizers/{VARIANTS[wildcards.variant]['vectorizer']}/{name}"

    return path


def pretrained_vectors(wildcards):
    """The matrix of pretrained vectors, for the variants that use one."""
    features = VARIANTS[wildcards.variant]["features"]
    return vectorizer_file(f"{features}.npy")(wildcards) if features in PRETRAINED else []


def run_settings(wildcards):
    """The settings of a training: on a part of the reviews with another end."""
    settings = VARIANTS[wildcards.variant]
    if wildcards.size == "all":
        return settings
    return settings | {key: CURVE[key] for key in ("epochs", "patience") if key in settings}


def curve_files(name):
    """The file `name` of every run of the learning curve."""
    return [f"results/runs/{variant}/{size}/seed{seed}/{name}" for variant, size, seed in CURVE_RUNS]


def run_files(name):
    """The file `name` of every run on all training reviews."""
    return [f"results/runs/{variant}/all/seed{seed}/{name}" for variant, seed in RUNS]


def vectorizer_files():
    """What is made of the reviews for the models that the config asks for, and to tell short reviews from long ones."""
    variants = [VARIANTS[name] for name in [*config["active_variants"], *CURVE["variants"]]]
    names = dict.fromkeys([config["defaults"]["vectorizer"], *(variant["vectorizer"] for variant in variants)])
    matrices = dict.fromkeys(
        f"{variant['vectorizer']}/{variant['features']}.npy"
        for variant in variants
        if variant["features"] in PRETRAINED
    )
    files = [
        f"{name}/{file}" for name in names for file in ["vocabulary.json", *(f"{split}.arrow" for split in SPLITS)]
    ]
    unlabelled = [matrix.replace("cbow.npy", "unlabelled.arrow") for matrix in matrices if "cbow.npy" in matrix]
    return [f"results/vectorizers/{file}" for file in [*files, *unlabelled, *matrices]]


def products(wildcards):
    """Every file that the config asks for."""
    return [
        CORPUS,
        *(["resources/glove.txt"] if any(file.endswith("glove.npy") for file in vectorizer_files()) else []),
        *expand("results/reviews/{split}.parquet", split=[*SPLITS, "unlabelled"]),
        *vectorizer_files(),
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
        "results/claims.csv",
        *([STEP_TIMES] if STEP_TIMES else []),
        *(CURVE_PRODUCTS if CURVE_RUNS else []),
    ]
