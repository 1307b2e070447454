"""Every path below resources/, results/, logs/, benchmarks/ and checkpoints/, as a function.

Paths are relative to the working directory of the workflow. Arguments that are left out stay wildcards of Snakemake.
"""

from collections.abc import Iterator
from pathlib import Path

from wordorder.data.corpus import SPLITS as SPLITS

CORPUS = "resources/corpus"
GLOVE = "resources/glove.txt"
# No products of rules: jobs add what they find missing. It may be deleted at any time.
CACHE = Path(".cache")
COMPILED = CACHE / "compiled"
UNLABELLED = "unlabelled"

# What a training leaves, and its evaluation.
TRAINED = {
    "model": "model.keras",
    "history": "history.csv",
    "costs": "costs.csv",
    "summary": "summary.txt",
    "record": "training.json",
}
EVALUATED = {"evaluation": "evaluation.json", "predictions": "predictions.parquet"}
SOFT_LABELS = "soft_labels.parquet"
RIGHT_ANSWERS, CONTRASTS = "word_order.parquet", "contrasts.parquet"
EXPORTED = {"text_model": "text_model.keras", "saved_model": "saved_model"}


def split_file(split: str = "{split}", number: int | str = "{number}") -> str:
    """Return the path of a file of a corpus whose splits have their own; `number` is from 1."""
    return f"resources/corpus_files/{split}/{number}"


def checksums(download: str) -> str:
    """Return the path of the checksums of a download."""
    return f"{download}.checksums.json"


def reviews(split: str = "{split}") -> str:
    """Return the path of the reviews of a split: id, label, text."""
    return f"results/reviews/{split}.parquet"


def vocabulary(vectorizer: str = "{vectorizer}") -> str:
    """Return the path of the tokens of a vectorizer, by falling frequency."""
    return f"results/vectorizers/{vectorizer}/vocabulary.json"


def vectorizer_settings(vectorizer: str = "{vectorizer}") -> str:
    """Return the path of the settings with which the tokens were made."""
    return f"results/vectorizers/{vectorizer}/settings.json"


def encoded(split: str = "{split}", vectorizer: str = "{vectorizer}") -> str:
    """Return the path of the reviews of a split as token ids."""
    return f"results/vectorizers/{vectorizer}/{split}.arrow"


def vectors(name: str = "{vectors}", vectorizer: str = "{vectorizer}") -> str:
    """Return the path of a matrix of pretrained vectors, "glove" or "cbow"; row i is the vector of token i."""
    return f"results/vectorizers/{vectorizer}/{name}.npy"


def run(name: str, variant: str = "{variant}", size: int | str = "{size}", seed: int | str = "{seed}") -> str:
    """Return the path of a file of a training; `size` is the number of training reviews, or "all"."""
    return f"results/runs/{variant}/{size}/seed{seed}/{name}"


def run_of_all(name: str) -> str:
    """Return the path of a file that only trainings on all reviews have, variant and seed as wildcards."""
    return run(name, size="all")


def checkpoints(model: Path) -> Path:
    """Return the folder of the checkpoints of a training from the path of its model.

    It lies outside results/: Snakemake deletes the products of a job that was cut off. It is found from another path,
    and not passed as a param, because Snakemake puts its prefixes and storage before paths of files only.
    """
    *_, variant, size, seed, _ = model.parts
    return model.parents[5] / "checkpoints" / variant / size / seed


def trained_models(directory: Path) -> Iterator[tuple[str, int]]:
    """Yield variant and seed of each model under a working directory that was trained on all reviews, sorted."""
    pattern = run(TRAINED["model"], "*", "all", "*")
    place = Path(pattern).parts.index("*") - len(Path(pattern).parts)
    for path in sorted(directory.glob(pattern)):
        variant, seed = path.parts[place], path.parent.name.removeprefix("seed")
        if seed.isdigit():
            yield variant, int(seed)


def csv(name: str) -> str:
    """Return the path of a table of results."""
    return f"results/{name}.csv"


def page(name: str) -> str:
    """Return the path of a page of the report that is neither a figure nor a table."""
    return f"results/{name}.html"


def figure(ending: str, name: str = "{figure}") -> str:
    """Return the path of a figure; `ending` is html, svg or png."""
    return f"results/figures/{name}.{ending}"


def table(name: str = "{table}") -> str:
    """Return the path of a table as a page."""
    return f"results/tables/{name}.html"


def model_card(ending: str, variant: str = "{variant}") -> str:
    """Return the path of a model card; `ending` is md or html."""
    return f"results/model_cards/{variant}.{ending}"


def log(rule: str, *wildcards: str) -> str:
    """Return the path of the log of a job."""
    return "/".join(["logs", rule, *wildcards]) + ".log"


def benchmark(rule: str, *wildcards: str) -> str:
    """Return the path of time and memory of a job."""
    return "/".join(["benchmarks", rule, *wildcards]) + ".tsv"


# The wildcards of a job of a training.
OF_RUN = ("{variant}", "{size}", "seed{seed}")
OF_RUN_ON_ALL = ("{variant}", "seed{seed}")
