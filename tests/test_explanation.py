"""What each word of a text does to a decision, against linear models worked out by hand."""

import re
import tracemalloc
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordorder.app.load import TrainedModel
from wordorder.data.vectorizer import text_encoder
from wordorder.explain import check_length, explain, explanation_ansi, explanation_html, words_and_spaces
from wordorder.inference import predictor
from wordorder.io.errors import InputError
from wordorder.models.network import build_model

WEIGHTS = {"good": 1.5, "bad": -2.0, "film": 0.25}


def bag_of_words(texts):
    """The probabilities of a linear model of which words occur."""
    logits = np.array([0.5 + sum(WEIGHTS.get(word, 0) for word in set(text.split())) for text in texts])
    return 1 / (1 + np.exp(-logits))


@given(st.text())
def test_the_pieces_give_the_text_again(text):
    # Catches: characters that are lost, words and spaces in one piece.
    pieces = words_and_spaces(text)
    assert "".join(pieces) == text
    assert all(piece.isspace() or not re.search(r"\s", piece) for piece in pieces)


def test_effects_are_the_weights_of_a_linear_model():
    # Catches: a sign the wrong way round, effects on the probability, an effect that goes to the next word.
    verdict, shown, probability, shuffled, pieces = explain(bag_of_words, "a good  film\nnot bad")
    assert shuffled == pytest.approx(probability)
    assert probability == pytest.approx(1 / (1 + np.exp(-(0.5 + 1.5 + 0.25 - 2))))
    assert (verdict, shown) == (1, 1)
    # The class that is shown is the second, whatever the verdict is.
    assert explain(bag_of_words, "bad")[:2] == (0, 1)
    expected = {"a": 0, "good": 1.5, "film": 0.25, "not": 0, "bad": -2}
    assert [piece for piece, _ in pieces] == ["a", " ", "good", "  ", "film", "\n", "not", " ", "bad"]
    for piece, effect in pieces:
        assert effect is None if piece.isspace() else effect == pytest.approx(expected[piece])


def test_a_word_that_occurs_twice():
    # Catches: both occurrences taken out at once.
    pieces = explain(bag_of_words, "good good film").pieces
    assert [effect for piece, effect in pieces if piece == "good"] == pytest.approx([0, 0])


def test_the_same_words_in_another_order():
    # Catches: one draw, which may be the order as it is; effects that are taken from the draws.
    def ends_well(texts):
        return np.array([0.9 if text.endswith("good") else 0.2 for text in texts])

    _, _, probability, shuffled, pieces = explain(ends_well, "bad film but good")
    assert probability == 0.9
    assert 0.25 < shuffled < 0.55
    assert [round(effect, 2) for piece, effect in pieces if piece == "good"] == [3.58]


def test_more_than_two_classes():
    # Catches: effects for another class than the most probable.
    def probabilities(texts):
        scores = np.array([[0, WEIGHTS["good"] * ("good" in text), 1 - ("bad" in text)] for text in texts])
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    verdict, shown, probability, _, pieces = explain(probabilities, "good bad")
    assert (verdict, shown) == (1, 1)
    assert probability == pytest.approx(np.exp(1.5) / (np.exp(1.5) + 2))
    effects = dict(pieces)
    odds = np.exp(1.5) / 2, 1 / 2
    assert effects["good"] == pytest.approx(np.log(odds[0] / odds[1]))
    assert effects["bad"] == pytest.approx(np.log(odds[0] / (np.exp(1.5) / (1 + np.e))))


def test_certain_models_have_finite_effects():
    # Catches: infinities where a probability is 0 or 1.
    pieces = explain(lambda texts: np.array([float("good" in text) for text in texts]), "good film").pieces
    assert all(np.isfinite(effect) for _, effect in pieces if effect is not None)


class Spans(HTMLParser):
    """The texts of a page, its tags, and the titles and styles of its spans."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []

    def handle_starttag(self, tag, attributes):
        """Note a tag."""
        self.tags.append(tag)
        self.attributes.append(dict(attributes))

    def handle_data(self, data):
        """Note a text."""
        self.texts.append(data)


def test_a_long_text_is_explained_in_little_memory():
    # Catches: all texts that a word is left out of held at once, or given to the model at once: 80 MB of them here.
    sizes = []

    def ones(texts):
        sizes.append(len(texts))
        return np.full(len(texts), 0.5)

    for words, batch in ((2000, 64), (4000, 8)):
        sizes.clear()
        tracemalloc.start()
        assert len(explain(ones, " ".join(map(str, range(words)))).pieces) == 2 * words - 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(sizes) == 1 + 20 + words
        assert max(sizes) == batch
        assert peak < 4 * 2**20


def test_the_longest_text():
    # Catches: hours without a word about why.
    check_length("good " * 10_000, "a.txt")
    with pytest.raises(
        InputError, match=r"^a\.txt: 10,001 words, of which each is left out once; 10,000 are the most\."
    ):
        check_length("good\n" * 10_001, "a.txt")


def test_texts_of_any_length_have_few_shapes():
    # Catches: a batch of a shape of its own for each length, each of which is compiled and kept.
    settings = {"model": "bag_of_words", "features": "binary", "units": 2, "dropout": 0.5}
    network = build_model(settings, 1000, ["neg", "pos"], seed=1)
    vocabulary = ["", "[UNK]", *map(str, range(998))]
    shapes, answer = set(), predictor(network)

    def run(weights, rows, vocabulary, positions):
        shapes.add((*rows.shape, *positions.shape))
        return answer(weights, rows, vocabulary, positions)

    trained = TrainedModel("", 1, network, run, text_encoder(vocabulary, standardize="lower"))
    for words in [*range(1, 40, 3), 64, 100, 101, 129, 200, 300]:
        text = " ".join(map(str, range(words)))
        # Of a whole batch it has the same.
        assert explain(trained.probabilities, text).probability == pytest.approx(trained.probabilities([text] * 100)[0])
    batches, lengths = ({shape[axis] for shape in shapes} for axis in (2, 3))
    assert batches == {8, 64, 256}
    assert lengths == {16, 32, 64, 128, 256, 512}
    assert len(shapes) <= len(batches) * len(lengths)


def test_html_shows_the_text_and_the_effects():
    # Catches: a text that runs as code, a colour for the wrong side, an effect without its number.
    parser = Spans()
    parser.feed(explanation_html([("<script>", 2.5), (" ", None), ("a&b", -0.5), ("!", 0.0)]))
    assert "".join(parser.texts) == "<script> a&b!"
    assert parser.tags == ["span"] * 3
    assert [attributes["title"] for attributes in parser.attributes] == ["+2.50", "-0.50", "+0.00"]
    styles = [attributes["style"] for attributes in parser.attributes]
    assert styles[0].endswith("rgba(0, 114, 178, 0.60)")
    assert styles[1].endswith("rgba(213, 94, 0, 0.15)")


def test_terminal_shows_the_text():
    # Catches: a text that steers the terminal, colours that go on after a word.
    shown = explanation_ansi([("good", 9.0), (" ", None), ("\x1b[2Jbad", -0.1)])
    assert re.sub(r"\x1b\[[\d;]*m", "", shown) == r"good \x1b[2Jbad"
    assert shown.count("\x1b[0m") == 2
    assert "48;2;102;170;209m" in shown
