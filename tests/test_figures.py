"""Figures: colours and places of the names by their properties, and what is drawn of the learning curve."""

import re
from contextlib import chdir
from functools import partial
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

import plot_figure
from wordorder.evaluation.learning_curve import CURVE_COLUMNS
from wordorder.report import charts, contents
from wordorder.report.palette import PALETTE
from wordorder.report.style import COLOURS, colours, spread


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory):
    """What is kept of Vega lies in the working directory."""
    with chdir(tmp_path_factory.mktemp("working")):
        yield


def test_colours_are_those_of_the_variant():
    # Catches: a colour that depends on which others are drawn, a colour that is given twice.
    assert colours(["glove", "one_hot"])["glove"] == colours(["mine", "glove"])["glove"] == COLOURS["glove"]
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert set(COLOURS.values()) <= set(PALETTE)
    chosen = colours(["mine", "glove", "another", "one_hot"])
    assert list(chosen) == ["mine", "glove", "another", "one_hot"]
    assert len(set(chosen.values())) == 4
    # The blue that would be the first is taken.
    assert len(set(colours(["mine", "binary_bigram"]).values())) == 2
    # More than there are colours: they repeat.
    assert set(colours([f"v{i}" for i in range(20)]).values()) == set(PALETTE)
    assert len(colours([*COLOURS, "mine"])) == len(COLOURS) + 1


positions = st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=1, max_size=5)


@given(positions, st.integers(1, 20).map(lambda n: n / 100))
def test_names_are_moved_as_little_as_possible(places, gap):
    # Catches: names on top of each other, in another order than the lines, or further from them than need be.
    moved = spread(places, gap)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-9).all()
    wanted = np.array(places)[order]
    best = minimize(
        lambda x: np.sum((x - wanted) ** 2),
        np.arange(len(places)) * gap,
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda x: np.diff(x) - gap} if len(places) > 1 else (),
    )
    assert np.sum((moved[order] - wanted) ** 2) <= best.fun + 1e-6


def curve_of(variants, sizes):
    rows = [
        (
            variant,
            size,
            3,
            0.6 + 0.01 * i + 0.05 * j,
            0.01,
            0.58 + 0.01 * i + 0.05 * j,
            0.62 + 0.01 * i + 0.05 * j,
            0.9,
            0.89,
            0.91,
            "0.6 0.61 0.62",
        )
        for i, variant in enumerate(variants)
        for j, size in enumerate(sizes)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


VARIANTS = ["glove", "embedding_masked", "mine"]
SUMMARY = pd.DataFrame(
    {
        "variant": VARIANTS,
        "test_accuracy": [0.87, 0.88, 0.8801],
        "test_accuracy_low": [0.86, None, 0.87],
        "test_accuracy_high": [0.88, None, 0.89],
        "chapter_accuracy": [None, 0.88, None],
        "training_seconds": [10.0, 200, 3000],
    }
)


def each_variant(**columns):
    """The same rows for each variant."""
    return pd.concat(pd.DataFrame({"variant": variant, **columns}) for variant in VARIANTS)


TABLES = {
    "accuracy": SUMMARY,
    "training_time": SUMMARY,
    "effects": pd.DataFrame(
        {
            "effect": [*VARIANTS, None],
            "text": "It is </script> good.",
            "value": [0.02, -0.0003, 0.01, 0.8],
            "low": [0.01, -0.012, None, 0.79],
            "high": [0.03, 0.018, None, 0.81],
        }
    ),
    "claims": pd.DataFrame(
        {
            "claim": [*VARIANTS, "level"],
            "kind": ["difference", "equivalence", "difference", "accuracy"],
            "text": "It is </script> good.",
            "verdict": ["holds", "undecided", "too few seeds", "does not hold"],
            "value": [0.02, 0.003, 0.01, 0.8],
            "low": [0.01, -0.012, None, 0.79],
            "high": [0.03, 0.018, None, 0.81],
            "bound": ["greater_than", "within", "less_than", "at_least"],
            "margin": [0, 0.01, 0.005, 0.85],
            "seeds": [3, 3, 1, 3],
            "seeds_to_decide": ["", "never", "", ""],
            "of_seeds": ["0.02 0.03 0.01", "0.003", "0.01", None],
        }
    ),
    "learning_curve": curve_of(VARIANTS, [200, 1000, 20000]),
    "accuracy_by_length": each_variant(
        seed=1, quartile=[1, 2], min_tokens=[1, 10], max_tokens=[9, 50], reviews=5, accuracy=[0.8, 0.9]
    ),
    "word_order": each_variant(
        order=["1", "3", "sentence", "kept", "reversed"], accuracy=[0.8, 0.83, 0.86, 0.87, 0.5]
    ).assign(change=-0.01),
    "calibration": each_variant(
        bin_low=[0.5, 0.6], bin_high=[0.6, 0.7], answers=[3, 4], confidence=[0.55, 0.65], accuracy=[0.4, 0.7]
    ),
    "roc": each_variant(false_positive_rate=[0, 0.5, 1], true_positive_rate=[0.1, 0.9, 1]),
    "padding": each_variant(**{"text": "A film", "class": "pos", "padding": [0, 1, 4], "probability": [0.5, 0.6, 0.7]}),
    "word_map": pd.DataFrame(
        {
            "embedding": np.repeat(VARIANTS, 3),
            "word": ["good", "bad", "</script><b>"] * 3,
            "class": ["pos", "neg", "neg"] * 3,
            "x": [0.1, 0.2, 0.2] * 3,
            "y": [1.0, 0.5, 0.5] * 3,
            "explained": 0.5,
        }
    ),
}
# What has to be there to read besides the names of the variants.
WORDS = {
    "accuracy": {"0.870", "0.880"},
    "effects": {"+2.0 (+1.0 to +3.0)", "+0.0 (-1.2 to +1.8)", "+1.0"},
    "claims": {"level", "holds", "undecided", "too few seeds", "does not hold"},
    "learning_curve": {"200", "1,000", "20,000"},
    "accuracy_by_length": {"1 to 9", "10 to 50"},
    "word_order": {"1", "3", "sentence", "all"},
    "word_map": {"good", "bad", "&lt;/script&gt;&lt;b&gt;", "pos", "neg", "50% of the variance"},
    "padding": {"A film", "probability of pos"},
}


def drawn(folder, draw):
    folder.mkdir()
    files = [folder / f"figure.{ending}" for ending in ("html", "svg", "png")]
    draw(*files)
    return [file.read_bytes() for file in files]


def check(html, svg, png, words):
    """The picture has these words and is whole, no axis has a label twice; the page needs nothing else."""
    axes = ElementTree.fromstring(svg).iterfind(".//{*}g[@class='mark-text role-axis-label']")
    labels = [[text.text for text in axis.iterfind(".//{*}text") if text.text] for axis in axes]
    assert len(labels) == svg.count(b"role-axis-label")
    assert all(len(set(axis)) == len(axis) for axis in labels), labels
    svg = svg.decode()
    assert words <= set(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    assert "nan" not in re.sub(r"<text.*?</text>", "", svg).lower()
    assert "href=" not in svg.replace("xmlns:xlink", "")
    assert png.startswith(b"\x89PNG")
    assert not re.findall(rb"<(?:script|link|img)[^>]*(?:src|href)=.?http", html)
    # No text that is drawn ends a script.
    assert html.count(b"<script>") == html.count(b"</script>") == 2


def test_every_entry_of_the_contents_has_a_chart():
    # Catches: a function without an entry, which draws nothing, or an entry without a function.
    functions = {name.removeprefix("draw_") for name in vars(charts) if name.startswith("draw_")}
    assert functions == {entry.name for entry in contents.figures().values()} == {*TABLES, "history"}


@pytest.mark.parametrize("figure", TABLES)
def test_figure_is_drawn(tmp_path, figure):
    # Catches: a variant without a name, values that are not drawn, bytes that differ from time to time, a picture
    # without a description for screen readers.
    TABLES[figure].to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart=figure, caption="What it shows.", runs=None)
    files = drawn(tmp_path / "one", draw)
    check(*files, {*VARIANTS, *WORDS.get(figure, ())})
    assert b'"description": "What it shows."' in files[0]
    assert files == drawn(tmp_path / "two", draw)


def test_figure_of_one_variant(tmp_path):
    # Catches: an axis without length where there is one value, a logarithm of nothing.
    for figure in ("accuracy", "training_time", "learning_curve", "roc", "calibration", "accuracy_by_length"):
        TABLES[figure].query("variant == 'glove'").head(1).to_csv(tmp_path / "table.csv", index=False)
        files = drawn(
            tmp_path / figure,
            partial(plot_figure.main, [tmp_path / "table.csv"], chart=figure, caption="", runs=None),
        )
        check(*files, {"glove"})


@pytest.mark.parametrize("seconds", [[0.0, 0.3, 20.0], [1.2, 1.6, 1.4], [2.0, 2.0, 2.0]])
def test_short_trainings(tmp_path, seconds):
    # Catches: seconds that are rounded to the same label, or to 0 on an axis of logarithms.
    SUMMARY.assign(training_seconds=seconds).to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart="training_time", caption="", runs=None)
    files = drawn(tmp_path / "one", draw)
    check(*files, {*VARIANTS})
    assert ">0</text>" not in files[1].decode()


def test_accuracies_that_are_all_the_same(tmp_path):
    # Catches: an axis from 1 to 1, with all names at the same place; on a made-up corpus all answers may be right.
    SUMMARY.assign(test_accuracy=1.0).to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart="training_time", caption="", runs=None)
    files = drawn(tmp_path / "one", draw)
    check(*files, {*VARIANTS})
    names = re.findall(rf"translate\([\d.]+,([\d.-]+)\)[^>]*>(?:{'|'.join(VARIANTS)})<", files[1].decode())
    assert len(set(names)) == len(names) == len(VARIANTS)


@pytest.mark.parametrize("chart", ["claims", "effects"])
@pytest.mark.parametrize("kept", [[2], []])
def test_figure_of_claims_without_intervals(tmp_path, kept, chart):
    # Catches: a failure where each variant is trained once, where all claims are about times, or none about an effect.
    TABLES[chart].iloc[kept].to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart=chart, caption="", runs=None)
    check(*drawn(tmp_path / "one", draw), {VARIANTS[i] for i in kept})


def test_verdicts_have_their_colours(tmp_path):
    # Catches: a claim that does not hold in the colour of those that do, because no other claim of its panel holds, or
    # no claim of another panel does not.
    TABLES["claims"].to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart="claims", caption="", runs=None)
    svg = drawn(tmp_path / "one", draw)[1].decode()
    values = re.findall(r'verdict: ([a-z ]+);[^>]*aria-roledescription="circle"[^>]* fill="(#\w+)"', svg)
    assert dict(values) == charts.VERDICTS


def test_figure_of_effects_where_no_claim_has_one(tmp_path):
    # Catches: a study that never ends, because its claims are decided and none is of a step that gains something.
    TABLES["effects"].assign(effect=None).to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart="effects", caption="", runs=None)
    check(*drawn(tmp_path / "one", draw), {"What each step gains"})


def test_figures_of_many_classes(tmp_path):
    # Catches: a legend of 50 classes in 8 colours, of which each means six classes.
    classes = [f"class{i}" for i in range(50)]
    places = {"embedding": "a", "word": [f"w{i}" for i in range(50)], "class": classes, "x": 1.0, "y": 0.0}
    pd.DataFrame({**places, "explained": 1.0}).to_csv(tmp_path / "table.csv", index=False)
    draw = partial(plot_figure.main, [tmp_path / "table.csv"], chart="word_map", caption="", runs=None)
    files = drawn(tmp_path / "one", draw)
    check(*files, {"w0", "w49", "100% of the variance"})
    assert b"role-legend" not in files[1]
    # Words at the same height, as by vectors of dimension 1, are moved apart.
    heights = re.findall(r"translate\([\d.-]+,([\d.-]+)\)[^>]*>w\d+<", files[1].decode())
    assert len(heights) == 50
    assert len(set(heights)) > 1


def test_history_is_drawn(tmp_path):
    # Catches: seeds or variants joined to one line, the epoch of lowest validation loss not marked, or that of another
    # training; one that has but one epoch and is not seen.
    tables, runs = [], []
    for variant, seed, losses in (("a", 1, [0.5, 0.4, 0.6]), ("a", 2, [0.3, 0.4, 0.5]), ("b", 1, [0.2])):
        tables.append(tmp_path / f"{variant}{seed}.csv")
        runs.append((variant, "all", seed))
        history = pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": 0.45, "validation_loss": losses})
        history.assign(accuracy=0.7, validation_accuracy=0.7).to_csv(tables[-1], index=False)
    files = drawn(tmp_path / "one", partial(plot_figure.main, tables, chart="history", caption="", runs=runs))
    check(*files, {"training", "validation", "a", "b"})
    svg = files[1].decode()
    circles = re.findall(r'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="point"', svg)
    marked = [re.search(r"epoch: (\d+).*loss: ([\d.]+).*seed: (\d+)", label).groups() for label in circles]
    assert sorted(marked) == [("1", "0.2", "1"), ("1", "0.3", "2"), ("2", "0.4", "1")]
    # Two seeds in training and validation.
    assert svg.count('aria-roledescription="line mark"') == 4 + 2
