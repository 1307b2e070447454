"""Write what is made from the code and from committed results: the schema of the config, lists, tables of the pages."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from wordorder.config_schema import complete_schema
from wordorder.models.kind import kinds

REPOSITORY = Path(__file__).resolve().parents[2]
# The keys in config/README.md between these comments: of the config, or those of each vectorizer or variant.
TABLE = re.compile(r"(<!-- keys: (.+?) -->\n).*?(<!-- /keys -->)", re.DOTALL)
# What modules are written in, and what they read.
KINDS = (".py", ".yaml", ".jinja", ".html", ".css", ".js")
# The longest default that has room in a table.
WIDTH = 45


def generated(repository: Path) -> dict[Path, str]:
    """Return the files that are made from the code, with what should be in them."""
    shipped = yaml.safe_load((repository / "config/config.yaml").read_text(encoding="utf-8"))
    schema = complete_schema(shipped)
    readme = repository / "config/README.md"
    pages = [repository / name for name in RESULTS]
    return {
        **{page: with_results(page, repository) for page in pages},
        repository / "workflow/schemas/config.schema.yaml": as_yaml(schema),
        readme: TABLE.sub(
            lambda match: "".join([match[1], *table(schema, match[2]), match[3]]), readme.read_text(encoding="utf-8")
        ),
        repository / "workflow/scripts/MANIFEST": "".join(
            f"{name}\n" for name in files(repository / "workflow/scripts")
        ),
    }


def as_yaml(schema: dict[str, Any]) -> str:
    """Return a schema as YAML, with equal parts written out."""
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *arguments: True})
    return yaml.dump(schema, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)


def files(scripts: Path) -> list[str]:
    """Return the files that a hosted module brings to the disk: scripts, modules, what modules read; scripts first."""
    paths = [path.relative_to(scripts) for path in scripts.rglob("*") if path.suffix in KINDS]
    return [path.as_posix() for path in sorted(paths, key=lambda path: (len(path.parts) > 1, path.as_posix()))]


def table(schema: dict[str, Any], names: str) -> Iterator[str]:
    """Yield the lines of a Markdown table of keys: of the config, or of `variants` or `vectorizers` if so asked."""
    if names == "each of variants":
        yield from variant_table(schema)
        return
    if names == "each of vectorizers":
        (section,) = schema["properties"]["vectorizers"]["patternProperties"].values()
    else:
        section = {"properties": {name: schema["properties"][name] for name in names.split(", ")}}
    yield "| key | default | meaning |\n| --- | --- | --- |\n"
    for row in rows(section):
        yield f"| {' | '.join(row)} |\n"


def rows(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield key, default and meaning of each key of a section, and of the sections in it."""
    for name, key in section["properties"].items():
        if "properties" in key:
            yield from rows(key, f"{prefix}{name}.")
        else:
            required = name in section.get("required", []) and key["default"] is None
            yield f"`{prefix}{name}`", "required" if required else default(key["default"]), meaning(key)


def meaning(key: dict[str, Any]) -> str:
    """Return the description of a key, with its possible values if that does not name them."""
    values = [f"`{value}`" for value in key.get("enum", []) if value is not None]
    named = len(values) < 2 or all(value in key["description"] for value in values)
    return key["description"] if named else f"{key['description']} One of {', '.join(values)}."


def default(value: Any) -> str:
    """Return a default as a cell of a table."""
    if value is None or value == []:
        return "none"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
    return f"`{text}`" if len(text) <= WIDTH else "see `config.yaml`"


def variant_table(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a Markdown table of the keys of a variant, each with the kinds of model that have it."""
    (variant,) = schema["properties"]["variants"]["patternProperties"].values()
    (model,) = rows({"properties": {"model": schema["properties"]["defaults"]["properties"]["model"]}})
    named: dict[tuple[str, str, str], list[str]] = {}
    for kind, section in zip(kinds(), variant["oneOf"], strict=True):
        for row in rows(section):
            # What all have in common, though each names itself.
            named.setdefault(model if row[0] == model[0] else row, []).append(f"`{kind}`")
    # Keys of all kinds first.
    spread = Counter(row[0] for row, those in named.items() for _ in those)
    first = {row[0]: place for place, row in reversed(list(enumerate(named)))}
    yield "| key | kinds of model | default | meaning |\n| --- | --- | --- | --- |\n"
    for row in sorted(named, key=lambda row: (-spread[row[0]], first[row[0]])):
        those = "all" if len(named[row]) == len(kinds()) else ", ".join(named[row])
        yield f"| {' | '.join((row[0], those, *row[1:]))} |\n"


# The tables of results: each row as cells of text, from the tables in docs/.

Rows = Iterator[list[str]]
MODELS = {"one_hot": "one-hot tokens", "embedding": "learned embedding", "embedding_masked": "masked embedding"}
MODELS |= {"glove": "GloVe"}
BOUNDS = {"at_least": "at least", "greater_than": "more than", "less_than": "less than", "within": "within ±"}


def with_results(page: Path, repository: Path) -> str:
    """Return a page with the rows of its tables, each between two comments with its name, after a head of its own."""
    text = page.read_text(encoding="utf-8")
    for name, rows_of in RESULTS[page.relative_to(repository).as_posix()].items():
        lines = "".join(f"| {' | '.join(row)} |\n" for row in rows_of(repository / "docs"))
        found = re.search(rf"<!-- {name} -->\n.*\n\| ---.*\n((?:.*\n)*?)<!-- /{name} -->", text)
        if found is None:
            raise ValueError(f"{page} has no table {name}.")
        text = f"{text[: found.start(1)]}{lines}{text[found.end(1) :]}"
    return text


def code(name: str) -> str:
    """Return a name as code."""
    return f"`{name}`"


def interval(low: float, high: float, digits: int) -> str:
    """Return an interval; nothing where there is none."""
    return "" if pd.isna(low) else f"{low:.{digits}f} to {high:.{digits}f}"


def results(docs: Path) -> Rows:
    """Yield a row for each variant of the study."""
    for row in pd.read_csv(docs / "results/summary.csv").itertuples():
        yield [
            *(code(row.variant), f"{row.test_accuracy:.3f}"),
            *(interval(row.test_accuracy_low, row.test_accuracy_high, 3), f"{row.seeds}"),
            "" if pd.isna(row.chapter_accuracy) else f"{row.chapter_accuracy:g}",
            *(f"{row.parameters:,.0f}", f"{row.peak_memory_mb:,.0f}"),
        ]


def claims(docs: Path) -> Rows:
    """Yield a row for each claim of the study."""
    for claim in pd.read_csv(docs / "results/claims.csv", dtype={"seeds_to_decide": str}).itertuples():
        needed = claim.seeds_to_decide
        # Ratios of times have no digits to spare.
        digits = 4 if claim.value < 10 else 1
        yield [
            *(claim.text, f"{claim.value:.{digits}f}", interval(claim.low, claim.high, digits)),
            *(f"{BOUNDS[claim.bound]} {claim.margin:g}", claim.verdict, claim.verdict_of_family),
            "" if pd.isna(needed) else needed if needed == "never" else f"{needed} seeds",
        ]


def claim_cells(claim: pd.Series) -> list[str]:
    """Return the value of a claim, its interval and its verdict."""
    return [f"{claim['value']:.4f}", interval(claim["low"], claim["high"], 4), claim["verdict"]]


def second_machine(docs: Path) -> Rows:
    """Yield a row for each claim that was decided on two machines."""
    names = ("claims.csv", "claims_second_machine.csv")
    first, second = (pd.read_csv(docs / "results" / name, index_col="text") for name in names)
    for text in second.index:
        yield [text, *claim_cells(first.loc[text]), *claim_cells(second.loc[text])]


def twins(docs: Path) -> Rows:
    """Yield a row for each model and its twin on shuffled words."""
    accuracies = pd.read_csv(docs / "word_order/summary.csv", index_col="variant")["test_accuracy"]
    decided = pd.read_csv(docs / "word_order/claims.csv", index_col="claim")
    for name in MODELS:
        worth, idle = (decided.loc[f"order_{claim}_{name}"] for claim in ("worth", "idle"))
        levels = [f"{accuracies[each]:.4f}" for each in (name, f"{name}_shuffled")]
        yield [code(name), *levels, *claim_cells(worth), idle["verdict"]]


def order(docs: Path) -> Rows:
    """Yield the same in short, with words for the models."""
    accuracies = pd.read_csv(docs / "word_order/summary.csv", index_col="variant")["test_accuracy"]
    decided = pd.read_csv(docs / "word_order/claims.csv", index_col="claim")
    for name, model in MODELS.items():
        worth = decided.loc[f"order_worth_{name}"]
        levels = [f"{accuracies[each]:.3f}" for each in (name, f"{name}_shuffled")]
        yield [model, *levels, f"{worth['value']:.3f} ({interval(worth['low'], worth['high'], 3)})"]


def orders(docs: Path) -> Rows:
    """Yield a row for each order of the words: the change of each model in points; in the order kept, its accuracy."""
    for name, each in pd.read_csv(docs / "word_order/word_order.csv").groupby("order", sort=False):
        changes, levels = (100 * each["change"]).map("{:+.1f}".format), each["accuracy"].map("{:.4f}".format)
        yield [str(name), *(levels if name == "kept" else changes)]


def contrasts(docs: Path) -> Rows:
    """Yield a row for each kind of pairs: the share of right answers and of pairs told apart, by each model."""
    for kind, each in pd.read_csv(docs / "word_order/contrasts.csv").groupby("kind", sort=False):
        yield [str(kind), *(each["right"].map("{:.2f}".format) + ", " + each["apart"].map("{:.2f}".format))]


def benchmark(docs: Path) -> Rows:
    """Yield a row for each variant and implementation."""
    for row in pd.read_csv(docs / "performance/benchmark.csv").itertuples():
        yield [
            *(code(row.variant), row.implementation, row.setting, f"{row.ms_per_step:,.1f}"),
            *(f"{row.processor_ms:,.1f}", f"{row.peak_mb:,}", f"{row.speedup:g}"),
        ]


def gpu(docs: Path) -> Rows:
    """Yield the same on a graphics processor."""
    for row in pd.read_csv(docs / "performance/gpu.csv").itertuples():
        cells = (row.implementation, f"{row.ms_per_step:,.1f}", f"{row.peak_mb:,}", f"{row.speedup:g}")
        yield [code(row.variant), *cells]


def grouping(docs: Path) -> Rows:
    """Yield a row for each variant with and without grouping by length."""
    for row in pd.read_csv(docs / "performance/grouping.csv").itertuples():
        yield [code(row.variant), f"{row.test_accuracy:.4f}", f"{row.test_accuracy_std:.4f}", str(row.seeds)]


def prediction(docs: Path) -> Rows:
    """Yield a row for each variant and number of cores."""
    for row in pd.read_csv(docs / "performance/prediction.csv").itertuples():
        seconds = (f"{row.seconds_of_one:.1f}", f"{row.seconds_of_all:.1f}")
        yield [code(row.variant), f"{row.cores}", *seconds, f"{row.reviews_per_second:,}", f"{row.peak_mb}"]


def glove(docs: Path) -> Rows:
    """Yield a row for each reader of the vectors."""
    for row in pd.read_csv(docs / "performance/glove.csv").itertuples():
        yield [row.reader, f"{row.seconds:.2f}", str(row.peak_mb)]


def sweep(docs: Path) -> Rows:
    """Yield a row for each number of nodes."""
    for row in pd.read_csv(docs / "sweep.csv").itertuples(index=False):
        yield [f"{row.nodes}", f"{row.jobs:,}", *(f"{number:,.1f}" for number in row[3:])]


def machines(docs: Path) -> Rows:
    """Yield a row for each variant, with a cell for each machine."""
    for row in pd.read_csv(docs / "machines.csv").itertuples(index=False):
        yield [code(row[0]), *(f"{accuracy:.3f}" for accuracy in row[1:])]


# By page: the tables of these names.
RESULTS: dict[str, dict[str, Callable[[Path], Rows]]] = {
    page: {rows_of.__name__: rows_of for rows_of in tables}
    for page, tables in {
        "README.md": (order, results),
        "docs/results/README.md": (claims, second_machine),
        "docs/word_order.md": (twins, orders, contrasts),
        "docs/performance/README.md": (benchmark, grouping, prediction, glove, gpu),
        "docs/scaling.md": (sweep,),
        "docs/reliability.md": (machines,),
    }.items()
}


if __name__ == "__main__":
    for path, text in generated(REPOSITORY).items():
        path.write_text(text, encoding="utf-8")
