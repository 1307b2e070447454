"""Claims about the models: what is claimed, and whether the runs bear it out.

A kind of claim is one class below, with its keys, their limits and how it is measured.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar, get_args, get_origin

import numpy as np
import pandas as pd
import yaml
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from statsmodels.stats.multitest import multipletests

from wordorder.evaluation.intervals import LEVEL, Estimate, Measurements, run_name, scores_of
from wordorder.evaluation.timing import IMPLEMENTATIONS, log_ratio, log_ratio_of_trainings
from wordorder.evaluation.verdicts import FAILS, HOLDS, TOO_FEW, UNDECIDED
from wordorder.io.errors import InputError
from wordorder.io.tables import numbers_text
from wordorder.messages import shown, suggestion
from wordorder.settings import Section
from wordorder.vectors.names import PRETRAINED

COLUMNS = ["claim", "family", "kind", "text", "verdict", "verdict_of_family", "value", "low", "high", "bound", "margin"]
COLUMNS += ["target", "p", "p_of_family", "seeds", "seeds_to_decide", "stated", "source", "effect", "of_seeds"]


class Bound(NamedTuple):
    """A bound on a value: whether all of an interval keeps it or misses it, and the p-values of both."""

    verdict: Callable[[float, float, float], tuple[bool, bool]]
    p_values: Callable[[Estimate, float], tuple[float, float]]


def one_sided(sign: int) -> Callable[[Estimate, float], tuple[float, float]]:
    """Return the p-values of a bound that is kept above a margin (1) or below it (-1)."""

    def p_values(estimate: Estimate, margin: float) -> tuple[float, float]:
        above, below = estimate.above(margin), estimate.below(margin)
        return (above, below) if sign > 0 else (below, above)

    return p_values


def two_one_sided(estimate: Estimate, margin: float) -> tuple[float, float]:
    """Return the p-values of equivalence: within, both one-sided tests have to say so (Schuirmann 1987)."""
    return (
        max(estimate.above(-margin), estimate.below(margin)),
        min(estimate.above(margin), estimate.below(-margin)),
    )


BOUNDS = {
    "at_least": Bound(lambda low, high, margin: (low >= margin, high < margin), one_sided(1)),
    "greater_than": Bound(lambda low, high, margin: (low > margin, high <= margin), one_sided(1)),
    "less_than": Bound(lambda low, high, margin: (high < margin, low >= margin), one_sided(-1)),
    "within": Bound(
        lambda low, high, margin: (-margin <= low and high <= margin, low > margin or high < -margin), two_one_sided
    ),
}
# What a claim is about: the reviews of the test split, or others of their kind, too.
TARGETS = ("other_reviews", "these_reviews")
# Whether it was written down before the runs that decide it.
STATED = ("before", "after")


class Evidence(NamedTuple):
    """What claims are decided by.

    `measured` are the runs by each metric. `step_times` is the table of `timing`, None without one; `seconds` are those
    of the trainings by `run_name`. `analogies` are the shares of analogies that vectors get right, by the name of the
    embedding.
    """

    measured: Mapping[str, Measurements]
    step_times: pd.DataFrame | None
    seconds: Mapping[str, np.ndarray]
    analogies: Measurements | None


class Measured(NamedTuple):
    """What was measured for a claim.

    `seeds` is the number of runs of the variant that has fewer, if it is of runs, and `of_seeds` is the value of each.
    `to_decide` tells, from the distance between value and margin, how many seeds would decide. The estimate is of the
    logarithm where `logarithm` says so.
    """

    estimate: Estimate
    seeds: int | None = None
    of_seeds: Sequence[float] = ()
    to_decide: Callable[[float], float] = lambda distance: math.nan
    logarithm: bool = False


def defined(variant: str, info: ValidationInfo) -> str:
    """Return the name of a variant. Raises ValueError if the config defines no such variant."""
    if info.context and variant not in info.context["variants"]:
        raise ValueError
    return variant


def defined_vectors(name: str, info: ValidationInfo) -> str:
    """Return the name of vectors. Raises ValueError if they are neither a variant's nor pretrained."""
    return name if name in PRETRAINED.values() else defined(name, info)


def margin(lowest: float, highest: float = sys.float_info.max) -> Any:
    """Return the field of a bound, whose margin lies within these limits."""
    return Field(None, ge=lowest, le=highest, description="a number; write digits with a point, such as 0.01.")


Variant = Annotated[str, AfterValidator(defined), Field(description="defined under variants in the config")]
Size = Annotated[
    int | None, Field(ge=1, description="a number of training reviews; write one of learning_curve.sizes.")
]


class Comparison(Section):
    """What a claim measures, and the bound that it sets; the base class of all kinds of claim.

    Its fields are the keys under the kind. Those named in `BOUNDS` are its bounds, of which each claim has one. The
    description of a field says what a wrong value is not.
    """

    @classmethod
    def bounds(cls) -> list[str]:
        """Return the names of the bounds that claims of this kind can set."""
        return [name for name in cls.model_fields if name in BOUNDS]

    @property
    def bound(self) -> str:
        """Name of the bound that is set."""
        return next(name for name in self.bounds() if getattr(self, name) is not None)

    @property
    def margin(self) -> float:
        """Margin of the bound that is set."""
        return getattr(self, self.bound)

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return what is measured, None where the evidence does not cover it."""
        raise NotImplementedError


def measure_runs(measured: Measurements | None, weights: dict[str, float], other_reviews: bool) -> Measured | None:
    """Return the weighted sum of the means of some names, None where one of them has no run."""
    if measured is None or not measured.at.keys() >= weights.keys():
        return None
    return Measured(
        measured.estimate(weights, other_reviews=other_reviews),
        measured.seeds(*weights),
        measured.of_seeds(weights),
        partial(measured.seeds_to_decide, weights, other_reviews=other_reviews),
    )


class Pair(Comparison):
    """A comparison of two variants."""

    variant: Variant
    other: Variant

    @field_validator("other")
    @classmethod
    def differs(cls, other: str, info: ValidationInfo) -> str:
        """Return the name of the other variant. Raises PydanticCustomError if it is the same one."""
        if other == info.data.get("variant"):
            raise PydanticCustomError("same", "the same as variant; name another.")
        return other


KINDS: dict[str, type[Comparison]] = {}
K = TypeVar("K", bound=type[Comparison])


def kind(key: str) -> Callable[[K], K]:
    """Register a class as the kind of claim that is written under `key`."""

    def register(comparison: K) -> K:
        KINDS[key] = comparison
        return comparison

    return register


class Level(Comparison):
    """What a variant scores by one metric, mean over the seeds."""

    metric: ClassVar[str]
    variant: Variant
    size: Size = None
    at_least: float | None = margin(0, 1)
    less_than: float | None = margin(0, 1)

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return the mean."""
        return measure_runs(evidence.measured[self.metric], {run_name(self.variant, self.size): 1}, other_reviews)


@kind("accuracy")
class Accuracy(Level):
    """The test accuracy of a variant."""

    metric = "accuracy"


@kind("auc")
class Area(Level):
    """The area under the ROC curve of a variant on the test reviews."""

    metric = "roc_auc"


class Distance(Pair):
    """What `variant` scores less what `other` does, means over the seeds."""

    metric: Literal["accuracy", "roc_auc"] = Field("accuracy", description="possible")
    size: Size = None

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return the difference."""
        weights = {run_name(self.variant, self.size): 1.0, run_name(self.other, self.size): -1.0}
        return measure_runs(evidence.measured[self.metric], weights, other_reviews)


@kind("difference")
class Difference(Distance):
    """That one is better, by more or less than a margin."""

    greater_than: float | None = margin(-1, 1)
    less_than: float | None = margin(-1, 1)


@kind("equivalence")
class Equivalence(Distance):
    """That both are as good, to within a margin."""

    within: float | None = margin(0, 1)


@kind("order")
class Order(Comparison):
    """What word order adds to `variant`, compared with `without`, less what it adds to `other`."""

    variant: Variant
    without: Variant
    other: Variant
    other_without: Variant
    greater_than: float | None = margin(-1, 1)
    less_than: float | None = margin(-1, 1)

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return the difference of the two differences in accuracy."""
        weights: dict[str, float] = {}
        for name, weight in ((self.variant, 1), (self.without, -1), (self.other, -1), (self.other_without, 1)):
            weights[name] = weights.get(name, 0) + weight
        return measure_runs(evidence.measured["accuracy"], weights, other_reviews)


# What a time is of: a training step of an implementation, or a whole training.
TIMES = {f"{name}_step": name for name in IMPLEMENTATIONS} | {"training": None}


@kind("time_ratio")
class TimeRatio(Pair):
    """How many times as long a training of `variant`, or a step of it, takes as one of `other`."""

    of: Literal[tuple(TIMES)] = Field(description="possible")  # type: ignore[valid-type]
    greater_than: float | None = margin(0)
    less_than: float | None = margin(0)

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return the logarithm of the ratio, with the interval of measuring again; of trainings, with other seeds."""
        implementation = TIMES[self.of]
        if implementation is None:
            if not evidence.seconds.keys() >= {self.variant, self.other}:
                return None
            first, second = evidence.seconds[self.variant], evidence.seconds[self.other]
            return Measured(log_ratio_of_trainings(first, second), min(len(first), len(second)), logarithm=True)
        times = evidence.step_times
        if times is None:
            return None
        if not {self.variant, self.other} <= set(times.loc[times["implementation"] == implementation, "variant"]):
            return None
        return Measured(log_ratio(times, self.variant, self.other, implementation), logarithm=True)


@kind("analogies")
class Analogies(Comparison):
    """The share of analogies that vectors get right: those of a variant, or pretrained ones."""

    vectors: Annotated[str, AfterValidator(defined_vectors), Field(description="vectors that there are")]
    at_least: float | None = margin(0, 1)
    less_than: float | None = margin(0, 1)

    def measure(self, evidence: Evidence, *, other_reviews: bool) -> Measured | None:
        """Return the mean share; here other questions stand where other reviews do elsewhere."""
        return measure_runs(evidence.analogies, {self.vectors: 1}, other_reviews)


class Claim(NamedTuple):
    """One claim of the file.

    The verdicts of a `family` are also given as those of one study. `target` is one of `TARGETS`, `stated` of `STATED`
    or "". Where the claim is about what something gains, `effect` names that in a few words.
    """

    name: str
    text: str
    source: str
    comparison: Comparison
    family: str = "all"
    target: str = TARGETS[0]
    stated: str = ""
    effect: str = ""


OPTIONAL = ("family", "target", "stated", "effect")


def read_claims(text: str, variants: Sequence[str], *, name: str) -> list[Claim]:
    """Return the claims of a YAML file of this text and name; `variants` are all that the config defines.

    Raises InputError, with a line for each mistake, if it cannot be used.
    """
    try:
        document = yaml.load(text, Loader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{name} cannot be read ({error}). Correct it and run again.") from error
    problems = list(document_problems(document, variants))
    if problems:
        raise InputError("\n- ".join([f"{name} cannot be used:", *problems]))
    return [
        Claim(
            name,
            entry["text"],
            entry["source"],
            KINDS[key].model_validate(entry[key]),
            **{key: entry[key] for key in OPTIONAL if key in entry},
        )
        for name, entry in document.items()
        for key in KINDS.keys() & entry
    ]


class Loader(yaml.SafeLoader):
    """Reads YAML, and refuses a key that stands twice in a mapping, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return the dictionary of a mapping. Raises ValueError if a key stands there twice."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"{key} stands twice {node.start_mark}".replace("\n", " "))
        return super().construct_mapping(node, deep)


def document_problems(document: object, variants: Sequence[str]) -> Iterator[str]:
    """Yield all that is wrong with the contents of a file, one line each: claim and key, what, what to do."""
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
    """Yield what is wrong with one claim."""
    known = ["text", "source", *OPTIONAL, *KINDS]
    yield from (f"{name}: unknown key {shown(key)}; {suggestion(key, known)}" for key in entry if key not in known)
    for key, choices in (("target", TARGETS), ("stated", STATED)):
        if key in entry and entry[key] not in choices:
            yield f"{name}.{key}: {shown(entry[key])} is not possible; write one of: {', '.join(choices)}."
    for key in ("text", "source", "family", "effect"):
        if key not in entry:
            if key not in OPTIONAL:
                yield f"{name}.{key}: missing; write a line of text."
        elif not isinstance(entry[key], str) or not entry[key].strip():
            yield f"{name}.{key}: {shown(entry[key])} is not a line of text; write one."
    named = [key for key in KINDS if key in entry]
    if len(named) != 1:
        yield f"{name}: {' and '.join(named) or 'no comparison'}; write exactly one of {', '.join(KINDS)}."
        return
    (key,) = named
    if isinstance(entry[key], dict):
        yield from comparison_problems(f"{name}.{key}", entry[key], KINDS[key], variants)
    else:
        required = [name for name, field in KINDS[key].model_fields.items() if field.is_required()]
        yield f"{name}.{key}: not a mapping; write {', '.join(required)} and a bound under it."


def comparison_problems(place: str, entry: dict, kind: type[Comparison], variants: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the comparison of a claim, which stands at `place`."""
    try:
        kind.model_validate({str(key): value for key, value in entry.items()}, context={"variants": variants})
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            yield mistake(place, error, kind, variants)
    given = [name for name in kind.bounds() if entry.get(name) is not None]
    if len(given) != 1:
        yield f"{place}: {' and '.join(given) or 'no margin'}; write exactly one of {', '.join(kind.bounds())}."


def mistake(place: str, error: Any, kind: type[Comparison], variants: Sequence[str]) -> str:
    """Return the line about an error of pydantic."""
    (key, *_), value = error["loc"], shown(error["input"])
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key {shown(key)}; {suggestion(key, kind.model_fields)}"
    field = kind.model_fields[key]
    # Keys that have to be there are names.
    known = get_args(field.annotation) or variants
    if error["type"] == "missing":
        return f"{place}.{key}: missing; write one of: {', '.join(known)}."
    if error["type"] == "same":
        return f"{place}.{key}: {error['msg']}"
    if field.is_required() or get_origin(field.annotation) is Literal:
        return f"{place}.{key}: {value} is not {field.description}; {suggestion(error['input'], known)}"
    if key in kind.bounds() and error["type"] in ("greater_than_equal", "less_than_equal"):
        lowest, highest = (getattr(limit, name) for limit, name in zip(field.metadata, ("ge", "le"), strict=True))
        limits = f"of at least {lowest}" if highest > 1 else f"from {lowest} to {highest}; a point is 0.01"
        return f"{place}.{key}: {value} is out of range; write a number {limits}."
    return f"{place}.{key}: {value} is not {field.description}"


def measure_questions(table: pd.DataFrame, varies_like: Mapping[str, str | None]) -> Measurements | None:
    """Return the share of right answers of each embedding and seed; other sections stand for other questions.

    `table` has the columns embedding, seed, section, questions and right. Vectors that are no variant's, such as
    pretrained ones, are certain. None if no question could be asked, of a vocabulary that has none of the words.
    """
    if table.empty:
        return None
    runs = list(dict.fromkeys(zip(table["embedding"], table["seed"], strict=True)))
    counts = table.pivot_table(index=["embedding", "seed"], columns="section", values=["questions", "right"])
    asked, right = (counts[name].loc[runs].to_numpy(float) for name in ("questions", "right"))
    shares = right.sum(axis=1) / asked.sum(axis=1)
    influences = (right - shares[:, None] * asked) / asked.sum(axis=1, keepdims=True)
    scores = scores_of(shares, influences, [str(i) for i in range(asked.shape[1])])
    alike = {name: varies_like.get(name) for name, _ in runs}
    return Measurements(scores, [(name, "all", seed) for name, seed in runs], alike)


def decide(claims: Sequence[Claim], evidence: Evidence) -> pd.DataFrame:
    """Decide the claims that the evidence covers, in a table with the columns `COLUMNS`; the others are left out.

    `verdict` is that of the claim by itself, `verdict_of_family` that which remains if in 95 of 100 studies no verdict
    in the family is to be wrong (Holm 1979). `seeds_to_decide` is how many seeds of each variant would decide an
    undecided one with a probability of 80 %, "never" if no number would.
    """
    rows = []
    for claim in claims:
        measured = claim.comparison.measure(evidence, other_reviews=claim.target == "other_reviews")
        if measured is not None:
            rows.append(row_of(claim, measured))
    # Whole numbers stay such where one is missing.
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64"})
    for _, family in table[table["p"].notna()].groupby("family"):
        _, adjusted, *_ = multipletests(family["p"], method="holm")
        table.loc[family.index, "p_of_family"] = adjusted
        table.loc[family.index[adjusted > 1 - LEVEL], "verdict_of_family"] = UNDECIDED
    return table


def row_of(claim: Claim, measured: Measured) -> dict[str, Any]:
    """Return the row of a claim, its family's columns as if it had no other."""
    comparison, estimate = claim.comparison, measured.estimate
    bound, margin = BOUNDS[comparison.bound], float(comparison.margin)
    scaled = math.exp if measured.logarithm else float
    # Rounded before the verdict, so that it is that of the figures in the table.
    value, low, high = (round(scaled(each), 6) for each in (estimate.value, *estimate.interval()))
    result, p, needed = TOO_FEW, math.nan, ""
    if estimate.known:
        at = (math.log(margin) if margin > 0 else -math.inf) if measured.logarithm else margin
        p = min(1.0, 2 * min(bound.p_values(estimate, at)))
        result = verdict(low, high, comparison.bound, margin)
        if result == UNDECIDED:
            distance = abs((abs(estimate.value) if comparison.bound == "within" else estimate.value) - at)
            needed = seeds_text(measured.to_decide(distance))
    return {
        **{"claim": claim.name, "family": claim.family, "kind": key_of(comparison), "text": claim.text},
        **{"verdict": result, "verdict_of_family": result, "value": value, "low": low, "high": high},
        **{"bound": comparison.bound, "margin": margin, "target": claim.target, "p": p, "p_of_family": p},
        **{"seeds": measured.seeds, "seeds_to_decide": needed, "stated": claim.stated, "source": claim.source},
        "effect": claim.effect,
        "of_seeds": numbers_text(measured.of_seeds),
    }


def key_of(comparison: Comparison) -> str:
    """Return the key under which a comparison is written."""
    return next(key for key, kind in KINDS.items() if type(comparison) is kind)


def seeds_text(seeds: float) -> str:
    """Return a number of seeds for the table: "" if it is not known, never if it is infinite."""
    return "" if math.isnan(seeds) else "never" if math.isinf(seeds) else str(int(seeds))


def verdict(low: float, high: float, bound: str, margin: float) -> str:
    """Return whether a bound `holds` or `does not hold` in all of an interval, or is `undecided`."""
    kept, missed = BOUNDS[bound].verdict(low, high, margin)
    return HOLDS if kept else FAILS if missed else UNDECIDED
