"""Pairs of sentences that differ in what word order or a negation tells, or only in their words, with known answers.

In the manner of CheckList (Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList"):
templates, filled in with words that are praise or blame by themselves. Of each pair the first is praise.
"""

import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

PAIRS = 100
# Of each kind, the same number: any two make a sentence.
SUBJECTS = (
    "story",
    "acting",
    "ending",
    "script",
    "dialogue",
    "cast",
    "direction",
    "soundtrack",
    "first half",
    "camera work",
)
PRAISE = (
    "brilliant",
    "wonderful",
    "excellent",
    "superb",
    "moving",
    "great",
    "fantastic",
    "beautiful",
    "perfect",
    "amazing",
)
BLAME = ("terrible", "boring", "awful", "dull", "horrible", "bad", "ridiculous", "poor", "pathetic", "annoying")
PRAISED = ("masterpiece", "gem", "classic", "delight", "treat", "triumph")
BLAMED = ("mess", "disaster", "bore", "failure", "waste of time", "disappointment")


class Pair(NamedTuple):
    """Two sentences of one kind of contrast, the first of which is praise and the second blame."""

    kind: str
    praise: str
    blame: str


def negated_praise() -> Iterator[tuple[str, str]]:
    """Yield praise, and the same negated."""
    for subject, word in product(SUBJECTS, PRAISE):
        yield f"The {subject} is {word}.", f"The {subject} is not {word}."


def negated_blame() -> Iterator[tuple[str, str]]:
    """Yield blame negated, and the blame."""
    for subject, word in product(SUBJECTS, BLAME):
        yield f"The {subject} is not {word}.", f"The {subject} is {word}."


def not_only() -> Iterator[tuple[str, str]]:
    """Yield "not only, but also" of two words of praise, and of two of blame, which the words alone tell apart."""
    for subject, (i, good), (j, bad) in product(SUBJECTS, enumerate(PRAISE), enumerate(BLAME)):
        more = PRAISE[(i + 1) % len(PRAISE)], BLAME[(j + 1) % len(BLAME)]
        yield (
            f"The {subject} is not only {good} but also {more[0]}.",
            f"The {subject} is not only {bad} but also {more[1]}.",
        )


def expected() -> Iterator[tuple[str, str]]:
    """Yield what was feared and turned out well, and the same words the other way round."""
    for good, bad in product(PRAISED, BLAMED):
        for verb, got in (("expected", "got"), ("feared", "found"), ("was promised", "saw")):
            sentence = f"I {verb} a {{}}, but what I {got} was a {{}}."
            yield sentence.format(bad, good), sentence.format(good, bad)


def clauses() -> Iterator[tuple[str, str]]:
    """Yield two clauses, of which that after "but" counts, and the same the other way round."""
    for (i, first), good, bad in product(enumerate(SUBJECTS), PRAISE, BLAME):
        praise, blame = f"the {first} is {good}", f"the {SUBJECTS[(i + 1) % len(SUBJECTS)]} is {bad}"
        yield f"T{blame[1:]}, but {praise}.", f"T{praise[1:]}, but {blame}."


KINDS: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
    "negated praise": negated_praise,
    "negated blame": negated_blame,
    "not only, but also": not_only,
    "expected and found": expected,
    "clauses with but": clauses,
}


def contrast_pairs() -> list[Pair]:
    """Return `PAIRS` pairs of each kind, drawn from all that its templates give: the same for all models."""
    pairs = []
    for kind, made in KINDS.items():
        drawn = random.Random(kind).sample(list(made()), PAIRS)
        pairs += [Pair(kind, *pair) for pair in drawn]
    return pairs
