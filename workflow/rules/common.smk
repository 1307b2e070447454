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
CURVE_PRODUCTS = ["results/learning_curve.csv", "results/crossings.csv"]
MODEL_CARD = os.path.relpath(Path(workflow.basedir, "workflow/report/model_card.md.jinja"))


# Active variants that learn vectors for the tokens of the default vectorizer.
EMBEDDINGS = [
    name
    for name in config["active_variants"]
    if VARIANTS[name]["features"] in ["embedding", "cbow"]
    and VARIANTS[name]["vectorizer"] == config["defaults"]["vectorizer"]
]
PRETRAINED_MATRICES = [
    f"{WORDS}/{features}.npy"
    for features in PRETRAINED
    if any(
        VARIANTS[name]["features"] == features and VARIANTS[name]["vectorizer"] == config["defaults"]["vectorizer"]
        for name in config["active_variants"]
    )
]
EMBEDDING_NAMES = [*(f"{Path(path).stem} (pretrained)" for path in PRETRAINED_MATRICES), *EMBEDDINGS]
# Active variants that differ in the mask alone: of such pairs the first, the one without the mask before the other.
PADDED = next(
    (
        [one, other]
        for one in config["active_variants"]
        for other in config["active_variants"]
        if VARIANTS[one].get("mask") is False
        and VARIANTS[one]["model"] == "lstm"
        and VARIANTS[one]["sequence_length"]
        and VARIANTS[other] == VARIANTS[one] | {"mask": True}
    ),
    [],
)


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


def unlabelled_reviews(wildcards):
    """The unlabelled reviews, for the variants that have teachers."""
    return vectorizer_file("unlabelled.arrow")(wildcards) if VARIANTS[wildcards.variant].get("teachers") else []


def soft_labels(wildcards):
    """What the teachers of a variant say of the unlabelled reviews, each trained with the same seed if it has it."""
    seed, teachers = int(wildcards.seed), VARIANTS[wildcards.variant].get("teachers", [])
    seeds = {teacher: seed if seed in SEEDS[teacher] else SEEDS[teacher][0] for teacher in teachers}
    return [f"results/runs/{teacher}/all/seed{seeds[teacher]}/soft_labels.parquet" for teacher in teachers]


def run_settings(wildcards):
    """The settings of a training: on a part of the reviews with another end."""
    settings = VARIANTS[wildcards.variant]
    if wildcards.size == "all":
        return settings
    return settings | {key: CURVE[key] for key in ("epochs", "patience") if key in settings}


def first_run_file(name):
    """The file `name` of the run of a variant with its first seed."""

    def path(wildcards):
        return f"results/runs/{wildcards.variant}/all/seed{SEEDS[wildcards.variant][0]}/{name}"

    return path


def variant_files(name):
    """The file `name` of every run of a variant on all training reviews."""

    def paths(wildcards):
        return [f"results/runs/{wildcards.variant}/all/seed{seed}/{name}" for seed in SEEDS[wildcards.variant]]

    return paths


def curve_files(name):
    """The file `name` of every run of the learning curve."""
    return [f"results/runs/{variant}/{size}/seed{seed}/{name}" for variant, size, seed in CURVE_RUNS]


def run_files(name):
    """The file `name` of every run on all training reviews."""
    return [f"results/runs/{variant}/all/seed{seed}/{name}" for variant, seed in RUNS]


def active_vectorizers(wildcards):
    """Vocabulary and settings of every vectorizer that the active variants read."""
    names = dict.fromkeys(VARIANTS[name]["vectorizer"] for name in config["active_variants"])
    return [f"results/vectorizers/{name}/{file}" for name in names for file in ("vocabulary.json", "settings.json")]


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
        f"{name}/{file}"
        for name in names
        for file in ["vocabulary.json", "settings.json", *(f"{split}.arrow" for split in SPLITS)]
    ]
    teachers = [VARIANTS[teacher] for variant in variants for teacher in variant.get("teachers", [])]
    readers = [*(variant for variant in variants if variant["features"] == "cbow"), *teachers]
    unlabelled = dict.fromkeys(f"{variant['vectorizer']}/unlabelled.arrow" for variant in readers)
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


def report_products(wildcards):
    """Every file that there is to look at."""
    figures = ["accuracy", "accuracy_by_length", "training_time", "roc", "calibration"]
    tables = ["summary", "comparisons", "claims"]
    if CURVE_RUNS:
        figures.append("learning_curve")
    if EMBEDDINGS or PRETRAINED_MATRICES:
        figures.append("word_map")
        tables += ["neighbours", "analogies"]
    if PADDED:
        figures.append("padding")
    figures += [f"history/{variant}" for variant in config["active_variants"]]
    return [
        *expand("results/figures/{figure}.html", figure=figures),
        *expand("results/tables/{table}.html", table=tables),
        "results/disagreements.html",
        *expand("results/model_cards/{variant}.html", variant=config["active_variants"]),
    ]
