"""Words in another order: in training, at test time, and in sentences that a negation or an order turns round."""

import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_keras import complete

from wordorder.data.contrast import BLAME, KINDS, PAIRS, PRAISE, contrast_pairs
from wordorder.data.encoded import EncodedReviews, joined
from wordorder.data.reviews import Review, write_reviews
from wordorder.data.vectorizer import text_encoder
from wordorder.data.word_order import ORDERS, Reviews, Words
from wordorder.evaluation.word_order import (
    read_right_answers,
    tabulate_contrasts,
    tabulate_word_order,
    write_contrasts,
    write_right_answers,
)
from wordorder.inference import load_model, predict, save_model
from wordorder.io.errors import InputError
from wordorder.models.network import build_model
from wordorder.tokens import UNICODE

VOCABULARY = ["", "[UNK]", "good", "film", "bad", "not", "good film", "not bad", "a"]
SETTINGS = {"standardize": "lower_and_strip_punctuation", "strip_html": True, "ngrams": 1, "max_words": None}
RANDOM = [name for name, order in ORDERS.items() if order.draws]
texts = st.lists(st.text("ab good.film! <br />?\t\n\xa0\0", max_size=60), min_size=1, max_size=6)


def reviews_like(sequences, labels=None):
    """Encoded reviews of these sequences."""
    labels = np.zeros(len(sequences), np.int32) if labels is None else np.array(labels, np.int32)
    return EncodedReviews([str(i) for i in range(len(sequences))], labels, *joined(sequences), ["neg", "pos"])


def sequences_of(data):
    return [data.tokens[a:b].tolist() for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    texts,
    st.sampled_from(["lower_and_strip_punctuation", "lower", "lower_and_split_punctuation", UNICODE]),
    st.sampled_from(["whitespace", "character"]),
    st.booleans(),
    st.integers(1, 2),
    st.none() | st.integers(1, 5),
)
def test_unchanged_reviews_are_the_encoded_ones(texts, standardize, split, strip_html, ngrams, max_words):
    # Catches: words that differ from those of training, sentences that are lost or cut words, another cut; spaces
    # between sentences that are lost where they are tokens.
    options = {"standardize": standardize, "split": split}
    options |= {"strip_html": strip_html, "ngrams": ngrams, "max_words": max_words}
    expected = [row.tolist() for row in text_encoder(VOCABULARY, **options)(texts)]
    read = Reviews(texts, VOCABULARY, **options)
    like = reviews_like([[]] * len(texts))
    assert sequences_of(read.encoded(ORDERS["kept"], None, like, 1)) == expected
    if ngrams == 1:
        assert sequences_of(read.encoded(ORDERS["kept"], 3, like, 1)) == [row[:3] for row in expected]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=9), st.integers(0, 2**31))
def test_orders_keep_the_words_and_what_stays_together(sentences, seed):
    # Catches: words lost or doubled, windows of another size, a last window that is lost, sentences that are torn.
    words = np.arange(sum(sentences), dtype=np.int32)
    review = Words(words, np.array(sentences))
    arranged = {name: order.arrange(review, np.random.default_rng(seed)).tolist() for name, order in ORDERS.items()}
    for name in [*RANDOM, "kept", "reversed"]:
        assert sorted(arranged[name]) == words.tolist()
    assert arranged["reversed"] == words.tolist()[::-1]
    assert arranged["first 100"] == arranged["kept"] == words.tolist()
    for name in RANDOM:
        starts = np.cumsum([0, *sentences]) if name == "sentence" else np.arange(0, len(words), int(name))
        parts = [words[a:b].tolist() for a, b in zip(starts, [*starts[1:], len(words)], strict=True) if b > a]
        # Each part is found whole, one after the other.
        by_first = {part[0]: part for part in parts}
        rest = arranged[name]
        while rest:
            part = by_first.pop(rest[0])
            assert rest[: len(part)] == part
            rest = rest[len(part) :]
        assert not by_first


def test_ends_of_a_review_are_those_that_are_read():
    # Catches: the last words of what a model does not read.
    text = " ".join(["film"] * 700 + ["good"] * 200)
    read = Reviews([text], VOCABULARY, **SETTINGS)
    like = reviews_like([[]])
    assert set(sequences_of(read.encoded(ORDERS["last 100"], 600, like, 1))[0]) == {3}
    assert set(sequences_of(read.encoded(ORDERS["last 100"], None, like, 1))[0]) == {2}
    assert len(sequences_of(read.encoded(ORDERS["first 100"], 600, like, 1))[0]) == 100


def test_pairs_are_those_of_the_new_order():
    # Catches: pairs of words that stay although their words have parted.
    read = Reviews(["not bad good film"], VOCABULARY, **{**SETTINGS, "ngrams": 2})
    like = reviews_like([[]])
    assert sequences_of(read.encoded(ORDERS["kept"], None, like, 1)) == [[5, 4, 2, 3, 7, 1, 6]]
    assert sequences_of(read.encoded(ORDERS["reversed"], None, like, 1)) == [[3, 2, 4, 5, 1, 1, 1]]


def test_a_bag_of_words_is_flat():
    # Catches: an order that adds or drops words; anything but the order that changes.
    generator = np.random.default_rng(1)
    texts = [" ".join(generator.choice([*VOCABULARY[2:6], "other"], size)) + "." for size in range(1, 51)]
    like = reviews_like([[]] * 50)
    model = build_model(complete("bag_of_words", features="binary"), len(VOCABULARY), ["neg", "pos"], 1)
    model.set_weights([generator.normal(size=weight.shape) for weight in model.weights])
    read = Reviews(texts, VOCABULARY, **SETTINGS)
    found = {name: predict(model, read.encoded(order, None, like, 1)) for name, order in ORDERS.items()}
    assert len(set(found["kept"].tolist())) > 5
    for name in [*RANDOM, "reversed"]:
        np.testing.assert_array_equal(found[name], found["kept"])


@given(st.lists(st.lists(st.integers(1, 9), max_size=12), min_size=1, max_size=6), st.integers(0, 5), st.integers(1, 8))
def test_shuffled_tokens(sequences, seed, length):
    # Catches: words from beyond the cut, an order that hangs on the place among the others or on their number.
    data = reviews_like([np.array(each, np.int32) for each in sequences])
    found = sequences_of(data.shuffled(seed, length))
    assert [sorted(each) for each in found] == [sorted(each[:length]) for each in sequences]
    turned = reviews_like([np.array(each, np.int32) for each in sequences[::-1]])
    assert sequences_of(turned.shuffled(seed, length)) == found[::-1]


def test_the_order_hangs_on_the_seed():
    # Catches: one order for all seeds, or none.
    data = reviews_like([np.arange(1, 30, dtype=np.int32)])
    orders = [sequences_of(data.shuffled(seed, None))[0] for seed in range(5)]
    assert len({tuple(order) for order in [*orders, range(1, 30)]}) == 6


@pytest.mark.whole
def test_a_network_that_shuffles_does_so_when_it_is_loaded(tmp_path):
    # Catches: words shuffled in training alone, another order after saving, a seed in networks that need none.
    generator = np.random.default_rng(1)
    data = reviews_like([generator.integers(1, 30, 12).astype(np.int32) for _ in range(6)])
    variant = {"features": "one_hot", "units": 4, "sequence_length": 10}
    models = {
        order: build_model(complete(**variant, word_order=order), 30, ["neg", "pos"], 3)
        for order in ("kept", "shuffled")
    }
    models["shuffled"].set_weights(models["kept"].get_weights())
    expected = predict(models["kept"], data.shuffled(3, 10))
    np.testing.assert_array_equal(predict(models["shuffled"], data), expected)
    assert np.abs(predict(models["kept"], data) - expected).max() > 1e-4
    save_model(models["shuffled"], tmp_path / "shuffled.keras")
    np.testing.assert_array_equal(predict(load_model(tmp_path / "shuffled.keras"), data), expected)
    save_model(models["kept"], tmp_path / "kept.keras")
    assert b'"seed"' not in zipfile.ZipFile(tmp_path / "kept.keras").read("config.json")


RUNS = [("a", "all", 1), ("a", "all", 2), ("b", "all", 1)]


@pytest.fixture
def reviews(tmp_path):
    """A file of forty test reviews, each of which is a group."""
    path = tmp_path / "test.parquet"
    write_reviews(path, [Review(f"{i:02}", ["neg", "pos"][i // 20], "", "text") for i in range(40)])
    return path


def test_the_table_of_orders(tmp_path, reviews):
    # Catches: a change that is not that of the same models, its interval widened by what all seeds share.
    generator = np.random.default_rng(1)
    ids, paths, right = [f"{i:02}" for i in range(40)], [], []
    for i, _ in enumerate(RUNS):
        kept = generator.random(40) < (0.95, 0.6, 0.7)[i]
        # Every model loses the same review more.
        shares = {order: np.where(np.arange(40) == 3, kept - 0.5, kept) if order == "1" else kept for order in ORDERS}
        path = tmp_path / f"{i}.parquet"
        write_right_answers(path, ids, shares)
        paths.append(path)
        right.append(read_right_answers(path, ids))
    table = tabulate_word_order(paths, reviews, RUNS, {"a": "lstm", "b": "lstm"}).set_index(["variant", "order"])
    assert list(table.loc["a"].index) == list(ORDERS)
    assert table.loc[("a", "1"), "accuracy"] == pytest.approx(
        np.mean([each["1"].mean() for each in right[:2]]), abs=1e-6
    )
    assert table.loc[("a", "1"), "change"] == pytest.approx(-0.5 / 40)
    width = table["accuracy_high"] - table["accuracy_low"]
    change = table["change_high"] - table["change_low"]
    # The seeds differ much, and lose the same.
    assert width["a", "1"] > 0.5
    assert 0 < change["a", "1"] < 0.06
    assert table.loc[("a", "kept"), ["change", "change_low", "change_high"]].tolist() == [0, 0, 0]
    assert table.loc[("a", "1"), "of_seeds"] == "-0.0125 -0.0125"
    # One model has no seeds to tell how much it varies.
    assert np.isnan(change["b", "1"])
    with pytest.raises(InputError, match="other reviews"):
        read_right_answers(paths[0], ids[::-1])


def test_pairs_that_contrast():
    # Catches: a template that gives the same sentence twice, too few pairs; pairs that a word of praise gives away,
    # except where they are meant to.
    pairs = contrast_pairs()
    kinds = pd.Series([pair.kind for pair in pairs]).value_counts()
    assert set(kinds.index) == set(KINDS)
    assert set(kinds) == {PAIRS}
    assert len({pair.praise for pair in pairs} | {pair.blame for pair in pairs}) > 1.6 * len(pairs)
    assert contrast_pairs() == pairs
    for kind, praise, blame in pairs:
        assert praise != blame
        words = [sorted(text.lower().replace(",", "").replace(".", "").split()) for text in (praise, blame)]
        if kind in ("clauses with but", "expected and found"):
            # A bag of words cannot tell them apart.
            assert words[0] == words[1]
        elif kind in ("negated praise", "negated blame"):
            assert sorted([*min(words, key=len), "not"]) == max(words, key=len)
        else:
            assert kind == "not only, but also"
            has = [(bool({*PRAISE} & {*each}), bool({*BLAME} & {*each})) for each in words]
            assert has == [(True, False), (False, True)]


def test_the_table_of_contrasts(tmp_path):
    # Catches: blame counted as praise, pairs told apart by half, a share over the sentences of another kind.
    pairs = contrast_pairs()
    is_first = np.array([pair.kind == "negated praise" for pair in pairs])
    sure = np.where(np.tile([True, False], len(pairs)), 0.9, np.repeat(np.where(is_first, 0.1, 0.8), 2))
    for name, probabilities in (("sure", sure), ("coin", np.full(2 * len(pairs), 0.4))):
        write_contrasts(tmp_path / name, pairs, probabilities)
    runs = [("sure", "all", 1), ("coin", "all", 1)]
    table = tabulate_contrasts([tmp_path / "sure", tmp_path / "coin"], runs, {"sure": None, "coin": None})
    table = table.set_index(["variant", "kind"])
    assert table.loc[("sure", "negated praise"), ["pairs", "right", "apart"]].tolist() == [100, 1, 1]
    assert table.loc[("sure", "clauses with but"), ["right", "apart"]].tolist() == [0.5, 1]
    assert table.loc[("coin", "not only, but also"), ["right", "apart"]].tolist() == [0.5, 0]
    write_contrasts(tmp_path / "none", [], np.empty(0))
    assert tabulate_contrasts([tmp_path / "none"], runs[:1], {"sure": None}).empty
