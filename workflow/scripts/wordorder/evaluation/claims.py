"""Claims about the models: what is claimed, and whether the runs bear it out."""

import difflib
import math
import reprlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from wordorder.evaluation.comparison import TAILS, resample_means
from wordorder.io.errors import InputError
from wordorder.evaluation.learning_curve import run_name
from wordorder.evaluation.timing import IMPLEMENTATIONS, ratio

COLUMNS = ["claim", "text", "verdict", "value", "low", "high", "bound", "margin", "seeds", "source"]


class Comparison(NamedTuple):
    """What the keys of a kind of comparison are, and within which limits its margin must lie."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    bounds: tuple[str, ...]
    limits: tuple[float, float]


KINDS = {
    "accuracy": Comparison(("variant",), ("size",), ("at_least", "less_than"), (0, 1)),
    "difference": Comparison(("variant", "other"), ("size",), ("greater_than", "less_than", "within"), (-1, 1)),
    "step_time_ratio": Comparison(("variant", "other", "implementation"), (), ("greater_than",), (0, math.inf)),
}


class Claim(NamedTuple):
    """One claim: what is measured, of which variants, and the bound that it has to keep.

    `variants` are one or two, `size` is a number of training reviews or "all", `implementation` is None but for step
    times.
    """

    name: str
    text: str
    source: str
    kind: str
    variants: tuple[str, ...]
    size: int | str
    implementation: str | None
    bound: str
    margin: float


def read_claims(path: Path, variants: Sequence[str]) -> list[Claim]:
    """Read a file of claims; `variants` are all that the config defines.

    Raises InputError, with a line for each mistake, if the file cannot be used.
    """
    try:
        document = yaml.load(Path(path).read_text("utf-8"), Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read ({error}). Correct it and run again.") from error
    problems = list(document_problems(document, variants))
    if problems:
        raise InputError("\n- ".join([f"{path} cannot be used:", *problems]))
    return [make_claim(name, entry) for name, entry in document.items()]


class Loader(yaml.SafeLoader):
    """Reads YAML, and refuses a key that stands twice in a mapping, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Make the dictionary of a mapping. Raises ValueError if a key stands there twice."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"{key} stands twice {node.start_mark}".replace("\n", " "))
        return super().construct_mapping(node, deep)


def make_claim(name: str, entry: dict) -> Claim:
    """Turn an entry of the file, in which nothing is wrong, into a claim."""
    (kind,) = KINDS.keys() & entry
    comparison = entry[kind]
    (bound,) = set(KINDS[kind].bounds) & comparison.keys()
    return Claim(
        name,
        entry["text"],
        entry["source"],
        kind,
        tuple(comparison[key] for key in ("variant", "other") if key in comparison),
        comparison.get("size", "all"),
        comparison.get("implementation"),
        bound,
        float(comparison[bound]),
    )


def document_problems(document: object, variants: Sequence[str]) -> Iterator[str]:
    """All that is wrong with the contents of a file of claims, one line each: claim and key, what, what to do."""
    if not isinstance(document, dict) or not document:
        yield "it holds no claims; write a mapping from their names, with text, source and a comparison each."
        return
    for name, entry in document.items():
        if not isinstance(name, str):
            yield f"{shown(name)}: not a name; write letters."
        elif not isinstance(entry, dict):
            yield f"{name}: not a mapping; write text, source and one of {', '.join(KINDS)} under it."
        else:
            yield from entry_problems(name, entry, variants)


def entry_problems(name: str, entry: dict, variants: Sequence[str]) -> Iterator[str]:
    """What is wrong with one claim."""
    yield from unknown_keys(name, entry, ["text", "source", *KINDS])
    for key in ("text", "source"):
        if key not in entry:
            yield f"{name}.{key}: missing; write a line of text."
        elif not isinstance(entry[key], str) or not entry[key].strip():
            yield f"{name}.{key}: {shown(entry[key])} is not a line of text; write one."
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        yield f"{name}: {' and '.join(kinds) or 'no comparison'}; write exactly one of {', '.join(KINDS)}."
        return
    (kind,) = kinds
    if not isinstance(entry[kind], dict):
        yield f"{name}.{kind}: not a mapping; write {', '.join(KINDS[kind].required)} and a bound under it."
    else:
        yield from comparison_problems(f"{name}.{kind}", entry[kind], KINDS[kind], variants)


def comparison_problems(place: str, comparison: dict, kind: Comparison, variants: Sequence[str]) -> Iterator[str]:
    """What is wrong with the comparison of a claim, which stands at `place`."""
    yield from unknown_keys(place, comparison, [*kind.required, *kind.optional, *kind.bounds])
    for key in kind.required:
        known = IMPLEMENTATIONS if key == "implementation" else list(variants)
        if key not in comparison:
            yield f"{place}.{key}: missing; write one of: {', '.join(known)}."
        elif comparison[key] not in known:
            defined = "is not possible" if key == "implementation" else "is not defined under variants in the config"
            yield f"{place}.{key}: {shown(comparison[key])} {defined}; {suggestion(comparison[key], known)}"
    if "other" in comparison and comparison["other"] == comparison.get("variant"):
        yield f"{place}.other: the same as variant; name another."
    size = comparison.get("size", 1)
    if type(size) is not int or size < 1:
        yield f"{place}.size: {shown(size)} is not a number of training reviews; write one of learning_curve.sizes."
    bounds = [bound for bound in kind.bounds if bound in comparison]
    if len(bounds) != 1:
        yield f"{place}: {' and '.join(bounds) or 'no margin'}; write exactly one of {', '.join(kind.bounds)}."
        return
    (bound,) = bounds
    margin, (lowest, highest) = comparison[bound], kind.limits
    if bound == "within":
        lowest = 0
    # Of the infinities and NaN the comparison is false.
    if type(margin) not in (int, float) or not abs(margin) <= sys.float_info.max:
        yield f"{place}.{bound}: {shown(margin)} is not a number; write digits with a point, such as 0.01."
    elif not lowest <= margin <= highest:
        limits = f"from {lowest} to {highest}; a point is 0.01" if math.isfinite(highest) else f"of at least {lowest}"
        yield f"{place}.{bound}: {shown(margin)} is out of range; write a number {limits}."


def unknown_keys(place: str, mapping: dict, known: Sequence[str]) -> Iterator[str]:
    """Name the keys that are not known."""
    for key in mapping:
        if key not in known:
            yield f"{place}: unknown key {shown(key)}; {suggestion(key, known)}"


def suggestion(word: object, known: Sequence[str]) -> str:
    """Say which known word may have been meant, or which there are."""
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"write one of: {', '.join(known)}."


def shown(value: object) -> str:
    """Show a value on one short line."""
    return reprlib.repr(value)


def decide(
    claims: Sequence[Claim],
    correct: np.ndarray,
    runs: Sequence[tuple[str, int | str, int]],
    step_times: pd.DataFrame | None,
    *,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Decide the claims for which there are runs, in a table with the columns `COLUMNS`; the others are left out.

    `correct` says which answers are right, of shape (runs, reviews); `runs` holds the variant, the size of its training
    set ("all" or a number) and the seed of each run. `step_times` is the table of `timing`, None without one.

    `low` and `high` are a 95 % interval: of an accuracy and of a difference by the bootstrap over reviews and seeds of
    `resample_means`, of a ratio over its repetitions. `seeds` is the number of runs of the variant that has fewer.
    """
    names = np.array([run_name(variant, size) for variant, size, _ in runs])
    wanted = {run_name(variant, claim.size) for claim in claims for variant in claim.variants}
    used = np.isin(names, list(wanted))
    resampled = resample_means(correct[used], names[used].tolist(), resamples=resamples, seed=seed)
    timed = set() if step_times is None else set(zip(step_times["variant"], step_times["implementation"], strict=True))
    rows = []
    for claim in claims:
        if claim.kind == "step_time_ratio":
            if not {(variant, claim.implementation) for variant in claim.variants} <= timed:
                continue
            measured, seeds = ratio(step_times, *claim.variants, claim.implementation), None
        else:
            parts = [run_name(variant, claim.size) for variant in claim.variants]
            if not resampled.keys() >= set(parts):
                continue
            means = [correct[names == part].mean() for part in parts]
            draws = [resampled[part] for part in parts]
            if claim.kind == "difference":
                means, draws = [means[0] - means[1]], [draws[0] - draws[1]]
            measured = means[0], *np.quantile(draws[0], TAILS)
            seeds = min(np.count_nonzero(names == part) for part in parts)
        # Rounded before the verdict, so that it is that of the figures in the table.
        value, low, high = (round(float(each), 6) for each in measured)
        rows.append(
            (
                claim.name,
                claim.text,
                verdict(low, high, claim.bound, claim.margin),
                value,
                low,
                high,
                claim.bound,
                claim.margin,
                seeds,
                claim.source,
            )
        )
    # Whole numbers stay such where one is missing.
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64"})


def verdict(low: float, high: float, bound: str, margin: float) -> str:
    """Say what an interval says of a bound: it `holds` or `does not hold` in all of the interval, or is `undecided`."""
    inside, outside = {
        "at_least": (low >= margin, high < margin),
        "greater_than": (low > margin, high <= margin),
        "less_than": (high < margin, low >= margin),
        "within": (-margin <= low and high <= margin, low > margin or high < -margin),
    }[bound]
    return "holds" if inside else "does not hold" if outside else "undecided"
