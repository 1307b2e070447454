"""How much each word of a text moved the decision of a model, by leaving it out.

Occlusion: it asks any model, and needs no gradient (Li, Monroe and Jurafsky 2016, "Understanding Neural Networks
through Representation Erasure").
"""

import re
from collections.abc import Callable, Sequence
from html import escape

import numpy as np

# A probability of 1 has an infinite logit.
CLIP = 1e-6
# An effect of so much has the full colour: a logit of 2 is a probability of 0.88 instead of 0.5.
FULL = 2.0
# Okabe and Ito's blue and vermilion, which colour-blind readers tell apart: for the class, and against it.
FOR, AGAINST = (0, 114, 178), (213, 94, 0)


def logit(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithm of the odds, of probabilities clipped to 1e-6."""
    clipped = np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP)
    return np.log(clipped) - np.log1p(-clipped)


def words_and_spaces(text: str) -> list[str]:
    """Split a text into words and the spaces around them, which joined give the text again."""
    return [piece for piece in re.split(r"(\s+)", text) if piece]


def explain(
    probabilities: Callable[[Sequence[str]], np.ndarray], text: str
) -> tuple[np.ndarray, int, list[tuple[str, float | None]]]:
    """Find out how much each word of a text moved the decision.

    `probabilities` answers for texts what `TrainedModel.probabilities` does: (texts,) the probability of the second of
    two classes, or (texts, classes).

    Returns the answer for the whole text, the number of the class that the effects are for (the second of two, or the
    most probable of more), and the pieces of the text with their effects: the logit of that class with the word less
    the logit without it, None for spaces. A word that occurs twice has no effect on a model that asks only whether it
    occurs: without the one there is still the other.
    """
    pieces = words_and_spaces(text)
    words = [i for i, piece in enumerate(pieces) if not piece.isspace()]
    without = ["".join(pieces[:i] + pieces[i + 1 :]) for i in words]
    answers = probabilities([text, *without])
    if answers.ndim == 1:
        number, of_class = 1, answers
    else:
        number = int(answers[0].argmax())
        of_class = answers[:, number]
    logits = logit(of_class)
    effects = dict(zip(words, logits[0] - logits[1:], strict=True))
    return answers[0], number, [(piece, float(effects[i]) if i in effects else None) for i, piece in enumerate(pieces)]


def colour(effect: float) -> tuple[tuple[int, int, int], float]:
    """Return the colour of an effect, and how strong it is from 0 to 1."""
    return FOR if effect > 0 else AGAINST, min(abs(effect) / FULL, 1.0)


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
        # What could steer a terminal is taken out.
        shown = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in piece)
        if effect is None:
            parts.append(shown)
        else:
            rgb, strength = colour(effect)
            # Mixed with white, on which black is readable.
            mixed = ";".join(str(round(255 - 0.6 * strength * (255 - channel))) for channel in rgb)
            parts.append(f"\x1b[38;2;0;0;0;48;2;{mixed}m{shown}\x1b[0m")
    return "".join(parts)
