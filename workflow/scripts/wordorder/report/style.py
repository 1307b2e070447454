"""The style that all figures share."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import numpy as np
from scipy.optimize import isotonic_regression

from wordorder.io.atomic import atomic_write
from wordorder.report.palette import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    GRID,
    INK,
    ORANGE,
    PALETTE,
    PURPLE,
    SKY_BLUE,
    VERMILION,
)

# What is drawn most has the same colour in every figure.
COLOURS = {
    "binary_bigram": BLUE,
    "embedding_masked": VERMILION,
    "glove": GREEN,
    "embedding": ORANGE,
    "binary_unigram": SKY_BLUE,
    "transformer": PURPLE,
    "cbow_pooled": BLACK,
    "one_hot": GREY,
}
# Free, and as wide as Arial: a figure is the same with either.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
FONT_SIZE = 12
WIDTH, HEIGHT = 460, 320


def colours(variants: Sequence[str]) -> dict[str, str]:
    """Return the colour of each variant; those that have none of their own take what is left, in their order."""
    taken = {COLOURS.get(variant) for variant in variants}
    free = [colour for colour in PALETTE if colour not in taken] or PALETTE
    others = [variant for variant in variants if variant not in COLOURS]
    return {variant: COLOURS.get(variant) or free[others.index(variant) % len(free)] for variant in variants}


def colour_scale(variants: Sequence[str]) -> alt.Scale:
    """Return the scale from variants to colours."""
    chosen = colours(variants)
    return alt.Scale(domain=list(chosen), range=list(chosen.values()))


def spread(positions: Sequence[float], gap: float) -> np.ndarray:
    """Return positions moved as little as possible, by least squares, until any two are `gap` apart; for labels."""
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(order))
    moved = np.empty(len(order))
    # With the gaps taken off, all that is asked for is that the order stays.
    moved[order] = isotonic_regression(np.asarray(positions)[order] - steps).x + steps
    return moved


def styled(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """Return a chart with the common fonts, sizes and axes."""
    return (
        chart.configure(font=FONT, background="white", padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            labelColor=INK,
            titleColor=INK,
            gridColor=GRID,
            domainColor=INK,
            tickColor=INK,
        )
        .configure_title(
            fontSize=FONT_SIZE,
            subtitleFontSize=FONT_SIZE,
            fontWeight="normal",
            color=INK,
            subtitleColor=INK,
            anchor="start",
            frame="group",
            offset=12,
        )
        # At the side it would be out of sight in a narrow window.
        .configure_legend(
            orient="top",
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            labelColor=INK,
        )
        .configure_text(fontSize=FONT_SIZE)
    )


def save(chart: alt.TopLevelMixin, html: Path, svg: Path, png: Path, *, description: str) -> None:
    """Write a chart in the common style: as an interactive page, as SVG, and as PNG of twice the size.

    The page holds all that it needs and asks nothing of the network. The description is what screen readers read out.
    """
    chart = styled(chart).properties(description=description)
    actions = {"export": True, "source": False, "compiled": False, "editor": False}
    with atomic_write(html) as part:
        chart.save(part, format="html", inline=True, embed_options={"actions": actions, "renderer": "svg"})
    with atomic_write(svg) as part:
        chart.save(part, format="svg")
    with atomic_write(png) as part:
        chart.save(part, format="png", scale_factor=2)
