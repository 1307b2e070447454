"""Claims: what the file may say, and the verdicts against the comparison of variants and by hand."""

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_runs import answers, step_times, write_answers

import decide_claims
from wordorder.evaluation.claims import BOUNDS, KINDS, Claim, decide, document_problems, read_claims, verdict
from wordorder.evaluation.comparison import compare
from wordorder.evaluation.learning_curve import tabulate
from wordorder.evaluation.timing import ratio
from wordorder.io.errors import InputError

CLAIMS = Path(__file__).parents[1] / "config/claims.yaml"
OPTIONS = {"resamples": 300, "seed": 1}
GOOD = """\
level:
  text: The first is good.
  source: ours
  accuracy: {variant: a, at_least: 0.7}
gap:
  text: The first is better.
  source: ours
  difference: {variant: a, other: b, greater_than: 0.01}
"""


def claim(kind, variants, bound, margin, **keys):
    named = dict(zip(("variant", "other"), variants, strict=False))
    return Claim("name", "text", "source", KINDS[kind].model_validate({**named, **keys, bound: margin}))


def runs_of(variants, seeds, size="all"):
    return [(variant, size, seed) for variant in variants for seed in seeds]


ends = st.integers(-10, 10).map(lambda n: n / 10)


@given(st.tuples(ends, ends).map(sorted), st.sampled_from(["at_least", "greater_than", "less_than", "within"]), ends)
def test_verdict_is_that_of_every_value_in_the_interval(interval, bound, margin):
    # Catches: an end that is compared the wrong way round, an interval across the margin that decides.
    margin = abs(margin) if bound == "within" else margin
    keeps = {
        "at_least": lambda value: value >= margin,
        "greater_than": lambda value: value > margin,
        "less_than": lambda value: value < margin,
        "within": lambda value: -margin <= value <= margin,
    }[bound]
    # In steps of a twentieth, so that there is a value between any two ends.
    values = np.arange(round(interval[0] * 20), round(interval[1] * 20) + 1) / 20
    kept = {keeps(value) for value in values}
    assert verdict(*interval, bound, margin) == (
        "undecided" if len(kept) == 2 else "holds" if kept.pop() else "does not hold"
    )


def test_difference_is_that_of_the_comparison():
    # Catches: another interval than that of comparisons.csv, other runs in the file that change it, a sign.
    correct = answers(3, 4, 300)
    runs = runs_of("abc", [1, 2, 3, 4])
    compared = compare(correct.reshape(12, 300), runs, **OPTIONS)
    expected = compared.set_index(["variant", "other"]).loc["a", "c"]
    table = decide([claim("difference", ("a", "c"), "within", 0.5)], correct.reshape(12, 300), runs, None, **OPTIONS)
    row = table.iloc[0]
    assert (row["value"], row["low"], row["high"]) == tuple(expected.iloc[:3])
    assert (row["seeds"], row["verdict"]) == (4, "holds")
    turned = decide([claim("difference", ("c", "a"), "within", 0.5)], correct.reshape(12, 300), runs, None, **OPTIONS)
    assert turned["value"].iloc[0] == -row["value"]


def test_accuracy_is_that_of_the_curve():
    # Catches: runs of another size, an interval of the seeds or the reviews alone.
    correct = answers(2, 3, 300).reshape(6, 300)
    runs = runs_of("a", [1, 2, 3], 100) + runs_of("a", [1, 2, 3], 200)
    curve, _ = tabulate(correct, runs, **OPTIONS)
    table = decide([claim("accuracy", ("a",), "at_least", 0.1, size=200)], correct, runs, None, **OPTIONS)
    expected = curve.set_index("size").loc[200, ["test_accuracy", "test_accuracy_low", "test_accuracy_high"]]
    assert tuple(table.loc[0, ["value", "low", "high"]]) == tuple(expected)


def test_verdicts_of_runs():
    # Catches: a verdict from the value alone. With 100 reviews an accuracy of 0.8 is known to about 0.08.
    correct = np.arange(100) < np.array([[80], [75]])
    claims = [
        claim("accuracy", ("a",), "at_least", 0.6),
        claim("accuracy", ("a",), "at_least", 0.79),
        claim("accuracy", ("a",), "at_least", 0.95),
        claim("difference", ("a", "b"), "greater_than", 0),
        claim("difference", ("a", "b"), "greater_than", 0.05),
        claim("difference", ("b", "a"), "greater_than", 0),
        claim("difference", ("a", "b"), "within", 0.2),
    ]
    table = decide(claims, correct, runs_of("ab", [1]), None, **OPTIONS)
    assert table["verdict"].tolist() == [
        "holds",
        "undecided",
        "does not hold",
        "holds",
        "undecided",
        "does not hold",
        "holds",
    ]
    assert set(table["seeds"]) == {1}


def test_claims_without_runs_are_left_out():
    # Catches: a row without figures, runs on all reviews taken for those on some, one of two variants that is enough.
    correct = answers(2, 1, 50).reshape(2, 50)
    times = step_times([3, 3], [1, 1])
    claims = [
        claim("accuracy", ("c",), "at_least", 0.5),
        claim("accuracy", ("a",), "at_least", 0.5, size=100),
        claim("difference", ("a", "c"), "within", 0.5),
        claim("step_time_ratio", ("a", "b"), "greater_than", 2, implementation="ours"),
        claim("step_time_ratio", ("a", "c"), "greater_than", 2, implementation="plain"),
    ]
    assert decide(claims, correct, runs_of("ab", [1]), times, **OPTIONS).empty
    assert decide(claims[3:], correct, runs_of("ab", [1]), None, **OPTIONS).empty


def test_ratio_of_step_times():
    # Catches: the ratio of the other implementation, or upside down.
    times = pd.concat([step_times([3, 3.3, 2.9], [1, 1.1, 1]), step_times([1, 1.1, 1], [1, 1, 1.1], "ours")])
    correct = answers(1, 1, 50).reshape(1, 50)
    claims = [
        claim("step_time_ratio", ("a", "b"), "greater_than", 2, implementation=name) for name in ("plain", "ours")
    ]
    table = decide(claims, correct, runs_of("x", [1]), times, **OPTIONS)
    assert table["verdict"].tolist() == ["holds", "does not hold"]
    assert tuple(table.loc[0, ["value", "low", "high"]]) == pytest.approx(ratio(times, "a", "b", "plain"), abs=1e-6)
    assert table["seeds"].isna().all()


def test_claims_of_the_repository_can_be_read():
    # Catches: a claim that is not written as it has to be, one text for two.
    text = CLAIMS.read_text(encoding="utf-8")
    entries = yaml.safe_load(text)
    named = {
        comparison[key]
        for entry in entries.values()
        for comparison in entry.values()
        if isinstance(comparison, dict)
        for key in ("variant", "other")
        if key in comparison
    }
    claims = read_claims(text, sorted(named), name=CLAIMS.name)
    assert len({claim.text for claim in claims}) == len(claims) == len(entries)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variant: a, at_least", "variant: aa, at_least", r'level\.accuracy\.variant: "aa" is not defined .*mean a\?'),
        ("variant: a, other", "variant: zz, other", r'gap\.difference\.variant: "zz" .*one of: a, b\.'),
        ("other: b", "other: a", r"gap\.difference\.other: the same as variant"),
        (", other: b", "", r"gap\.difference\.other: missing"),
        ("at_least: 0.7", "at_lest: 0.7", r'level\.accuracy: unknown key "at_lest"; did you mean at_least\?'),
        (", at_least: 0.7", "", r"level\.accuracy: no margin; write exactly one of at_least, less_than"),
        ("at_least: 0.7", "at_least: 0.7, less_than: 0.8", r"level\.accuracy: at_least and less_than; write exactly"),
        ("at_least: 0.7", "within: 0.7", r'level\.accuracy: unknown key "within"'),
        ("at_least: 0.7", "at_least: 70", r"level\.accuracy\.at_least: 70 is out of range; .*from 0 to 1"),
        ("at_least: 0.7", "at_least: 7e-1", r'level\.accuracy\.at_least: "7e-1" is not a number'),
        ("at_least: 0.7", "at_least: true", r"level\.accuracy\.at_least: true is not a number"),
        ("at_least: 0.7", "at_least: .nan", r"level\.accuracy\.at_least: NaN is not a number"),
        ("at_least: 0.7", "at_least: .inf", r"level\.accuracy\.at_least: Infinity is not a number"),
        ("at_least: 0.7", "at_least: 1" + "0" * 400, r"level\.accuracy\.at_least: 1000.* is not a number"),
        ("greater_than: 0.01", "within: -0.01", r"gap\.difference\.within: -0\.01 is out of range; .*from 0 to 1"),
        ("at_least: 0.7", "at_least: 0.7, size: 1.5", r"level\.accuracy\.size: 1\.5 is not a number of training"),
        ("at_least: 0.7", "at_least: 0.7, size: all", r'level\.accuracy\.size: "all" is not a number of training'),
        ("at_least: 0.7", "at_least: 0.7, size: 0", r"level\.accuracy\.size: 0 is not"),
        ("{variant: a, at_least: 0.7}", "0.7", r"level\.accuracy: not a mapping"),
        ("accuracy:", "acuracy:", r'level: unknown key "acuracy"; did you mean accuracy\?'),
        ("accuracy:", "step_time_ratio:", r"level\.step_time_ratio\.other: missing"),
        ("  difference:", "  accuracy: {}\n  difference:", r"gap: accuracy and difference; write exactly one"),
        ("  source: ours\n  acc", "  acc", r"level\.source: missing"),
        ("text: The first is better.", "text: ''", r'gap\.text: "" is not a line of text'),
        ("gap:", "level:", r"level stands twice .*line"),
        ("other: b", "variant: b", r"variant stands twice"),
        ("gap:", "7:", "7: not a name"),
        ("gap:\n  text", "gap: 1\nother:\n  text", r"gap: not a mapping"),
        ("level:", "level: [", r"cannot be read \(while parsing"),
        (GOOD, "", "holds no claims"),
        (GOOD, "- a", "holds no claims"),
        (GOOD, "\0", "cannot be read"),
    ],
)
def test_mistakes_are_named(old, new, message):
    # Catches: a claim that is decided otherwise than its author meant, or left out without a word.
    assert [claim.name for claim in read_claims(GOOD, ["a", "b"], name="mine.yaml")] == ["level", "gap"]
    assert old in GOOD
    with pytest.raises(InputError, match=rf"(?s)^mine\.yaml .*{message}"):
        read_claims(GOOD.replace(old, new, 1), ["a", "b"], name="mine.yaml")


def test_mistakes_in_step_time_ratios_are_named():
    # Catches: an implementation that does not exist and would leave the claim out.
    text = "fast:\n  text: It is fast.\n  source: ours\n  step_time_ratio: "
    text += "{variant: a, other: b, implementation: plane, greater_than: 2}"
    with pytest.raises(InputError, match=r'fast\.step_time_ratio\.implementation: "plane" is not possible; .*plain\?'):
        read_claims(text, ["a", "b"], name="mine.yaml")


def test_all_mistakes_are_named_at_once():
    # Catches: mistakes that come to light one run after the other.
    with pytest.raises(InputError) as raised:
        read_claims(GOOD.replace("0.01", "soon").replace("at_least", "least"), ["a", "c"], name="mine.yaml")
    assert str(raised.value).count("\n- ") == 4


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["a", "b", 10**400]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=2),
    max_leaves=4,
)
comparisons = st.dictionaries(
    st.sampled_from(["variant", "other", "size", "implementation", *BOUNDS]) | st.integers(),
    values | st.sampled_from(["a", "b", "plain", 0.1]),
)
entries = st.dictionaries(st.sampled_from(["text", "source", *KINDS]), comparisons | values | st.just("x"))


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=3) | st.integers(), entries | values, max_size=2))
def test_any_document_is_refused_in_words_or_can_be_decided(document):
    # Catches: a traceback for a key or value of another type, a bound that passes and has no margin.
    if list(document_problems(document, ["a", "b"])):
        return
    for entry in document.values():
        ((key, keys),) = [(key, keys) for key, keys in entry.items() if key in KINDS]
        comparison = KINDS[key].model_validate(keys)
        assert math.isfinite(comparison.margin)
        assert verdict(0.1, 0.2, comparison.bound, comparison.margin)


def test_table_of_the_script(tmp_path):
    # Catches: predictions that go to another run, a claim that is not active in the table, times that are not read.
    claims = (
        GOOD + "fast:\n  text: It is fast.\n  source: ours\n"
        "  step_time_ratio: {variant: a, other: b, implementation: plain, greater_than: 2}\n"
        "idle:\n  text: The third is good.\n  source: ours\n  accuracy: {variant: c, at_least: 0.7}\n"
    )
    step_times([3, 3.1], [1, 1]).to_csv(tmp_path / "step_times.csv", index=False)
    paths = write_answers(tmp_path, np.arange(100) < np.array([[50], [52], [95], [93]]))
    table = tmp_path / "claims.csv"
    runs = runs_of("ba", [1, 2])
    decide_claims.main(
        None,
        paths,
        tmp_path / "step_times.csv",
        table,
        claims=claims,
        runs=runs,
        variants=["a", "b", "c"],
        **OPTIONS,
    )
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["claim"], row["verdict"], row["seeds"]) for row in rows] == [
        ("level", "holds", "2"),
        ("gap", "holds", "2"),
        ("fast", "holds", ""),
    ]
    assert (rows[0]["value"], rows[1]["value"]) == ("0.94", "0.43")
    assert (rows[0]["bound"], rows[0]["margin"], rows[0]["text"]) == ("at_least", "0.7", "The first is good.")
