"""The style that all figures share."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from wordorder import paths
from wordorder.io.atomic import atomic_write, replacing
from wordorder.io.terminal import printable
from wordorder.report.pages import page
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
# At the sides there is room for names in a font that is wider than that by which they are measured.
PADDING = {"left": 40, "top": 8, "right": 40, "bottom": 8}
# The version that Altair writes for, such as 6.1.
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


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
    # Half a second to import, for one figure of many.
    from scipy.optimize import isotonic_regression

    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(order))
    moved = np.empty(len(order))
    # With the gaps taken off, all that is asked for is that the order stays.
    moved[order] = isotonic_regression(np.asarray(positions)[order] - steps).x + steps
    return moved


def styled(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """Return a chart with the common fonts, sizes and axes."""
    return (
        chart.configure(font=FONT, background="white", padding=PADDING)
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
    specification = seen(styled(chart).properties(description=description).to_dict())
    drawn = vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE)
    options = {
        "mode": "vega-lite",
        "renderer": "svg",
        "actions": {"export": True, "source": False, "compiled": False, "editor": False},
    }
    # Whatever text is drawn, it does not end the script.
    arguments = ", ".join(json.dumps(each).replace("<", r"\u003c") for each in (specification, options))
    body = (
        '<div id="figure"></div>\n'
        f"<script>{vega()}</script>\n"
        f'<script>vegaEmbed("#figure", {arguments}).catch(console.error);</script>'
    )
    with atomic_write(html) as part:
        part.write_text(page(html.stem, body), encoding="utf-8")
    with atomic_write(svg) as part:
        part.write_text(drawn, encoding="utf-8")
    with atomic_write(png) as part:
        part.write_bytes(vl_convert.svg_to_png(drawn, scale=2))


def seen(value: Any) -> Any:
    """Return what is in JSON with escapes in place of characters that cannot be drawn; an SVG must not hold them."""
    if isinstance(value, dict):
        return {name: seen(each) for name, each in value.items()}
    if isinstance(value, list):
        return [seen(each) for each in value]
    return printable(value, newlines=True) if isinstance(value, str) else value


def vega() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script.

    To put them together takes two seconds, for each figure anew; so they are kept.
    """
    kept = paths.CACHE / f"vega-lite-{VEGA_LITE}-by-vl-convert-{version('vl-convert-python')}.js"
    if not kept.exists():
        # Each job that misses it writes one of its own.
        with replacing(kept) as part:
            script = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
            part.write_text(script, encoding="utf-8")
    return kept.read_text(encoding="utf-8")
