"""Fill the pages with the figures of the committed tables in docs/.

A table stands between two comments with its name, such as `<!-- claims -->` and `<!-- /claims -->`. A figure or a
verdict in the prose follows a comment that tells where it comes from: table, row, column, and perhaps a unit:

    masking gains <!-- results/claims masking_helps value points -->1.2 points

A row is named by its first cells, as many as it takes, with commas between them and "_" for a space. What follows the
comment is replaced, and keeps its number of decimals and its plus sign.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from estimate_sweep import estimate

Rows = Iterator[dict[str, str]]
FIGURE = re.compile(
    r"<!-- (?P<table>[\w/]+) (?P<row>\S+) (?P<column>\w+)(?: (?P<unit>\w+))? -->"
    r"(?P<text>[-+]?\d+(?:,\d{3})*(?:\.\d+)?|holds|does not hold|undecided|too few seeds)"
)
# A mark that the pattern above does not know, for example because nothing follows it.
MARK = re.compile(r"<!-- \w+/.*?-->")
# What the unit of the prose is worth in that of the table, which has fractions.
UNITS = {None: 1.0, "points": 100.0, "percent": 100.0, "points_less": -100.0}
# The models of the first page; some have a twin that reads shuffled words.
MODELS = {
    "binary_unigram": "bag of words",
    "binary_bigram": "bag of words and pairs",
    "tfidf_bigram": "the same, weighted by TF-IDF",
    "one_hot": "LSTM, one-hot tokens",
    "embedding": "LSTM, learned embedding",
    "embedding_masked": "LSTM, masked embedding",
    "glove": "LSTM, GloVe",
    "nb_lr": "NB-LR, up to three words",
}
# Those of docs/best/, and what they learn from reviews without labels.
BEST = {
    "nb_lr_punctuation": ("NB-LR, up to three words", "nothing"),
    "cbow_pooled_punctuation": ("LSTM, maximum over the words", "its vectors"),
    "convolution_punctuation": ("convolution over three words", "nothing"),
    "teachers": ("these three together", "vectors"),
    "nb_lr_student": ("NB-LR, taught by them", "their answers"),
    "cbow_pooled_student": ("LSTM, taught by them", "its vectors and their answers"),
    "students": ("these two together", "vectors and answers"),
}
BOUNDS = {"at_least": "at least", "greater_than": "more than", "less_than": "less than", "within": "within ±"}


def filled(name: str, repository: Path) -> str:
    """Return a page with the figures that the tables have now.

    Raise ValueError if a table or a figure is not where the page says, or a mark is not understood.
    """
    text = (repository / name).read_text(encoding="utf-8")
    docs = repository / "docs"
    for table, rows_of in PAGES[name].items():
        lines = "".join(markdown(rows_of(docs)))
        found = re.search(rf"(?<=<!-- {table} -->\n)(?:\|.*\n)*(?=<!-- /{table} -->)", text)
        if found is None:
            raise ValueError(f"{name} has no table <!-- {table} -->.")
        text = f"{text[: found.start()]}{lines}{text[found.end() :]}"
    if unknown := MARK.findall(FIGURE.sub("", text)):
        raise ValueError(f"{name}: not understood: {', '.join(unknown)}")
    # There, Markdown takes a comment for the end of the paragraph.
    if first := re.findall(rf"^ *{MARK.pattern}", text, re.MULTILINE):
        raise ValueError(f"{name}: at the beginning of a line: {', '.join(first)}")
    read = cache(lambda table: pd.read_csv(docs / f"{table}.csv"))
    return FIGURE.sub(lambda found: figure(found, read, name), text)


def markdown(rows: Rows) -> Iterator[str]:
    """Yield the lines of a table in Markdown; the head has the names of the cells."""
    for number, row in enumerate(rows):
        if number == 0:
            yield f"| {' | '.join(row)} |\n"
            yield f"|{' --- |' * len(row)}\n"
        yield f"| {' | '.join(row.values())} |\n"


def figure(found: re.Match[str], read: Callable[[str], pd.DataFrame], name: str) -> str:
    """Return a mark and what belongs after it; `read` returns a table by its name."""
    value, text = cell(read(found["table"]), found["row"], found["column"]), found["text"]
    if pd.isna(value) or found["unit"] not in UNITS:
        raise ValueError(f"{name}: {found[0]}: there is no such cell or unit, or nothing in it.")
    if not isinstance(value, str):
        sign = "+" if text[0] == "+" else ""
        value = decimal(UNITS[found["unit"]] * value, len(text.partition(".")[2]), sign)
    return f"{found[0].removesuffix(text)}{value}"


def cell(frame: pd.DataFrame, row: str, column: str) -> str | float:
    """Return a cell of a table; nan if there is no such row or column."""
    for each, wanted in zip(frame.columns, row.split(","), strict=False):
        frame = frame[frame[each].astype(str).str.replace(" ", "_") == wanted]
    value: str | float = frame[column].iloc[0] if len(frame) == 1 and column in frame else float("nan")
    return value


# The tables: each row as cells of text.


def columns(table: str, **formats: str) -> Callable[[Path], Rows]:
    """Return the function that yields some columns of a table, each in its format."""

    def rows(docs: Path) -> Rows:
        for row in pd.read_csv(docs / f"{table}.csv").to_dict("records"):
            yield {name: form.format(row[name]) for name, form in formats.items()}

    return rows


def code(name: str) -> str:
    """Return a name as code."""
    return f"`{name}`"


def decimal(value: float, digits: int, sign: str = "") -> str:
    """Return a number with so many decimals, and without a minus where these are all 0."""
    return f"{round(value, digits) + 0.0:{sign},.{digits}f}"


def interval(low: float, high: float, digits: int) -> str:
    """Return an interval; nothing where there is none."""
    return "" if pd.isna(low) else f"{decimal(low, digits)} to {decimal(high, digits)}"


def results(folder: str, *, timed: bool = True) -> Callable[[Path], Rows]:
    """Return the function that yields a row for each variant of the study in a folder of docs/; `timed`: its costs."""

    def rows(docs: Path) -> Rows:
        for row in pd.read_csv(docs / folder / "summary.csv").itertuples():
            costs = {
                "parameters": f"{row.parameters:,.0f}",
                "seconds": f"{row.training_seconds:,.0f}",
                "peak memory, MB": f"{row.peak_memory_mb:,.0f}",
            }
            yield {
                "variant": code(row.variant),
                "test accuracy": f"{row.test_accuracy:.3f}",
                "95 % interval": interval(row.test_accuracy_low, row.test_accuracy_high, 3),
                "seeds": f"{row.seeds}",
                "the chapter": "" if pd.isna(row.chapter_accuracy) else f"{row.chapter_accuracy:g}",
                **(costs if timed else {}),
            }

    return rows


def study(folder: str) -> Callable[[Path], Rows]:
    """Return the function that yields the facts about the study in a folder of docs/."""
    return columns(f"{folder}/study", what="{}", value="{}")


def claims(folder: str) -> Callable[[Path], Rows]:
    """Return the function that yields a row for each claim of the study in a folder of docs/."""

    def rows(docs: Path) -> Rows:
        for claim in pd.read_csv(docs / folder / "claims.csv", dtype={"seeds_to_decide": str}).itertuples():
            needed = claim.seeds_to_decide
            # Ratios of times have no digits to spare.
            digits = 4 if claim.value < 10 else 1
            yield {
                "claim": claim.text,
                "measured": decimal(claim.value, digits),
                "95 % interval": interval(claim.low, claim.high, digits),
                "claimed": f"{BOUNDS[claim.bound]} {claim.margin:g}",
                "verdict": claim.verdict,
                "in its family": claim.verdict_of_family,
                "would decide": "" if pd.isna(needed) else needed if needed == "never" else f"{needed} seeds",
            }

    return rows


def twins(docs: Path) -> Rows:
    """Yield a row for each model and its twin on shuffled words."""
    accuracies = pd.read_csv(docs / "results/summary.csv", index_col="variant")["test_accuracy"]
    decided = pd.read_csv(docs / "results/claims.csv", index_col="claim")
    for name in [name for name in MODELS if f"{name}_shuffled" in accuracies]:
        worth, idle = (decided.loc[f"order_{claim}_{name}"] for claim in ("worth", "idle"))
        yield {
            "model": code(name),
            "as it is": f"{accuracies[name]:.4f}",
            "shuffled": f"{accuracies[f'{name}_shuffled']:.4f}",
            "difference": decimal(worth["value"], 4),
            "95 % interval": interval(worth["low"], worth["high"], 4),
            "worth more than half a point": worth["verdict"],
            "as good, to within half a point": idle["verdict"],
        }


def models(docs: Path) -> Rows:
    """Yield a row for each model of the first page, with what it gains from the order of the words."""
    summary = pd.read_csv(docs / "results/summary.csv", index_col="variant")
    decided = pd.read_csv(docs / "results/claims.csv", index_col="claim")
    for name, model in MODELS.items():
        row, worth = summary.loc[name], f"order_worth_{name}"
        gain = decided.loc[worth] if worth in decided.index else None
        yield {
            "model": model,
            "variant": code(name),
            "test accuracy": f"{row['test_accuracy']:.3f}",
            "95 % interval": interval(row["test_accuracy_low"], row["test_accuracy_high"], 3),
            "the chapter": "" if pd.isna(row["chapter_accuracy"]) else f"{row['chapter_accuracy']:g}",
            "from word order": ""
            if gain is None
            else f"{decimal(gain['value'], 3)} ({interval(gain['low'], gain['high'], 3)})",
            "seconds": f"{row['training_seconds']:,.0f}",
        }


def orders(docs: Path) -> Rows:
    """Yield a row for each order of the words: the change of each model in points; in the order kept, its accuracy."""
    for name, each in pd.read_csv(docs / "word_order/word_order.csv").groupby("order", sort=False):
        kept, changes = (
            each["accuracy"].map("{:.4f}".format),
            [decimal(100 * change, 1, "+") for change in each["change"]],
        )
        cells = kept if name == "kept" else changes
        yield {"words that stay together": str(name), **dict(zip(each["variant"].map(code), cells, strict=True))}


def contrasts(docs: Path) -> Rows:
    """Yield a row for each kind of pairs: the share of right answers and of pairs told apart, by each model."""
    for kind, each in pd.read_csv(docs / "word_order/contrasts.csv").groupby("kind", sort=False):
        cells = each["right"].map("{:.2f}".format) + ", " + each["apart"].map("{:.2f}".format)
        yield {"pairs": str(kind), **dict(zip(each["variant"].map(code), cells, strict=True))}


def lengths(docs: Path) -> Rows:
    """Yield a row for each variant: its accuracy on each quarter of the reviews by length, over the seeds."""
    table = pd.read_csv(docs / "results/accuracy_by_length.csv")
    heads = {
        quartile: f"{first} to {last} tokens"
        for quartile, first, last in table[["quartile", "min_tokens", "max_tokens"]]
        .drop_duplicates()
        .itertuples(index=False)
    }
    for name, each in table.groupby("variant", sort=False):
        means = each.groupby("quartile")["accuracy"].mean()
        yield {"variant": code(str(name)), **{head: f"{means[quartile]:.3f}" for quartile, head in heads.items()}}


def best(docs: Path) -> Rows:
    """Yield a row for each model and ensemble on the way to the best classifier."""
    runs = pd.read_csv(docs / "best/runs.csv", index_col="variant")
    for name, (model, learned) in BEST.items():
        run = runs.loc[name]
        trained = not pd.isna(run["training_seconds"])
        yield {
            "model": model,
            "variant": code(name),
            "learned from reviews without labels": learned,
            "test accuracy": f"{run['test_accuracy']:.4f}",
            "area under the ROC curve": f"{run['roc_auc']:.4f}",
            "loss": f"{run['test_loss']:.4f}",
            "seconds": f"{run['training_seconds']:,.0f}" if trained else "",
        }


def curve(docs: Path) -> Rows:
    """Yield a row for each variant: its accuracy at each number of training reviews."""
    table = pd.read_csv(docs / "learning_curve/learning_curve.csv")
    for name, each in table.groupby("variant", sort=False):
        accuracies = each[["size", "test_accuracy"]].itertuples(index=False)
        yield {"variant": code(str(name)), **{f"{size:,}": f"{accuracy:.3f}" for size, accuracy in accuracies}}


def trials(docs: Path) -> Rows:
    """Yield a row for each setting that was tried."""
    for row in pd.read_csv(docs / "trials.csv", dtype=str).fillna("").to_dict("records"):
        yield {**row, "model": code(row["model"])}


def costs(docs: Path) -> Rows:
    """Yield a row for each rule: its jobs, what they took, and their memory."""
    for row in pd.read_csv(docs / "results/costs.csv").itertuples():
        yield {
            "rule": code(row.rule),
            "jobs": f"{row.jobs:,}",
            "seconds, median": f"{row.seconds:,.1f}",
            "longest": f"{row.longest_seconds:,.1f}",
            "core hours": f"{row.processor_seconds * row.jobs / 3600:,.2f}",
            "peak memory, MB": f"{row.peak_mb:,.0f}",
        }


def sweep(docs: Path) -> Rows:
    """Yield a row for each number of nodes."""
    for row in estimate(pd.read_csv(docs / "results/costs.csv")).itertuples():
        yield {
            "nodes": f"{row.nodes}",
            "jobs": f"{row.jobs:,}",
            "hours": f"{row.hours:,.1f}",
            "core hours": f"{row.core_hours:,.1f}",
            "overhead, %": f"{row.overhead_percent:.1f}",
            "critical path, minutes": f"{row.critical_path_minutes:.1f}",
        }


def machines(docs: Path) -> Rows:
    """Yield a row for each variant, with a cell for each machine."""
    heads = ["variant", "Intel Xeon", "AVX2 only", "two threads", "TensorFlow", "AMD EPYC"]
    for name, *accuracies in pd.read_csv(docs / "machines.csv").itertuples(index=False):
        yield dict(zip(heads, [code(name), *(f"{accuracy:.3f}" for accuracy in accuracies)], strict=True))


# The tables of each page, by their names; a page without any may still have figures.
PAGES: dict[str, dict[str, Callable[[Path], Rows]]] = {
    "README.md": {"models": models},
    "docs/results/README.md": {
        "study": study("results"),
        "results": results("results"),
        "claims": claims("results"),
        "lengths": lengths,
    },
    "docs/learning_curve/README.md": {
        "study": study("learning_curve"),
        "curve": curve,
        "claims": claims("learning_curve"),
    },
    "docs/texts/README.md": {
        "results": results("texts", timed=False),
        "claims": claims("texts"),
        "study": study("texts"),
    },
    "docs/optimizer/README.md": {
        "results": results("optimizer", timed=False),
        "claims": claims("optimizer"),
        "study": study("optimizer"),
    },
    "docs/best/README.md": {"study": study("best"), "models": best, "trials": trials},
    "docs/word_order.md": {"twins": twins, "orders": orders, "contrasts": contrasts},
    "docs/performance/README.md": {
        "benchmark": columns(
            "performance/benchmark",
            variant="`{}`",
            implementation="{}",
            setting="{}",
            ms_per_step="{:,.1f}",
            processor_ms="{:,.1f}",
            peak_mb="{:,}",
            speedup="{:g}",
        ),
        "grouping": columns(
            "performance/grouping", variant="`{}`", test_accuracy="{:.4f}", test_accuracy_std="{:.4f}", seeds="{}"
        ),
        "prediction": columns(
            "performance/prediction",
            variant="`{}`",
            cores="{}",
            seconds_of_one="{:.1f}",
            seconds_of_all="{:.1f}",
            reviews_per_second="{:,}",
            peak_mb="{}",
        ),
        "glove": columns("performance/glove", reader="{}", seconds="{:.2f}", peak_mb="{}"),
        "gpu": columns(
            "performance/gpu",
            variant="`{}`",
            implementation="{}",
            ms_per_step="{:,.1f}",
            peak_mb="{:,}",
            speedup="{:g}",
        ),
    },
    "docs/protocol.md": {},
    "docs/questions.md": {},
    "docs/scaling.md": {"costs": costs, "sweep": sweep},
    "docs/reliability.md": {"machines": machines},
}
