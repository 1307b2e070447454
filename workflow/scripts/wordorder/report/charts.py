"""Draw the figures, each with a function from its table to a chart.

`draw_<name>` draws the figure of that name in `contents.yaml`, from the rows of its tables: those of the tables of runs
have their variant and seed in columns of these names.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from wordorder.evaluation.verdicts import FAILS, HOLDS, TOO_FEW, UNDECIDED
from wordorder.report.palette import BLUE, GREY, INK, LIGHT, PALETTE, VERMILION
from wordorder.report.style import FONT_SIZE, HEIGHT, WIDTH, colour_scale, spread

# The claims of a figure by their kinds, and the colours of the verdicts.
CLAIMED = {
    "Differences (lines: 95 % intervals; ticks: single seeds; shaded: what is claimed)": (
        "difference",
        "equivalence",
        "order",
    ),
    "Levels": ("accuracy", "auc"),
    "Shares of analogies": ("analogies",),
}
VERDICTS = {HOLDS: BLUE, FAILS: VERMILION, UNDECIDED: INK, TOO_FEW: GREY}
# Small pictures side by side, one for each variant.
COLUMNS, SMALL = 4, 150


def limits(values: pd.Series, step: float) -> list[float]:
    """Return the multiples of `step` around all values, a step apart if there is but one."""
    highest = math.ceil(values.max() / step)
    lowest = min(math.floor(values.min() / step), highest - 1)
    return [round(step * lowest, 6), round(step * highest, 6)]


def plain_axis(**options: Any) -> alt.Axis:
    """Return an axis without its line and ticks."""
    return alt.Axis(domain=False, ticks=False, labelPadding=8, **options)


def small_multiples(
    table: pd.DataFrame, x: alt.X, y: alt.Y, *, tooltip: list[Any], below: Sequence[alt.Chart] = ()
) -> alt.ConcatChart:
    """Draw the line of each variant in a picture of its own, above the lines of all others in grey.

    The layers `below` go under those. With a `tooltip` the rows of the table are marked on the line, and each has it.
    """
    base = alt.Chart(table).encode(x=x, y=y)
    others = base.mark_line(color=LIGHT, strokeWidth=0.7).encode(detail="variant:N")
    pictures = []
    for variant in dict.fromkeys(table["variant"]):
        own = base.transform_filter(alt.datum.variant == variant)
        line = own.mark_line(color=BLUE, strokeWidth=1.8)
        layers = [*below, others, line]
        if tooltip:
            layers.append(own.mark_circle(color=BLUE, size=18, opacity=1).encode(tooltip=tooltip))
        picture = alt.layer(*layers)
        pictures.append(picture.properties(width=SMALL, height=SMALL, title=alt.Title(variant, offset=4)))
    return alt.concat(*pictures, columns=COLUMNS)


def draw_accuracy(summary: pd.DataFrame) -> alt.LayerChart:
    """Draw the test accuracy of each variant with its interval over the seeds, and the chapter's figure."""
    accuracies = ["test_accuracy", "test_accuracy_low", "test_accuracy_high", "chapter_accuracy"]
    values = pd.concat(summary[column] for column in accuracies)
    # A page holds all that its chart is given, and these are the columns that a second run gives again.
    summary = summary[["variant", *accuracies]]
    order = list(summary.sort_values("test_accuracy", ascending=False)["variant"])
    x = alt.X(
        "test_accuracy:Q",
        title="test accuracy",
        scale=alt.Scale(domain=limits(values, 0.02), nice=False, zero=False),
        axis=alt.Axis(tickCount=5),
    )
    base = alt.Chart(summary).encode(y=alt.Y("variant:N", sort=order, title=None, axis=plain_axis()))
    tooltip = [alt.Tooltip("variant:N"), *(alt.Tooltip(f"{column}:Q", format=".4f") for column in accuracies)]
    intervals = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.5).encode(
        x="test_accuracy_low:Q", x2="test_accuracy_high:Q"
    )
    means = base.mark_circle(color=BLUE, size=70, opacity=1).encode(x=x, tooltip=tooltip)
    chapter = base.mark_point(shape="diamond", color=VERMILION, size=60, strokeWidth=1.5).encode(x="chapter_accuracy:Q")
    numbers = base.mark_text(align="left", dx=12, color=INK).encode(
        x=alt.value(WIDTH), text=alt.Text("test_accuracy:Q", format=".3f")
    )
    return (intervals + chapter + means + numbers).properties(
        width=WIDTH,
        height=alt.Step(24),
        title=alt.Title(
            "Test accuracy: mean over the seeds and 95 % interval", subtitle="Diamonds: the figures of the chapter"
        ),
    )


def draw_effects(claims: pd.DataFrame) -> alt.LayerChart:
    """Draw what each thing gains for which a claim has a name, in points, with the interval."""
    effects = claims[claims["effect"].notna()][["effect", "text", "value", "low", "high"]].copy()
    effects[["value", "low", "high"]] *= 100
    known = effects["low"].notna()
    # Without a minus before 0.0. Of no effects, `map` would make numbers.
    rounded = (effects[["value", "low", "high"]].round(1) + 0.0).map("{:+.1f}".format).astype(str)
    with_interval = rounded["value"] + " (" + rounded["low"] + " to " + rounded["high"] + ")"
    effects["shown"] = rounded["value"].where(~known, with_interval)
    effects["apart"] = (effects["low"] > 0) | (effects["high"] < 0)
    domain = limits(pd.concat([effects[name] for name in ("value", "low", "high")] + [pd.Series([0.0])]), 1)
    base = alt.Chart(effects).encode(
        y=alt.Y("effect:N", sort=list(effects["effect"]), title=None, axis=plain_axis(labelLimit=320)),
        color=alt.Color("apart:N", scale=alt.Scale(domain=[True, False], range=[BLUE, GREY]), legend=None),
    )
    x = alt.X(
        "value:Q",
        title="points of accuracy",
        scale=alt.Scale(domain=domain, nice=False, zero=False),
        axis=alt.Axis(
            values=list(range(round(domain[0]), round(domain[1]) + 1)),
            labelExpr="datum.value ? format(datum.value, '+d') : '0'",
        ),
    )
    zero = alt.Chart(effects.head(1)).mark_rule(color=INK).encode(x=alt.datum(0))
    intervals = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    tooltip = [alt.Tooltip("text:N"), *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("value", "low", "high"))]
    means = base.mark_circle(size=70, opacity=1).encode(x=x, tooltip=tooltip)
    numbers = base.mark_text(align="left", dx=12).encode(x=alt.value(WIDTH), text="shown:N", color=alt.value(INK))
    return (zero + intervals + means + numbers).properties(
        width=WIDTH,
        height=alt.Step(24),
        title=alt.Title(
            "What each step gains", subtitle="Means over the seeds and 95 % intervals; grey: may be nothing"
        ),
    )


def draw_claims(claims: pd.DataFrame) -> alt.VConcatChart:
    """Draw what was measured for each claim about what models score, with interval, margin and the value of each seed.

    Differences stand above levels; ratios of times are left out.
    """
    shown = claims[claims["kind"].isin([kind for kinds in CLAIMED.values() for kind in kinds])]
    # Of all panels, because they share the scale: Vega-Lite joins their domains, but takes the colours of one.
    verdicts = [name for name in VERDICTS if name in set(shown["verdict"])]
    colours = alt.Scale(domain=verdicts, range=[VERDICTS[name] for name in verdicts])
    panels = []
    for title, kinds in CLAIMED.items():
        part = shown[shown["kind"].isin(kinds)].copy()
        if not part.empty:
            panels.append(claims_panel(part, colours).properties(title=alt.Title(title, anchor="start")))
    return alt.vconcat(*panels or [alt.Chart(claims.head(0)).mark_point()])


def claims_panel(claims: pd.DataFrame, colours: alt.Scale) -> alt.LayerChart:
    """Draw claims of some kinds, one below the other, in the colours of their verdicts."""
    seeds = claims.assign(each=claims["of_seeds"].astype(object).fillna("").astype(str).str.split()).explode("each")
    seeds = seeds.assign(each=pd.to_numeric(seeds["each"]))[["claim", "each"]].dropna()
    within = claims["bound"] == "within"
    known = pd.concat([claims[column] for column in ("value", "low", "high", "margin")] + [seeds["each"]]).dropna()
    lowest, highest = limits(pd.concat([known, -claims.loc[within, "margin"]]), 0.01)
    upward = claims["bound"].isin(["at_least", "greater_than"])
    band = claims.assign(
        start=np.where(within, -claims["margin"], np.where(upward, claims["margin"], lowest)),
        end=np.where(upward, highest, claims["margin"]),
    )
    x = alt.X("value:Q", title=None, scale=alt.Scale(domain=[lowest, highest], nice=False, zero=False))
    y = alt.Y("claim:N", sort=list(claims["claim"]), title=None, axis=plain_axis(labelLimit=260))
    colour = alt.Color("verdict:N", title=None, scale=colours)
    shown = ["claim", "text", "verdict", "value", "low", "high", "margin", "seeds", "seeds_to_decide"]
    base = alt.Chart(claims[shown]).encode(y=y)
    claimed = alt.Chart(band[["claim", "start", "end"]]).mark_bar(color=LIGHT, opacity=0.45)
    numbers = [alt.Tooltip(f"{name}:Q", format=".4f") for name in ("value", "low", "high", "margin")]
    words = [alt.Tooltip(f"{name}:N") for name in ("text", "verdict", "seeds", "seeds_to_decide")]
    claimed = claimed.encode(y=y, x="start:Q", x2="end:Q")
    intervals = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=colour)
    ticks = alt.Chart(seeds).mark_tick(color=INK, opacity=0.45, height=9).encode(y=y, x="each:Q")
    values = base.mark_circle(size=70, opacity=1).encode(x=x, color=colour, tooltip=[*words, *numbers])
    return (claimed + intervals + ticks + values).properties(width=WIDTH, height=alt.Step(22))


def draw_learning_curve(curve: pd.DataFrame) -> alt.LayerChart:
    """Draw the accuracy against the number of training reviews: lines with their intervals and names."""
    variants, sizes = list(dict.fromkeys(curve["variant"])), sorted(set(curve["size"]))
    each = curve.assign(each=curve["of_seeds"].astype(str).str.split()).explode("each")
    each = each.assign(each=pd.to_numeric(each["each"]))[["variant", "size", "each"]]
    ends = [curve["test_accuracy_low"], curve["test_accuracy_high"], each["each"]]
    lowest, highest = limits(pd.concat(ends).dropna(), 0.05)
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
        axis=plain_axis(),
    )
    base = alt.Chart(curve).encode(x=x, color=colour)
    bands = base.mark_area(opacity=0.12).encode(y="test_accuracy_low:Q", y2="test_accuracy_high:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=y)
    points = base.mark_circle(size=40, opacity=1).encode(
        y=y,
        tooltip=[
            alt.Tooltip("variant:N"),
            alt.Tooltip("size:Q", format=",d"),
            *(alt.Tooltip(f"test_accuracy{end}:Q", format=".4f") for end in ("", "_low", "_high")),
        ],
    )
    seeds = alt.Chart(each).mark_circle(size=12, opacity=0.6).encode(x=x, y="each:Q", color=colour)
    named = curve[curve["size"] == sizes[-1]].copy()
    named["place"] = spread(named["test_accuracy"], 1.15 * FONT_SIZE / HEIGHT * (highest - lowest))
    names = alt.Chart(named).mark_text(align="left", dx=10).encode(x=x, y="place:Q", text="variant:N", color=colour)
    return (bands + lines + seeds + points + names).properties(
        width=WIDTH,
        height=HEIGHT,
        title="Test accuracy: each seed, mean and 95 % interval",
    )


def draw_training_time(summary: pd.DataFrame) -> alt.LayerChart:
    """Draw the test accuracy against the time of a training."""
    # Ensembles are not trained.
    table = summary[["variant", "test_accuracy", "training_seconds"]].dropna().copy()
    lowest, highest = limits(table["test_accuracy"], 0.01)
    table["place"] = spread(table["test_accuracy"], 1.15 * FONT_SIZE / HEIGHT * (highest - lowest))
    # The shortest, rounded to 0, have a logarithm, too.
    seconds = table["training_seconds"] = table["training_seconds"].clip(lower=0.1)
    x = alt.X(
        "training_seconds:Q",
        title="seconds per training, median over the seeds (logarithmic)",
        scale=alt.Scale(type="log", domain=[seconds.min() / 1.5, seconds.max() * 1.5], nice=False),
        axis=alt.Axis(format=",~r", grid=False, tickCount=6),
    )
    y = alt.Y(
        "test_accuracy:Q",
        title=None,
        scale=alt.Scale(domain=[lowest, highest], nice=False, zero=False),
        axis=plain_axis(),
    )
    base = alt.Chart(table).encode(x=x)
    points = base.mark_circle(color=BLUE, size=70, opacity=1).encode(
        y=y,
        tooltip=[
            alt.Tooltip("variant:N"),
            alt.Tooltip("test_accuracy:Q", format=".4f"),
            alt.Tooltip("training_seconds:Q", format=",~r"),
        ],
    )
    # Where a name had to move, a line leads to it.
    end = alt.value(WIDTH + 20)
    leaders = base.mark_rule(color=LIGHT, strokeWidth=0.7).encode(y=y, y2="place:Q", x2=end)
    names = base.mark_text(align="left", dx=4, color=INK).encode(x=end, y="place:Q", text="variant:N")
    return (leaders + points + names).properties(
        width=WIDTH,
        height=HEIGHT,
        title="Test accuracy against training time",
    )


def draw_history(history: pd.DataFrame) -> alt.ConcatChart:
    """Draw the losses of each epoch, a picture for each variant with a line for each seed, and which epochs were kept.

    `history` has the columns variant, seed, epoch, loss and validation_loss.
    """
    columns = ["variant", "seed", "epoch"]
    splits = {"training": "loss", "validation": "validation_loss"}
    lines = pd.concat(
        history[columns].assign(split=split, value=history[column]).round(4) for split, column in splits.items()
    )
    best = history.loc[history.groupby(["variant", "seed"])["validation_loss"].idxmin()]
    kept = best[columns].assign(split="validation", value=best["validation_loss"]).round(4)
    colour = alt.Color("split:N", title=None, scale=alt.Scale(domain=list(splits), range=[BLUE, VERMILION]))
    x = alt.X("epoch:Q", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1, tickCount=5, grid=False))
    y = alt.Y("value:Q", title="loss", scale=alt.Scale(zero=False), axis=plain_axis(tickCount=4))
    tooltip = [*(alt.Tooltip(name) for name in ("split:N", "seed:N", "epoch:Q")), alt.Tooltip("value:Q", title="loss")]
    pictures = []
    for variant in dict.fromkeys(history["variant"]):
        own, marked = (alt.Chart(part[part["variant"] == variant]) for part in (lines, kept))
        base = own.encode(x=x, y=y, color=colour, detail="seed:N", tooltip=tooltip)
        # A training of one epoch has no line.
        drawn = base.mark_line(strokeWidth=1, opacity=0.6) + base.mark_circle(size=8, opacity=0.6)
        mark = marked.mark_point(size=50).encode(x=x, y=y, color=colour, tooltip=tooltip)
        pictures.append((drawn + mark).properties(width=SMALL, height=SMALL, title=alt.Title(variant, offset=4)))
    return alt.concat(*pictures, columns=COLUMNS).properties(
        title="Loss by epoch (circles: the weights that were kept)"
    )


def draw_calibration(calibration: pd.DataFrame) -> alt.ConcatChart:
    """Draw how often the answers are right against how sure the model is, a picture for each variant."""
    lowest = min(calibration["bin_low"].min(), limits(calibration["accuracy"], 0.1)[0])
    scale = alt.Scale(domain=[lowest, 1], nice=False, zero=False)
    x = alt.X("confidence:Q", scale=scale, title="confidence", axis=alt.Axis(tickCount=4, grid=False))
    y = alt.Y("accuracy:Q", scale=scale, title="accuracy", axis=plain_axis(tickCount=4))
    perfect = alt.Chart(pd.DataFrame({"confidence": [lowest, 1], "accuracy": [lowest, 1]})).encode(x=x, y=y)
    tooltip = [
        alt.Tooltip("answers:Q", format=",d"),
        *(alt.Tooltip(f"{column}:Q", format=".3f") for column in ("confidence", "accuracy")),
    ]
    return small_multiples(
        calibration, x, y, tooltip=tooltip, below=[perfect.mark_line(color=INK, strokeDash=[3, 3], strokeWidth=1)]
    ).properties(title="How often answers are right, by how sure the model is (grey: other variants)")


def draw_roc(roc: pd.DataFrame) -> alt.ConcatChart:
    """Draw the ROC curves, a picture for each variant."""
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X(
        "false_positive_rate:Q",
        scale=scale,
        title="false positives",
        axis=alt.Axis(tickCount=3, grid=False),
    )
    y = alt.Y("true_positive_rate:Q", scale=scale, title="true positives", axis=plain_axis(tickCount=3))
    # Points enough to be a line: marks on them would cover it.
    return small_multiples(roc, x, y, tooltip=[]).properties(
        title="Share of positive reviews found, by share of negative ones taken for positive (grey: other variants)"
    )


def accuracy_by(
    table: pd.DataFrame, column: str, order: list[str], title: str, more: Sequence[str] = ()
) -> alt.ConcatChart:
    """Draw the accuracy against the values of a column in their order, a picture for each variant.

    The tooltips have the columns `more`, too.
    """
    x = alt.X(f"{column}:O", sort=order, title=title, axis=alt.Axis(labelAngle=-30, domain=False))
    y = alt.Y(
        "accuracy:Q",
        title="test accuracy",
        scale=alt.Scale(domain=limits(table["accuracy"], 0.02), nice=False, zero=False),
        axis=plain_axis(tickCount=5),
    )
    tooltip = [f"{column}:N", *(alt.Tooltip(f"{each}:Q", format=".4f") for each in ("accuracy", *more))]
    return small_multiples(table, x, y, tooltip=tooltip)


def draw_accuracy_by_length(accuracies: pd.DataFrame) -> alt.ConcatChart:
    """Draw the accuracy of each quarter of the reviews by length, mean over the seeds, a picture for each variant."""
    quarters = accuracies.drop_duplicates("quartile").sort_values("quartile")
    order = [f"{row.min_tokens} to {row.max_tokens}" for row in quarters.itertuples()]
    names = dict(zip(quarters["quartile"], order, strict=True))
    table = accuracies.groupby(["variant", "quartile"], sort=False)["accuracy"].mean().reset_index()
    table["tokens"] = table["quartile"].map(names)
    return accuracy_by(table, "tokens", order, "tokens in the review").properties(
        title="Test accuracy by length of the review, in quarters (grey: other variants)"
    )


def draw_word_order(accuracies: pd.DataFrame) -> alt.ConcatChart:
    """Draw the accuracy against how many words in a row stay together, a picture for each variant."""
    accuracies = accuracies.assign(order=accuracies["order"].replace("kept", "all"))
    order = [name for name in dict.fromkeys(accuracies["order"]) if name.isdigit() or name in ("sentence", "all")]
    table = accuracies[accuracies["order"].isin(order)][["variant", "order", "accuracy", "change"]]
    return accuracy_by(table, "order", order, "words that stay together", ["change"]).properties(
        title="Test accuracy by how many words in a row stay together (grey: other variants)"
    )


def draw_word_map(places: pd.DataFrame) -> alt.ConcatChart:
    """Draw words where the two first principal components of their vectors put them, coloured by the class they tell.

    `places` is what `word_vectors.word_map` gave. With more classes than colours, the tooltip alone gives the class.
    """
    classes = list(dict.fromkeys(places["class"]))
    colour: Any = alt.value(INK)
    if len(classes) <= len(PALETTE):
        colour = alt.Color(
            "class:N",
            title="more often in",
            # The last class is blue, as good as any other and what readers of reviews expect of the positive ones.
            scale=alt.Scale(domain=classes[::-1], range=PALETTE[: len(classes)]),
            legend=alt.Legend(symbolType="circle", symbolOpacity=1),
        )
    pictures = []
    for embedding, words in places.groupby("embedding", sort=False):
        # The words of a class lie close together where the vectors tell little but the class: some have to move. With
        # vectors of dimension 1 all are at the same height, at one of two places.
        height = np.ptp(words["y"])
        close = words.groupby("class" if height else "x", sort=False)["y"]
        words = words.assign(y=close.transform(spread, 12 / HEIGHT * (height or 1)))
        base = alt.Chart(words).encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(padding=30)),
            y=alt.Y("y:Q", axis=None),
            color=colour,
            tooltip=["word:N", "class:N"],
        )
        share = words["explained"].iloc[0]
        title = alt.Title(embedding, subtitle=f"{share:.0%} of the variance", offset=4)
        picture = base.mark_text(fontSize=10).encode(text="word:N")
        pictures.append(picture.properties(width=WIDTH, height=HEIGHT, title=title))
    return alt.concat(*pictures, columns=2)


def draw_padding(padding: pd.DataFrame) -> alt.ConcatChart:
    """Draw what padding does to short reviews, with and without a mask.

    `padding` has the columns text, class, variant, padding (number of tokens) and probability (of the class).
    """
    variants = list(dict.fromkeys(padding["variant"]))
    pictures = []
    for (text, label), part in padding.groupby(["text", "class"], sort=False):
        base = alt.Chart(part).encode(
            x=alt.X(
                "padding:Q",
                title="padding tokens after it",
                scale=alt.Scale(type="symlog", constant=1),
                axis=alt.Axis(grid=False, values=[0, 1, 4, 16, 64, 256, 1024]),
            ),
            y=alt.Y(
                "probability:Q",
                title=f"probability of {label}",
                scale=alt.Scale(domain=[0, 1]),
                axis=plain_axis(tickCount=5),
            ),
            color=alt.Color("variant:N", title=None, scale=colour_scale(variants)),
            tooltip=["variant:N", "padding:Q", alt.Tooltip("probability:Q", format=".3f")],
        )
        picture = base.mark_line(strokeWidth=2) + base.mark_circle(size=20, opacity=1)
        title = alt.Title(textwrap.wrap(text, 45), offset=4)
        pictures.append(picture.properties(width=WIDTH * 0.55, height=HEIGHT * 0.6, title=title))
    return alt.concat(*pictures, columns=3)
