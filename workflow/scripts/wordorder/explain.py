"""Explain how much each word of a text moved the decision of a model, by leaving it out.

This is occlusion, which works for any model and needs no gradient (Li, Monroe and Jurafsky 2016, "Understanding Neural
Networks through Representation Erasure").
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import NamedTuple

import numpy as np
from scipy.special import logit

from wordorder.io.errors import InputError
from wordorder.io.terminal import printable
from wordorder.probabilities import clipped
from wordorder.report.palette import BLUE, VERMILION

# An effect of this size has the full colour: it moves a logit by as much as from a probability of 0.5 to one of 0.88.
FULL = 2.0
# Random orders of the words.
DRAWS = 20
# Texts that are held in memory, and predicted, at a time; and of those of more than so many words.
BATCH, LONG_BATCH, LONG = 64, 8, 2048
# Words of a text: it is predicted once without each of them, so that time grows with the square of their number.
LONGEST = 10_000


class Explanation(NamedTuple):
    """The prediction for a text, and what each of its words contributes.

    `verdict` is the index of the predicted class, `shown` that of the class which `probability` and the effects are
    for: the second of two, the most probable of more. `shuffled` is the mean probability of that class for the same
    words in a random order. `pieces` are the words of the text with their effects, and the spaces between them with
    None; joined they give the text.
    """

    verdict: int
    shown: int
    probability: float
    shuffled: float
    pieces: list[tuple[str, float | None]]


def words_and_spaces(text: str) -> list[str]:
    """Split a text into words and the spaces around them, which joined give the text again."""
    return [piece for piece in re.split(r"(\s+)", text) if piece]


def check_length(text: str, name: str) -> None:
    """Raise InputError if a text has more words than `explain` is for; `name` is what the message calls it."""
    if (words := len(text.split())) > LONGEST:
        raise InputError(
            f"{name}: {words:,} words, of which each is left out once; {LONGEST:,} are the most. Shorten the text."
        )


def explain(probabilities: Callable[[Sequence[str]], np.ndarray], text: str) -> Explanation:
    """Measure how much each word of a text moved the decision, and whether their order did.

    `probabilities` returns what `TrainedModel.probabilities` does: (texts,), the probability of the second of two
    classes, or (texts, classes). It is given `BATCH` texts at most at a time.

    The effect of a word is the logit of the class with the word minus the logit without it. A word that occurs twice
    has none on a model that only reads whether it occurs: without the one there is still the other.
    """
    pieces = words_and_spaces(text)
    words = [i for i, piece in enumerate(pieces) if not piece.isspace()]
    generator = np.random.default_rng(0)

    def texts() -> Iterator[str]:
        yield text
        for _ in range(DRAWS):
            yield " ".join(pieces[i] for i in generator.permutation(words))
        for i in words:
            yield "".join(pieces[:i] + pieces[i + 1 :])

    remaining, size = texts(), BATCH if len(words) <= LONG else LONG_BATCH
    batches = iter(lambda: list(islice(remaining, size)), [])
    answers = np.concatenate([probabilities(batch) for batch in batches])
    if answers.ndim == 1:
        shown, of_class, verdict = 1, answers, int(answers[0] > 0.5)
    else:
        shown = verdict = int(answers[0].argmax())
        of_class = answers[:, shown]
    logits = logit(clipped(of_class))
    effects = {i: float(logits[0] - each) for i, each in zip(words, logits[1 + DRAWS :], strict=True)}
    with_effects = [(piece, effects.get(i)) for i, piece in enumerate(pieces)]
    return Explanation(verdict, shown, float(of_class[0]), float(of_class[1 : 1 + DRAWS].mean()), with_effects)


def colour(effect: float) -> tuple[tuple[int, int, int], float]:
    """Return the colour of an effect, red, green and blue from 0 to 255, and how strong it is from 0 to 1."""
    red, green, blue = bytes.fromhex((BLUE if effect > 0 else VERMILION)[1:])
    return (red, green, blue), min(abs(effect) / FULL, 1.0)


def explanation_html(pieces: Sequence[tuple[str, float | None]]) -> str:
    """Return the text as HTML, each word on the colour of its effect, with the number as its title."""
    spans = []
    for piece, effect in pieces:
        if effect is None:
            spans.append(escape(piece))
        else:
            (red, green, blue), strength = colour(effect)
            style = f"background: rgba({red}, {green}, {blue}, {0.6 * strength:.2f})"
            spans.append(f'<span style="{style}" title="{effect:+.2f}">{escape(piece)}</span>')
    return "".join(spans)


def explanation_ansi(pieces: Sequence[tuple[str, float | None]]) -> str:
    """Return the text for a terminal with 24-bit colours, each word on the colour of its effect."""
    parts = []
    for piece, effect in pieces:
        shown = printable(piece, newlines=True)
        if effect is None:
            parts.append(shown)
        else:
            rgb, strength = colour(effect)
            # Mixed with white, on which black is readable.
            mixed = ";".join(str(round(255 - 0.6 * strength * (255 - channel))) for channel in rgb)
            parts.append(f"\x1b[38;2;0;0;0;48;2;{mixed}m{shown}\x1b[0m")
    return "".join(parts)
