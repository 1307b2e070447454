"""Claims: what the file may say, and the verdicts against the comparison of variants and by hand."""

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_runs import answers, measured_of, step_times, write_answers
from scipy import stats

import decide_claims
from wordorder.evaluation.claims import (
    BOUNDS,
    COLUMNS,
    KINDS,
    Claim,
    Evidence,
    decide,
    document_problems,
    measure_questions,
    read_claims,
    verdict,
)
from wordorder.evaluation.comparison import compare
from wordorder.evaluation.intervals import Estimate, Measurements, Scores
from wordorder.io.errors import InputError

CLAIMS = Path(__file__).parents[1] / "config/claims.yaml"
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


def claim(kind, variants, bound, margin, family="all", target="other_reviews", **keys):
    named = dict(zip(("variant", "other"), variants, strict=False))
    comparison = KINDS[kind].model_validate({**named, **keys, bound: margin})
    return Claim("name", "text", "source", comparison, family, target)


def evidence(correct, runs, times=None, seconds=None, analogies=None, **varies_like):
    return Evidence(measured_of(correct, runs, **varies_like), times, seconds or {}, analogies)


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


@given(st.sampled_from(list(BOUNDS)), ends, st.floats(0.01, 1), st.integers(1, 50), ends)
def test_p_values_say_what_the_verdict_says(bound, value, error, degrees, margin):
    # Catches: a side of the test that is turned round, one test of equivalence where both have to say so.
    margin = abs(margin) if bound == "within" else margin
    estimate = Estimate(value, error, degrees)
    holds, fails = BOUNDS[bound].p_values(estimate, margin)
    expected = verdict(*estimate.interval(), bound, margin)
    assert expected == ("holds" if holds < 0.025 else "does not hold" if fails < 0.025 else "undecided")


def test_difference_is_that_of_the_comparison():
    # Catches: another interval than that of comparisons.csv, another metric, a sign.
    correct = answers(3, 4, 300).reshape(12, 300)
    runs = runs_of("abc", [1, 2, 3, 4])
    expected = compare(measured_of(correct, runs), correct, runs).set_index(["variant", "other"]).loc["a", "c"]
    claims = [
        claim("difference", ("a", "c"), "less_than", 0.5),
        claim("difference", ("a", "c"), "less_than", 0.5, metric="roc_auc"),
        claim("equivalence", ("a", "c"), "within", 0.5),
        claim("difference", ("c", "a"), "less_than", 0.5),
    ]
    table = decide(claims, evidence(correct, runs))
    assert list(table) == COLUMNS
    found = table[["value", "low", "high"]].to_numpy()
    assert found[0].tolist() == found[2].tolist() == pytest.approx(expected.iloc[:3].to_list())
    assert found[1] == pytest.approx(expected[[name for name in expected.index if "auc" in name]].to_list())
    assert found[3] == pytest.approx(-found[0][[0, 2, 1]])
    assert set(table["seeds"]) == {4}
    assert set(table["verdict"]) == {"holds"}
    values = [float(each) for each in table["of_seeds"].iloc[0].split()]
    assert values == pytest.approx(correct[:4].mean(axis=1) - correct[8:].mean(axis=1), abs=1e-5)


def test_levels_are_those_of_the_measurements():
    # Catches: runs of another size, the other metric, reviews that count although the claim is about these.
    correct = answers(2, 3, 300).reshape(6, 300)
    runs = runs_of("a", [1, 2, 3], 100) + runs_of("a", [1, 2, 3], 200)
    claims = [
        claim(kind, ("a",), "at_least", 0.1, size=200, target=target)
        for kind, target in itertools.product(("accuracy", "auc"), ("other_reviews", "these_reviews"))
    ]
    table, measured = decide(claims, evidence(correct, runs)), measured_of(correct, runs)
    pairs = itertools.product(("accuracy", "roc_auc"), (True, False))
    for row, (metric, other_reviews) in zip(table.itertuples(), pairs, strict=True):
        estimate = measured[metric].estimate({"a/200": 1}, other_reviews=other_reviews)
        assert (row.value, row.low, row.high) == pytest.approx((estimate.value, *estimate.interval()), abs=1e-6)
    assert (np.abs(np.diff(table["high"] - table["low"])[[0, 2]]) > 1e-3).all()


# Of runs whose accuracy does not hang on the seed: only the reviews vary.
CERTAIN = {"a": None, "b": None}


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
        claim("equivalence", ("a", "b"), "within", 0.2),
    ]
    table = decide(claims, evidence(correct, runs_of("ab", [1]), **CERTAIN))
    expected = ["holds", "undecided", "does not hold", "holds", "undecided", "does not hold", "holds"]
    assert table["verdict"].tolist() == expected
    # No number of seeds decides what hangs on the reviews alone.
    assert table["seeds_to_decide"].tolist() == ["never" if each == "undecided" else "" for each in expected]


def test_what_order_adds_is_compared():
    # Catches: a sign the wrong way round, an interval of one of the two differences alone.
    correct = np.arange(1000) < np.array([[900], [890], [880], [860]])
    named = {"without": "b", "other": "c", "other_without": "d"}
    claims = [claim("order", ("a",), "greater_than", 0, **named), claim("order", ("a",), "less_than", 0.05, **named)]
    certain = dict.fromkeys("abcd")
    found = evidence(correct, runs_of("abcd", [1]), **certain)
    table = decide(claims, found)
    assert table["value"].tolist() == pytest.approx([-0.01, -0.01])
    weights = {"a": 1, "b": -1, "c": -1, "d": 1}
    low, high = found.measured["accuracy"].estimate(weights).interval()
    assert table[["low", "high"]].iloc[0].tolist() == pytest.approx([low, high], abs=1e-6)
    assert table["verdict"].tolist()[1] == "holds"
    # The same pair on both sides cancels.
    same = claim("order", ("a",), "less_than", 0.05, without="b", other="a", other_without="b")
    assert decide([same], found)["value"].tolist() == [0]


def test_no_verdict_from_one_training():
    # Catches: a verdict on a single run, which another seed may turn round; a number that is not shown.
    correct = np.arange(100) < np.array([[95], [55]])
    claims = [claim("difference", ("a", "b"), "greater_than", 0), claim("accuracy", ("a",), "at_least", 0.5)]
    table = decide(claims, evidence(correct, runs_of("ab", [1])))
    assert set(table["verdict"]) == set(table["verdict_of_family"]) == {"too few seeds"}
    assert table["value"].tolist() == [0.4, 0.95]
    assert table[["low", "high", "p", "p_of_family"]].isna().all(axis=None)


def test_undecided_claims_say_how_many_seeds_would_decide():
    # Catches: the number of seeds for another margin, or of the wrong side of an equivalence.
    correct = np.arange(1000) < 10 * np.array([[80], [82], [79], [81]])
    runs = runs_of("ab", [1, 2])
    claims = [
        claim("difference", ("a", "b"), "greater_than", 0, target="these_reviews"),
        claim("equivalence", ("a", "b"), "within", 0.02, target="these_reviews"),
        claim("equivalence", ("b", "a"), "within", 0.02, target="these_reviews"),
    ]
    table = decide(claims, evidence(correct, runs))
    assert set(table["verdict"]) == {"undecided"}
    measured = measured_of(correct, runs)["accuracy"]
    needed = measured.seeds_to_decide({"a": 1, "b": -1}, 0.01, other_reviews=False)
    assert 2 < needed < 100
    assert table["seeds_to_decide"].tolist() == [str(needed)] * 3


def test_verdicts_of_a_family_are_those_of_holm():
    # Catches: a correction over all claims instead of each family, verdicts that get better by it.
    correct = np.arange(1000) < np.array([[800], [813]])
    runs = runs_of("ab", [1])
    claims = [claim("difference", ("b", "a"), "greater_than", margin, "many") for margin in (0.0045, 0.0048, 0.005)]
    claims += [claim("difference", ("b", "a"), "greater_than", 0.005, "one")]
    table = decide(claims, evidence(correct, runs, **CERTAIN))
    p = table["p"].tolist()
    assert p == sorted(p[:3]) + p[2:3]
    by_hand = [3 * p[0], max(3 * p[0], 2 * p[1]), max(3 * p[0], 2 * p[1], p[2])]
    assert table["p_of_family"].tolist() == pytest.approx([*by_hand, p[3]])
    assert set(table["verdict"]) == {"holds"}
    expected = ["holds" if each <= 0.05 else "undecided" for each in [*by_hand, p[3]]]
    assert table["verdict_of_family"].tolist() == expected
    assert set(expected) == {"holds", "undecided"}


def test_claims_without_runs_are_left_out():
    # Catches: a row without figures, runs on all reviews taken for those on some, one of two variants that is enough.
    correct = answers(2, 1, 50).reshape(2, 50)
    times = step_times([3, 3], [1, 1])
    claims = [
        claim("accuracy", ("c",), "at_least", 0.5),
        claim("accuracy", ("a",), "at_least", 0.5, size=100),
        claim("equivalence", ("a", "c"), "within", 0.5),
        claim("time_ratio", ("a", "b"), "greater_than", 2, of="ours_step"),
        claim("time_ratio", ("a", "c"), "greater_than", 2, of="plain_step"),
        claim("time_ratio", ("a", "c"), "greater_than", 2, of="training"),
        claim("analogies", (), "at_least", 0.5, vectors="a"),
    ]
    assert decide(claims, evidence(correct, runs_of("ab", [1]), times, {"a": np.ones(2)})).empty
    assert decide(claims[3:], evidence(correct, runs_of("ab", [1]))).empty


def test_ratios_of_times():
    # Catches: the ratio of the other implementation, or upside down; seconds in place of their logarithms.
    times = pd.concat([step_times([3, 3.3, 2.9], [1, 1.1, 1]), step_times([1, 1.1, 1], [1, 1, 1.1], "ours")])
    seconds = {"a": np.array([30.0, 33, 36]), "b": np.array([10.0, 11, 10.5, 9])}
    claims = [
        claim("time_ratio", ("a", "b"), "greater_than", 2, of=of) for of in ("plain_step", "ours_step", "training")
    ]
    claims.append(claim("time_ratio", ("a", "b"), "less_than", 2, of="training"))
    table = decide(claims, evidence(answers(1, 1, 50)[0], runs_of("x", [1]), times, seconds))
    assert table["verdict"].tolist() == ["holds", "does not hold", "holds", "does not hold"]
    logarithms = np.log([3, 3.3 / 1.1, 2.9])
    low, high = np.exp(stats.t.interval(0.95, 2, logarithms.mean(), stats.sem(logarithms)))
    assert tuple(table.loc[0, ["value", "low", "high"]]) == pytest.approx(
        (np.exp(logarithms.mean()), low, high), abs=1e-6
    )
    welch = stats.ttest_ind(*map(np.log, seconds.values()), equal_var=False).confidence_interval(0.95)
    assert tuple(table.loc[2, ["low", "high"]]) == pytest.approx(np.exp([welch.low, welch.high]), abs=1e-6)
    assert table["seeds"].tolist()[2:] == [3, 3]
    assert table["seeds"].isna().tolist() == [True, True, False, False]


def test_share_of_analogies():
    # Catches: the vectors of another embedding.
    scores = Scores(np.array([0.6, 0.1, 0.2]), np.eye(3) / 1e4, 13)
    runs = [("glove (pretrained)", "all", 0), ("a", "all", 1), ("a", "all", 2)]
    measured = Measurements(scores, runs, {"glove (pretrained)": None, "a": "lstm"})
    names = ("glove (pretrained)", "a")
    claims = [claim("analogies", (), "at_least", 0.5, vectors=name, target="these_reviews") for name in names]
    table = decide(claims, evidence(answers(1, 1, 50)[0], runs_of("x", [1]), analogies=measured))
    assert table["value"].tolist() == [0.6, 0.15]
    assert table["verdict"].iloc[0] == "holds"


def test_shares_of_questions_by_hand():
    # Catches: a mean of the shares of sections, seeds of another embedding, sections that vary as if they were one.
    rows = [("a", 1, "x", 10, 4), ("a", 1, "y", 30, 20), ("a", 2, "x", 10, 6), ("a", 2, "y", 30, 10)]
    rows += [("glove (pretrained)", 0, "x", 10, 10), ("glove (pretrained)", 0, "y", 30, 26)]
    table = pd.DataFrame(rows, columns=["embedding", "seed", "section", "questions", "right"])
    measured = measure_questions(table, {"a": "lstm"})
    assert measured.values("a").tolist() == pytest.approx([24 / 40, 16 / 40])
    assert measured.estimate({"a": 1}, other_reviews=False).standard_error == pytest.approx(0.1)
    certain = measured.estimate({"glove (pretrained)": 1})
    # Of 36 in 40: 9 and 27 were to be expected in the two sections, so that the deviations are 1 and -1, twice for two.
    assert (certain.value, certain.standard_error) == pytest.approx((0.9, 2 / 40))
    assert measure_questions(table.head(0), {}) is None


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
        ("greater_than: 0.01", "within: 0.01", r'gap\.difference: unknown key "within"'),
        (
            "difference: {variant: a, other: b, greater_than: 0.01",
            "equivalence: {variant: a, other: b, within: -0.01",
            r"gap\.equivalence\.within: -0\.01 is out of range; .*from 0 to 1",
        ),
        ("other: b", "other: b, metric: f1", r'gap\.difference\.metric: "f1" is not possible; .*accuracy, roc_auc'),
        (
            "source: ours\n  acc",
            "source: ours\n  target: movies\n  acc",
            r'level\.target: "movies" is not possible; .*these',
        ),
        (
            "source: ours\n  acc",
            "source: ours\n  stated: later\n  acc",
            r'level\.stated: "later" is not .*before, after',
        ),
        ("source: ours\n  acc", "source: ours\n  family: 3\n  acc", r"level\.family: 3 is not a line of text"),
        ("at_least: 0.7", "at_least: 0.7, size: 1.5", r"level\.accuracy\.size: 1\.5 is not a number of training"),
        ("at_least: 0.7", "at_least: 0.7, size: all", r'level\.accuracy\.size: "all" is not a number of training'),
        ("at_least: 0.7", "at_least: 0.7, size: 0", r"level\.accuracy\.size: 0 is not"),
        ("{variant: a, at_least: 0.7}", "0.7", r"level\.accuracy: not a mapping"),
        ("accuracy:", "acuracy:", r'level: unknown key "acuracy"; did you mean accuracy\?'),
        ("accuracy:", "time_ratio:", r"level\.time_ratio\.other: missing"),
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


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        (
            "time_ratio: {variant: a, other: b, of: plain, greater_than: 2}",
            r'time_ratio\.of: "plain" is not possible; .*plain_step',
        ),
        (
            "analogies: {vectors: word2vec, at_least: 0.5}",
            r'analogies\.vectors: "word2vec" is not vectors that there are',
        ),
    ],
)
def test_mistakes_in_other_kinds_are_named(comparison, message):
    # Catches: times or vectors that do not exist and would leave the claim out.
    text = f"fast:\n  text: It is fast.\n  source: ours\n  {comparison}"
    with pytest.raises(InputError, match=message):
        read_claims(text, ["a", "b"], name="mine.yaml")
    good = text.replace("of: plain", "of: plain_step").replace("word2vec", "glove (pretrained)")
    assert len(read_claims(good, ["a", "b"], name="mine.yaml")) == 1


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
    st.sampled_from(["variant", "other", "size", "of", "metric", "vectors", *BOUNDS]) | st.integers(),
    values | st.sampled_from(["a", "b", "plain_step", "roc_auc", 0.1]),
)
entries = st.dictionaries(
    st.sampled_from(["text", "source", "family", "target", *KINDS]), comparisons | values | st.just("x")
)


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
        "  time_ratio: {variant: a, other: b, of: plain_step, greater_than: 2}\n"
        "idle:\n  text: The third is good.\n  source: ours\n  accuracy: {variant: c, at_least: 0.7}\n"
    )
    step_times([3, 3.1], [1, 1]).to_csv(tmp_path / "step_times.csv", index=False)
    paths, reviews = write_answers(tmp_path, np.arange(100) < np.array([[50], [52], [95], [93]]))
    costs = [tmp_path / f"{i}.csv" for i in range(4)]
    for path in costs:
        path.write_text("epoch,seconds,peak_memory_mb\n1,2.5,900\n")
    table = tmp_path / "claims.csv"
    decide_claims.main(
        *(None, paths, reviews, costs, tmp_path / "step_times.csv", None, table),
        claims=claims,
        runs=runs_of("ba", [1, 2]),
        varies_like={"a": "lstm", "b": "lstm"},
        variants=["a", "b", "c"],
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
