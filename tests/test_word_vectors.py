"""Neighbours, analogies and maps of words, by hand and against an eigenvalue decomposition."""

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from wordorder.data.encoded import EncodedReviews, joined
from wordorder.evaluation.word_vectors import (
    analogy_table,
    neighbour_table,
    question_table,
    questions,
    telling_words,
    word_map,
)
from wordorder.io.errors import InputError

TOKENS = ["", "[UNK]", "movie", "film", "man", "king", "woman", "queen", "cheese"]
# man and king differ as woman and queen do; film is movie at another length; padding and unknown are closest to all.
VECTORS = np.array(
    [
        [1, 1, 1],
        [1, 1, 1.0],
        [0, 0, 1],
        [0.1, 0, 3],
        [1, 0, 0],
        [1, 1, 0],
        [-1, 0.1, 0],
        [-1, 1.1, 0],
        [0, -1, 0.1],
    ],
    np.float32,
)


def test_neighbours_by_hand():
    # Catches: a word as its own neighbour, padding as a neighbour, distances that depend on the length of the vectors.
    table = neighbour_table({"a": VECTORS, "b": -VECTORS}, TOKENS)
    assert list(dict.fromkeys(table["embedding"])) == ["a", "b"]
    assert set(table["word"]) == {"movie", "king"}
    first = table[table["rank"] == 1].set_index(["embedding", "word"])
    assert first.loc[("a", "movie"), "neighbour"] == "film"
    assert first.loc[("a", "movie"), "cosine"] == pytest.approx(3 / np.hypot(3, 0.1), abs=1e-4)
    assert not table["neighbour"].isin(["", "[UNK]"]).any()
    assert (table["neighbour"] != table["word"]).all()
    assert (table.groupby(["embedding", "word"])["cosine"].diff().dropna() <= 0).all()


def test_analogy_by_hand():
    # Catches: a sign the wrong way round, one of the three words as the answer, a rank counted from 0.
    table = analogy_table({"a": VECTORS}, TOKENS)
    assert table.to_dict("records") == [
        {"embedding": "a", "analogy": "man : king = woman : ?", "answer": "queen", "expected": "queen", "rank": 1}
    ]
    worse = VECTORS.copy()
    worse[7] = [1, -1, 0]
    assert analogy_table({"a": worse}, TOKENS)["rank"].item() == 4


def test_answers_are_those_of_gensim():
    # Catches: a word of the question as its answer, vectors of another length, sections mixed up, words out of the
    # vocabulary that count as wrong. Vectors with some structure, so that some answers are right.
    words = sorted({word for _, each in questions() for word in each})[::2]
    rng = np.random.default_rng(1)
    groups = {word: rng.normal(size=20) for word in {word[:4] for word in words}}
    vectors = np.array([groups[word[:4]] + 0.3 * rng.normal(size=20) for word in words], np.float32)
    gensim = KeyedVectors(20)
    gensim.add_vectors(words, vectors)
    _, sections = gensim.evaluate_word_analogies(datapath("questions-words.txt"), case_insensitive=True)
    expected = {
        each["section"].lower(): (len(each["correct"]) + len(each["incorrect"]), len(each["correct"]))
        for each in sections[:-1]
        if each["correct"] or each["incorrect"]
    }
    table = question_table(np.concatenate([np.ones((2, 20)), vectors]), ["", "[UNK]", *words])
    assert {row.section: (row.questions, row.right) for row in table.itertuples()} == expected
    assert 0 < table["right"].sum() < table["questions"].sum() > 500


def test_no_question_can_be_asked():
    # Catches: a failure where the vocabulary has none of the words.
    assert list(question_table(VECTORS, TOKENS)) == ["section", "questions", "right"]


def test_vectors_of_zeros_have_no_direction():
    # Catches: a division by zero, as GloVe has no vector for some words.
    assert np.isfinite(neighbour_table({"a": np.zeros_like(VECTORS)}, TOKENS)["cosine"]).all()


def reviews(*texts):
    labels = np.array([label for label, _ in texts], np.int8)
    return EncodedReviews(
        [str(i) for i in range(len(texts))], labels, *joined([np.array(t, np.int32) for _, t in texts]), ["no", "yes"]
    )


def test_telling_words_by_hand():
    # Catches: occurrences counted instead of reviews, classes of different size compared by counts, padding or the
    # unknown token on the map, words that tell nothing.
    data = reviews((0, [1, 2, 2, 2, 5]), (0, [1, 2, 5]), (0, [3, 5]), (0, [3, 5]), (1, [1, 4, 4, 5]), (1, [4, 3, 5, 1]))
    negative, positive = telling_words(data, 7)
    assert list(negative) == [2]
    # Token 4: (3 / 3) / (1 / 5). Token 3, in half of each: (2 / 3) / (3 / 5), a little above 1. Token 5, in all: 1.
    assert list(positive) == [4, 3]


def test_map_is_that_of_the_principal_components():
    # Catches: components of other words, vectors of any length, a mirrored map.
    generator = np.random.default_rng(1)
    matrix = generator.normal(size=(30, 6)).astype(np.float32)
    matrix[20:, 0] += 3
    tokens = [f"w{i}" for i in range(30)]
    words = [np.arange(5, 15), np.arange(20, 30)]
    table = word_map({"a": matrix}, tokens, words, ["no", "yes"])
    assert list(table["word"]) == [tokens[i] for i in np.concatenate(words)]
    assert list(table["class"]) == ["no"] * 10 + ["yes"] * 10
    unit = matrix[np.concatenate(words)].astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    values, components = np.linalg.eigh(centred.T @ centred)
    for name, component in (("x", -1), ("y", -2)):
        expected = centred @ components[:, component]
        expected *= np.sign(expected[10:].sum())
        assert table[name].to_numpy() == pytest.approx(expected, abs=1e-4)
    assert table["explained"].iloc[0] == pytest.approx(values[-2:].sum() / values.sum(), abs=1e-4)


def test_many_classes_have_a_word_each():
    # Catches: a map without words where there are more classes than words on it, by a division that gives 0.
    classes = [str(label) for label in range(50)]
    # Token 2 + i is in the reviews of class i alone.
    labels = np.repeat(np.arange(50), 2).astype(np.int32)
    data = EncodedReviews([""] * 100, labels, *joined([np.array([2 + label], np.int32) for label in labels]), classes)
    words = telling_words(data, 52)
    assert [list(each) for each in words] == [[2 + label] for label in range(50)]
    tokens = ["", "[UNK]", *(f"w{label}" for label in range(50))]
    matrix = np.random.default_rng(1).normal(size=(52, 4)).astype(np.float32)
    places = word_map({"a": matrix}, tokens, words, classes)
    assert list(places["class"]) == classes
    assert list(places["word"]) == tokens[2:]


@pytest.mark.parametrize("vectors", [[1, 1, 2, 3, -1, 0.5], [1, 1, 2, 3, 1, 0.5]])
def test_vectors_of_dimension_1(vectors):
    # Catches: two components asked of vectors that have one; no number for the share where the vectors, at length 1,
    # are all the same.
    matrix = np.array(vectors, np.float32)[:, None]
    words = [np.array([2, 3]), np.array([4, 5])]
    table = word_map({"a": matrix}, ["", "[UNK]", "a", "b", "c", "d"], words, ["no", "yes"])
    signs = np.sign(vectors[2:])
    # The words of the last class lie to the right on the whole.
    assert list(table["x"]) == pytest.approx(np.sign(0.1 - np.ptp(signs)) * (signs - signs.mean()))
    assert list(table["y"]) == [0] * 4
    assert set(table["explained"]) == {1}
    assert neighbour_table({"a": matrix}, ["", "[UNK]", "movie", "king", "cat", "dog"])["cosine"].abs().max() == 1


def test_too_few_words_for_a_map():
    # Catches: an error from the depths of scikit-learn.
    with pytest.raises(InputError, match="Too few words"):
        word_map({"a": VECTORS}, TOKENS, [np.array([2]), np.array([3])], ["no", "yes"])
