"""Draw the two benchmark tables as SVG.

python workflow/scripts/plot_benchmarks.py docs/performance
"""

import argparse
from pathlib import Path

import altair as alt
import pandas as pd

from wordorder.io.atomic import atomic_write
from wordorder.report.palette import BLUE, GREEN, GREY, ORANGE, SKY_BLUE, VERMILION

COLOURS = [BLUE, SKY_BLUE, ORANGE, VERMILION, GREEN, GREY]
TITLES = {
    "sequence_length": "tokens in a review",
    "vocabulary": "tokens in the vocabulary",
    "batch_size": "reviews in a batch",
    "units": "LSTM units",
    "reviews": "reviews in the corpus",
}


def speed_chart(table: pd.DataFrame) -> alt.FacetChart:
    """Draw the milliseconds per step, a panel for each variant."""
    order = list(dict.fromkeys(table["implementation"]))
    # Each panel has the implementations that there are of it.
    base = alt.Chart(table.assign(label=table["ms_per_step"].map(lambda ms: f"{ms:,.{int(ms < 10)}f}"))).encode(
        y=alt.Y("implementation:N", sort=order, title=None),
        x=alt.X(
            "ms_per_step:Q", scale=alt.Scale(type="log", domainMin=0.5), title="milliseconds per step (logarithmic)"
        ),
    )
    points = base.mark_circle(size=90, opacity=1).encode(
        color=alt.Color("implementation:N", sort=order, scale=alt.Scale(domain=order, range=COLOURS), legend=None)
    )
    texts = base.mark_text(align="left", dx=9).encode(text="label:N")
    panel = (points + texts).properties(width=420, height=alt.Step(18))
    header = alt.Header(labelAngle=0, labelAlign="left")
    rows = alt.Row("variant:N", sort=list(dict.fromkeys(table["variant"])), title=None, header=header)
    return panel.facet(row=rows).resolve_scale(y="independent")


def scaling_chart(table: pd.DataFrame) -> alt.ConcatChart:
    """Draw the seconds against each size, and the memory against the number of reviews."""
    panels = []
    for axis, part in table.groupby("axis", sort=False):
        columns = [("seconds", f"seconds per {part['per'].iloc[0]}")]
        columns += [("peak_mb", "peak memory, MB")] if axis == "reviews" else []
        for column, title in columns:
            panels.append(
                alt.Chart(part)
                .mark_line(point=True, color=BLUE)
                .encode(
                    x=alt.X("value:Q", title=TITLES[axis], scale=alt.Scale(domainMin=0)),
                    y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(domainMin=0)),
                )
                .properties(width=230, height=170)
            )
    return alt.concat(*panels, columns=3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the tables lie and the pictures go")
    arguments = parser.parse_args()
    for name, chart in (("benchmark", speed_chart), ("scaling", scaling_chart)):
        with atomic_write(arguments.folder / f"{name}.svg") as part:
            chart(pd.read_csv(arguments.folder / f"{name}.csv")).save(part, format="svg")
