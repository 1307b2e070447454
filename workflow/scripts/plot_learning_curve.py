"""Draw the accuracy against the number of training reviews."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from wordorder.figures import FONT_SIZE, HEIGHT, WIDTH, colour_scale, save, spread
from wordorder.job import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def learning_curve_chart(curve: pd.DataFrame) -> alt.LayerChart:
    """Draw a line for each variant with its 95 % interval as a band, and its name at the end."""
    variants, sizes = list(dict.fromkeys(curve["variant"])), sorted(set(curve["size"]))
    # Whole twentieths around all that is drawn.
    lowest = math.floor(curve["test_accuracy_low"].min() * 20) / 20
    highest = math.ceil(curve["test_accuracy_high"].max() * 20) / 20
    colour = alt.Color("variant:N", scale=colour_scale(variants), legend=None)
    x = alt.X(
        "size:Q",
        title="training reviews (logarithmic)",
        scale=alt.Scale(type="log", domain=[sizes[0], sizes[-1]], nice=False),
        axis=alt.Axis(values=sizes, format=",d", grid=False, labelFlush=False, offset=6),
    )
    y = alt.Y(
        "test_accuracy:Q",
        title=None,
        scale=alt.Scale(domain=[lowest, highest], nice=False, zero=False),
        axis=alt.Axis(format=".2f", domain=False, ticks=False, labelPadding=8),
    )
    base = alt.Chart(curve).encode(x=x, color=colour)
    bands = base.mark_area(opacity=0.12).encode(y="test_accuracy_low:Q", y2="test_accuracy_high:Q")
    lines = base.mark_line(strokeWidth=2, point={"size": 30, "opacity": 1}).encode(y=y)
    ends = curve[curve["size"] == sizes[-1]].copy()
    ends["place"] = spread(ends["test_accuracy"], 1.15 * FONT_SIZE / HEIGHT * (highest - lowest))
    names = alt.Chart(ends).mark_text(align="left", dx=10).encode(x=x, y="place:Q", text="variant:N", color=colour)
    return (bands + lines + names).properties(
        width=WIDTH,
        height=HEIGHT,
        title="Test accuracy, mean over the seeds and 95 % interval",
        description="Test accuracy against the number of training reviews, a line for each variant with its interval.",
    )


def main(curve: Path, svg: Path, png: Path) -> None:
    """Draw the table of the learning curve."""
    save(learning_curve_chart(pd.read_csv(curve)), svg, png)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            curve=Path(snakemake.input.curve),
            svg=Path(snakemake.output.svg),
            png=Path(snakemake.output.png),
        )
