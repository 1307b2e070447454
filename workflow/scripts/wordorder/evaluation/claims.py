"""Claims about the models: what is claimed, and whether the runs bear it out.

A kind of claim is one class below, with its keys, their limits and how it is measured.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args

import numpy as np
import pandas as pd
import yaml
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from wordorder.evaluation.comparison import TAILS, resample_means
from wordorder.evaluation.learning_curve import run_name
from wordorder.evaluation.predictions import Run
from wordorder.evaluation.timing import IMPLEMENTATIONS, ratio
from wordorder.io.errors import InputError
from wordorder.messages import shown, suggestion
from wordorder.settings import Section

COLUMNS = ["claim", "text", "verdict", "value", "low", "high", "bound", "margin", "seeds", "source"]
# Each bound: whether all of an interval keeps it, and whether all of it misses it.
BOUNDS: dict[str, Callable[[float, float, float], tuple[bool, bool]]] = {
    "at_least": lambda low, high, margin: (low >= margin, high < margin),
    "greater_than": lambda low, high, margin: (low > margin, high <= margin),
    "less_than": lambda low, high, margin: (high < margin, low >= margin),
    "within": lambda low, high, margin: (-margin <= low and high <= margin, low > margin or high < -margin),
}


class Resampled(NamedTuple):
    """How accurate the runs of one name are: mean, resampled means of shape (resamples,), and number of runs."""

    mean: float
    resampled: np.ndarray
    seeds: int


class Evidence(NamedTuple):
    """What claims are decided by: accuracies by `run_name`, and the table of `timing`, None without one."""

    accuracies: Mapping[str, Resampled]
    step_times: pd.DataFrame | None

    def accuracy(self, variant: str, size: int | None) -> Resampled | None:
        """Return that of a variant on `size` training reviews, None for all; None if there are no such runs."""
        return self.accuracies.get(run_name(variant, size or "all"))


class Measured(NamedTuple):
    """A value with its 95 % interval; `seeds` is the number of runs of the variant that has fewer, if it is of runs."""

    value: float
    low: float
    high: float
    seeds: int | None


def defined(variant: str, info: ValidationInfo) -> str:
    """Return the name of a variant. Raises ValueError if the config defines no such variant."""
    if info.context and variant not in info.context["variants"]:
        raise ValueError
    return variant


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

    variant: Variant

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

    def measure(self, evidence: Evidence) -> Measured | None:
        """Return what is measured, None where the evidence does not cover it."""
        raise NotImplementedError


class Pair(Comparison):
    """A comparison of two variants."""

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


@kind("accuracy")
class Accuracy(Comparison):
    """The test accuracy of a variant, with the interval of `resample_means`."""

    size: Size = None
    at_least: float | None = margin(0, 1)
    less_than: float | None = margin(0, 1)

    def measure(self, evidence: Evidence) -> Measured | None:
        """Return the mean over the seeds."""
        accuracy = evidence.accuracy(self.variant, self.size)
        if accuracy is None:
            return None
        low, high = np.quantile(accuracy.resampled, TAILS)
        return Measured(accuracy.mean, low, high, accuracy.seeds)


@kind("difference")
class Difference(Pair):
    """The test accuracy of `variant` minus that of `other`, with the paired interval of `resample_means`."""

    size: Size = None
    greater_than: float | None = margin(-1, 1)
    less_than: float | None = margin(-1, 1)
    within: float | None = margin(0, 1)

    def measure(self, evidence: Evidence) -> Measured | None:
        """Return the difference of the means over the seeds."""
        one, other = (evidence.accuracy(variant, self.size) for variant in (self.variant, self.other))
        if one is None or other is None:
            return None
        low, high = np.quantile(one.resampled - other.resampled, TAILS)
        return Measured(one.mean - other.mean, low, high, min(one.seeds, other.seeds))


@kind("step_time_ratio")
class StepTimeRatio(Pair):
    """How many times as long a training step of `variant` takes as one of `other`; the interval is that of `ratio`."""

    implementation: Literal[tuple(IMPLEMENTATIONS)] = Field(description="possible")  # type: ignore[valid-type]
    greater_than: float | None = margin(0)

    def measure(self, evidence: Evidence) -> Measured | None:
        """Return the ratio."""
        times = evidence.step_times
        if times is None:
            return None
        timed = set(times.loc[times["implementation"] == self.implementation, "variant"])
        if not {self.variant, self.other} <= timed:
            return None
        return Measured(*ratio(times, self.variant, self.other, self.implementation), None)


class Claim(NamedTuple):
    """One claim of the file."""

    name: str
    text: str
    source: str
    comparison: Comparison


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
        Claim(name, entry["text"], entry["source"], KINDS[key].model_validate(entry[key]))
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
    known = ["text", "source", *KINDS]
    yield from (f"{name}: unknown key {shown(key)}; {suggestion(key, known)}" for key in entry if key not in known)
    for key in ("text", "source"):
        if key not in entry:
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
    if field.is_required():
        return f"{place}.{key}: {value} is not {field.description}; {suggestion(error['input'], known)}"
    if key in kind.bounds() and error["type"] in ("greater_than_equal", "less_than_equal"):
        lowest, highest = (getattr(limit, name) for limit, name in zip(field.metadata, ("ge", "le"), strict=True))
        limits = f"of at least {lowest}" if highest > 1 else f"from {lowest} to {highest}; a point is 0.01"
        return f"{place}.{key}: {value} is out of range; write a number {limits}."
    return f"{place}.{key}: {value} is not {field.description}"


def decide(
    claims: Sequence[Claim],
    correct: np.ndarray,
    runs: Sequence[Run],
    step_times: pd.DataFrame | None,
    *,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Decide the claims for which there are runs, in a table with the columns `COLUMNS`; the others are left out.

    `correct` tells which answers are right, of shape (runs, reviews). `step_times` is the table of `timing`, None
    without one.
    """
    names = np.array([run_name(variant, size) for variant, size, _ in runs])
    resampled = resample_means(correct, names.tolist(), resamples=resamples, seed=seed)
    accuracies = {
        name: Resampled(correct[names == name].mean(), draws, int(np.count_nonzero(names == name)))
        for name, draws in resampled.items()
    }
    evidence = Evidence(accuracies, step_times)
    rows = []
    for name, text, source, comparison in claims:
        measured = comparison.measure(evidence)
        if measured is None:
            continue
        # Rounded before the verdict, so that it is that of the figures in the table.
        value, low, high = (round(float(each), 6) for each in measured[:3])
        bound, margin = comparison.bound, float(comparison.margin)
        result = verdict(low, high, bound, margin)
        rows.append((name, text, result, value, low, high, bound, margin, measured.seeds, source))
    # Whole numbers stay such where one is missing.
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64"})


def verdict(low: float, high: float, bound: str, margin: float) -> str:
    """Return whether a bound `holds` or `does not hold` in all of an interval, or is `undecided`."""
    kept, missed = BOUNDS[bound](low, high, margin)
    return "holds" if kept else "does not hold" if missed else "undecided"
