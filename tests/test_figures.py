"""Figures: colours and places of the names by their properties, and what is drawn of the learning curve."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

import plot_learning_curve
from wordorder.figures import COLOURS, PALETTE, colours, spread
from wordorder.learning_curve import CURVE_COLUMNS


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
        (variant, size, 3, 0.6 + 0.01 * i + 0.05 * j, 0.01, 0.58 + 0.01 * i + 0.05 * j, 0.62 + 0.01 * i + 0.05 * j)
        for i, variant in enumerate(variants)
        for j, size in enumerate(sizes)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def drawn(folder, table):
    folder.mkdir()
    table.to_csv(folder / "curve.csv", index=False)
    plot_learning_curve.main(folder / "curve.csv", folder / "curve.svg", folder / "curve.png")
    return (folder / "curve.svg").read_text(encoding="utf-8"), (folder / "curve.png").read_bytes()


@pytest.mark.parametrize("sizes", [[200, 1000, 20000], [500]])
def test_learning_curve_is_drawn(tmp_path, sizes):
    # Catches: a variant without a line or a name, sizes that are not on the axis, bytes that differ from time to time.
    svg, png = drawn(tmp_path / "one", curve_of(["glove", "embedding_masked", "mine"], sizes))
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"glove", "embedding_masked", "mine", *(f"{size:,}" for size in sizes)} <= set(texts)
    assert svg.lower().count("nan") == 0
    for colour in colours(["glove", "embedding_masked", "mine"]).values():
        assert f'stroke="{colour}"' in svg
    assert "href=" not in svg.replace("xmlns:xlink", "")
    assert png.startswith(b"\x89PNG")
    assert (svg, png) == drawn(tmp_path / "two", curve_of(["glove", "embedding_masked", "mine"], sizes))
