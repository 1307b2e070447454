"""From text to token ids: as plain Keras does it, and the same after a stop on disk. And the data scripts."""

import itertools
import json
import os
import string
import subprocess
import sys
import tarfile
import tracemalloc
import unicodedata
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
from corpora import LAYOUT
from hypothesis import example, given, settings
from hypothesis import strategies as st

import adapt_vectorizer
import build_glove_matrix
import encode_reviews
import split_corpus
from wordorder.data.encoded import read_encoded
from wordorder.data.reviews import Review, read_reviews, write_reviews
from wordorder.data.sources import file_digest
from wordorder.data.vectorizer import (
    adapt_vocabulary,
    read_settings,
    read_vocabulary,
    text_encoder,
    write_settings,
    write_vocabulary,
)
from wordorder.io.errors import InputError

DEFAULT = "lower_and_strip_punctuation"
SETTINGS = {
    "standardize": DEFAULT,
    "split": "whitespace",
    "strip_html": False,
    "ngrams": 1,
    "max_words": None,
    "functions": {},
}
SPLIT = "lower_and_split_punctuation"
KERAS = [DEFAULT, "lower", "strip_punctuation"]
STANDARDIZE = [*KERAS, SPLIT]
SPLITS = ["whitespace", "character"]
# Characters that are white space, a line end, a capital or punctuation to some and not to others are among the likely.
characters = st.one_of(
    st.sampled_from("abAB  .'<\"\\[\t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2028\u3000\xc9\xe9\u0130\u2019\0"),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.lists(st.text(characters, max_size=40), max_size=12)


def words(text, standardize):
    """The tokens of a text in plain Python: Keras knows the capitals, the punctuation and the white space of ASCII."""
    content = text.replace("\0", "").encode()
    if standardize != "strip_punctuation":
        content = content.lower()
    if standardize == SPLIT:
        content = b"".join(b" %c " % c if c in string.punctuation.encode() else b"%c" % c for c in content)
    elif standardize != "lower":
        content = content.translate(None, string.punctuation.encode())
    return [word.decode() for word in content.split()]


def expected_vocabulary(texts, max_tokens, standardize):
    counts = Counter(word for text in texts for word in words(text, standardize))
    order = sorted(counts, key=lambda word: (counts[word], word.encode()), reverse=True)
    return ["", "[UNK]", *order][:max_tokens]


def zipf_texts(lengths, seed=1):
    """Texts of the given lengths over some 3,000 words, of which few are frequent."""
    rng = np.random.default_rng(seed)
    numbers = np.minimum(rng.zipf(1.3, sum(lengths)), 3000)
    return [" ".join(f"w{n}," for n in part) for part in np.split(numbers, np.cumsum(lengths)[:-1])]


@settings(max_examples=60)
@given(texts, st.integers(3, 30), st.sampled_from(STANDARDIZE))
@example(["b a c. a C <br />b", "a' [UNK]"], 30, DEFAULT)
@example(["x\0 x \0 [UNK]", "a\0b"], 30, "lower")
def test_vocabulary_is_that_of_a_plain_count(texts, max_tokens, standardize):
    # Catches: other counts, another order among words of the same frequency, other white space or punctuation, a token
    # too many or too few; and tokens that end in NUL, of which Keras makes the same token twice.
    expected = expected_vocabulary(texts, max_tokens, standardize)
    if len(expected) == 2:
        with pytest.raises(InputError, match="no word"):
            adapt_vocabulary(texts, max_tokens=max_tokens, standardize=standardize)
    else:
        assert adapt_vocabulary(texts, max_tokens=max_tokens, standardize=standardize) == expected


@settings(max_examples=60)
@given(texts, st.none() | st.integers(3, 12), st.integers(2, 3), st.sampled_from(STANDARDIZE), st.integers(1, 2))
@example(["a b", "b a a", "b"], None, 2, SPLIT, 1)
def test_rare_tokens_are_left_out(texts, max_tokens, min_documents, standardize, ngrams):
    # Catches: occurrences counted for texts, another order than without the option, n-grams across rare words lost.
    def tokens(text):
        single = words(text, standardize)
        pairs = [" ".join(pair) for pair in itertools.pairwise(single)] if ngrams == 2 else []
        return [*single, *pairs]

    documents = Counter(token for text in texts for token in set(tokens(text)))
    counts = Counter(token for text in texts for token in tokens(text) if documents[token] >= min_documents)
    order = sorted(counts, key=lambda token: (counts[token], token.encode()), reverse=True)
    options = {"max_tokens": max_tokens, "standardize": standardize, "min_documents": min_documents, "ngrams": ngrams}
    if order:
        assert adapt_vocabulary(texts, **options) == ["", "[UNK]", *order][:max_tokens]
    else:
        with pytest.raises(InputError, match="no word"):
            adapt_vocabulary(texts, **options)


def test_only_the_first_words_are_read():
    # Catches: pairs of words across the cut, words beyond it in the vocabulary, texts that are cut by tokens.
    options = {"standardize": DEFAULT, "ngrams": 2, "max_words": 3}
    texts = ["the end. The rest is silence", "the end"]
    vocabulary = adapt_vocabulary(texts, max_tokens=None, **options)
    assert vocabulary == ["", "[UNK]", "the", "the end", "end", "end the"]
    assert [row.tolist() for row in text_encoder(vocabulary, **options)(texts)] == [[2, 4, 2, 3, 5], [2, 4, 3]]


@settings(max_examples=60)
@given(texts, st.integers(3, 30) | st.none(), st.sampled_from(KERAS), st.sampled_from(SPLITS), st.integers(1, 2))
@example(["b a c. a C", "a b "], None, DEFAULT, "character", 2)
def test_vocabulary_is_that_of_keras(texts, max_tokens, standardize, split, ngrams):
    # Catches: other tokens than the chapter's layer finds, or another order among those of the same frequency.
    # NUL at the end of a token is lost on the layer; here it is nothing.
    texts = ["word", *(text.replace("\0", "") for text in texts)]
    plain = keras.layers.TextVectorization(max_tokens, standardize, split, ngrams)
    plain.adapt(texts)
    options = {"standardize": standardize, "split": split, "ngrams": ngrams}
    assert adapt_vocabulary(texts, max_tokens=max_tokens, **options) == plain.get_vocabulary()


@pytest.mark.parametrize("ngrams", [1, 2])
def test_vocabulary_of_many_texts_is_that_of_keras(ngrams):
    # Catches: frequent words in another order than in the chapter, on texts as long and as many as there.
    many = zipf_texts(np.random.default_rng(1).integers(0, 300, 1000).tolist())
    plain = keras.layers.TextVectorization(max_tokens=2000, ngrams=ngrams)
    plain.adapt(many)
    assert adapt_vocabulary(many, max_tokens=2000, standardize=DEFAULT, ngrams=ngrams) == plain.get_vocabulary()


def test_memory_is_that_of_the_longest_text():
    # Catches: all texts padded to the longest one, 500 times its memory.
    many = ["a short text"] * 499 + ["a long text " * 50_000]
    tracemalloc.start()
    vocabulary = adapt_vocabulary(many, max_tokens=None, standardize=DEFAULT, ngrams=3)
    list(text_encoder(vocabulary, standardize=DEFAULT, ngrams=3)(many))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The words of the longest text, each an object of Python; padded, its n-grams alone would be 1.8 GB.
    assert peak < 50e6


def encoded(texts, vocabulary, standardize=DEFAULT, ngrams=1, split="whitespace"):
    rows = list(text_encoder(vocabulary, standardize=standardize, split=split, ngrams=ngrams)(texts))
    assert all(row.dtype == np.int32 and row.ndim == 1 for row in rows)
    return [row.tolist() for row in rows]


@settings(max_examples=60)
@given(texts, texts, st.sampled_from(STANDARDIZE), st.integers(1, 3), st.sampled_from(SPLITS))
@example(["a b"], ["", " ", "...", "a", "zz a", "b\0 a", "[UNK] a", "a b a b"], DEFAULT, 2, "whitespace")
@example(["ab"], ["很好 a", "\xc9a", "🙂a"], DEFAULT, 2, "character")
def test_numbers_are_those_of_the_layer(training, others, standardize, ngrams, split):
    # Catches: unknown words dropped or taken for padding, words of a neighbour, an empty text that gives a token or is
    # lost; other capitals, punctuation, white space or an other order of pairs than Keras has.
    if standardize == SPLIT:
        split = "whitespace"
    options = {"standardize": standardize, "ngrams": ngrams, "split": split}
    vocabulary = adapt_vocabulary(["word", *training], max_tokens=20, **options)
    # Of texts whose tokens stand between spaces the layer changes nothing.
    by_words = {"standardize": None} if standardize == SPLIT else {"standardize": standardize}
    layer = keras.layers.TextVectorization(**by_words, split=split, ngrams=ngrams, vocabulary=vocabulary)
    # NUL at the end of a token is lost on the layer; here it is nothing.
    plain = [" ".join(words(text, SPLIT)) if standardize == SPLIT else text.replace("\0", "") for text in others]
    rows = [np.asarray(layer([text]))[0] for text in plain]
    assert encoded(others, vocabulary, **options) == [row[row != 0].tolist() for row in rows]


@pytest.mark.parametrize("length", [1, 7, 600])
def test_numbers_are_those_of_the_layer_of_the_chapter(length):
    # Catches: whole reviews that, cut and padded later, are not what output_sequence_length makes of them.
    lengths = [0, 1, 6, 7, 8, 599, 600, 601, 2000]
    many = zipf_texts(lengths)
    vocabulary = adapt_vocabulary(many, max_tokens=300, standardize=DEFAULT)
    layer = keras.layers.TextVectorization(max_tokens=300, output_sequence_length=length)
    layer.adapt(many)
    rows = [(row + [0] * length)[:length] for row in encoded(many, vocabulary)]
    np.testing.assert_array_equal(rows, np.asarray(layer(many)))


@pytest.mark.parametrize("count", [0, 1, 700])
def test_numbers_of_many_texts(count):
    # Catches: texts that are lost or change places.
    lengths = np.random.default_rng(1).integers(0, 30, count).tolist()
    many = zipf_texts(lengths) if count else []
    vocabulary = expected_vocabulary(["word", *many], 500, DEFAULT)
    place = {word: number for number, word in enumerate(vocabulary)}
    rows = encoded(many, vocabulary)
    assert [len(row) for row in rows] == lengths
    assert rows == [[place.get(word, 1) for word in words(text, DEFAULT)] for text in many]


UNICODE = {"standardize": "unicode_lower_and_strip_punctuation"}


def test_the_words_of_other_languages():
    # Catches: capitals and quotes of German that stay, an accent that makes two words of one, signs that Keras strips
    # and Unicode counts as symbols, a space that is not that of ASCII; sentences of Chinese that are a token.
    texts = ["SCHÖN „Ende“", "sch\u006f\u0308n — «ende»\u3000ENDE\xa0$1+1", "¿QUÉ?"]
    vocabulary = adapt_vocabulary(texts, max_tokens=None, **UNICODE)
    assert vocabulary == ["", "[UNK]", "ende", "schön", "qué", "11"]
    assert encoded(texts, vocabulary, **UNICODE) == [[3, 2], [3, 2, 2, 5], [4]]
    chinese = ["很好看的电影", "很无聊"]
    assert adapt_vocabulary(chinese, max_tokens=4, standardize=DEFAULT, split="character")[2] == "很"
    assert [len(row) for row in encoded(chinese, ["", "[UNK]", "很"], split="character")] == [6, 3]


@given(st.text())
def test_unicode_is_standardized_once_and_for_all(text):
    # Catches: forms of the same word that differ, punctuation that is left, and white space in a word.
    vocabulary = adapt_vocabulary([f"{text} x"], max_tokens=None, **UNICODE)[2:]
    assert {word: unicodedata.normalize("NFC", word.lower()) for word in vocabulary} == {w: w for w in vocabulary}
    assert not [c for word in vocabulary for c in word if unicodedata.category(c)[0] == "P" or c.isspace()]
    assert adapt_vocabulary([" ".join(vocabulary)], max_tokens=None, **UNICODE)[2:] == sorted(vocabulary)[::-1]


OWN = """
def clean(text):
    return text.replace("0", "zero ")

def words(text):
    return text.replace("+", chr(0)).split("-")
"""


def own_settings(path):
    """How the functions in a file make tokens."""
    functions = {"standardize": f"{path}:clean", "split": f"{path}:words"}
    return SETTINGS | functions | {"functions": {str(path): file_digest(path)}}


def test_functions_of_ones_own(tmp_path, monkeypatch):
    # Catches: one that is not called, an empty word that is taken for padding, one called [UNK] that is there twice; a
    # file that is looked for where the command runs, and not where the workflow does.
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    settings = own_settings(Path("mine.py"))
    texts = ["a-A b--[UNK]-+", "0-a\0"]
    tokens = adapt_vocabulary(texts, max_tokens=None, **settings)
    assert tokens == ["", "[UNK]", "a", "zero ", "A b"]
    write_settings(tmp_path / "settings.json", settings | {"max_tokens": None, "min_documents": 1})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    encode = text_encoder(tokens, **read_settings(tmp_path / "settings.json", Path("..")))
    assert [row.tolist() for row in encode(texts)] == [[2, 4, 1], [3, 2]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'return text.replace("+", chr(0)).split("-")',
            "return text",
            r"mine\.py:words returns 'a' for the text 'a', and not a list of text",
        ),
        ('return text.replace("+", chr(0)).split("-")', "return [1]", r"mine\.py:words returns \[1\] for"),
        ('text.replace("0", "zero ")', "None", r"mine\.py:clean returns None for the text 'a', and not text"),
        ('text.replace("0", "zero ")', "chr(0xd800)", r"mine\.py:clean returns half a character"),
        ('"zero "', "1 / 0", r"mine\.py:clean fails for the text 'a': ZeroDivisionError: division by zero \(line 3\)"),
        ("def words", "def word", r"mine\.py has no function words"),
        ("def clean", "clean = 1\ndef tidy", r"mine\.py has no function clean"),
        (
            "def clean",
            "import nothing_of_this_name\ndef clean",
            r"mine\.py cannot be run: ModuleNotFoundError: .* \(line 2\)",
        ),
        ("def clean", "def", r"mine\.py cannot be run: SyntaxError: .* \(line 2\)"),
    ],
)
def test_functions_that_fail_are_named(tmp_path, old, new, message):
    # Catches: a traceback from the depths of the tokenizer, without the place in the user's file.
    assert old in OWN
    path = tmp_path / "mine.py"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(InputError, match=message):
        adapt_vocabulary(["a"], max_tokens=None, **own_settings(path))


def test_other_code_than_that_of_the_vocabulary_is_refused(tmp_path):
    # Catches: tokens by code that has been edited since, or is not there; a syntax error of another machine.
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    settings = own_settings(path)
    path.write_text(OWN.replace("zero", "nil"))
    with pytest.raises(InputError, match=r"mine\.py has changed since the vocabulary was made with it\. Run snakemake"):
        text_encoder(["", "[UNK]"], **settings)
    path.unlink()
    with pytest.raises(InputError, match=r"mine\.py, which makes tokens of the texts, cannot be read"):
        text_encoder(["", "[UNK]"], **settings)


tokens = st.text(characters, min_size=1).filter(lambda token: token != "[UNK]")


@given(st.lists(tokens, unique=True))
@example(["a", '"', "\\", "\\n", "\x85", "\u2028", "\r", "\n", "a\n", " ", "\xe9", "\U0001f600", "null"])
def test_vocabulary_comes_back_from_its_file(tmp_path_factory, tokens):
    # Catches: lines broken at characters inside a token, quotes, changes of the encoding.
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.json"
    write_vocabulary(path, ["", "[UNK]", *tokens])
    assert read_vocabulary(path) == ["", "[UNK]", *tokens]
    # One token on each line, for people and their tools.
    assert len(path.read_bytes().splitlines()) == len(tokens) + 4


def refused(path):
    with pytest.raises(InputError) as caught:
        read_vocabulary(path)
    assert str(path) in str(caught.value)
    assert "Delete it and run again" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b'["", "[UNK]", "caf\xc3\xa9"]',
        b"the\na\n",
        b"null",
        b"3",
        b'{"": 0, "[UNK]": 1}',
        b'"text"',
        b"[]",
        b'["", "[UNK]", 3]',
        b'["", "[UNK]", ["a"]]',
        b'["[UNK]", "", "a"]',
        b'["the", "a"]',
        b'["", "[UNK]", "a", "b", "a"]',
        b'["", "[UNK]", ""]',
    ],
)
def test_other_files_are_refused(tmp_path, content):
    # Catches: a file of something else that fails or misleads further on: every token would have another number.
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content)
    refused(path)


def test_every_truncation_is_refused(tmp_path):
    # Catches: half a vocabulary taken for a small one.
    path = tmp_path / "vocabulary.json"
    write_vocabulary(path, ["", "[UNK]", "a", "\x85", '"'])
    content = path.read_bytes().rstrip()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        refused(path)


def test_no_file_is_refused(tmp_path):
    # Catches: an exception that does not say what to do.
    refused(tmp_path / "vocabulary.json")


TRAINING = ["The film, the FILM! The...", "a film\x85 of a year", "", "bad bad bad bad"]
TEST = ["unseen unseen unseen unseen unseen the", "...", "film<br />film the film"]


def write_split(path, texts):
    write_reviews(path, [Review(f"x/pos/{i:04}_9", ["pos", "neg"][i == 0], "", text) for i, text in enumerate(texts)])


def test_scripts_from_reviews_to_arrays(tmp_path, capsys):
    # Catches: a vocabulary that has seen test reviews (its most frequent word is in them alone), files mixed up, labels
    # or names that go to other reviews, and a log without the sizes.
    write_split(tmp_path / "train.parquet", TRAINING)
    write_split(tmp_path / "test.parquet", TEST)
    vocabulary = tmp_path / "vocabulary.json"
    settings = tmp_path / "settings.json"
    adapt_vectorizer.main(tmp_path / "train.parquet", vocabulary, settings, max_tokens=6, min_documents=1, **SETTINGS)
    assert read_vocabulary(vocabulary) == ["", "[UNK]", "bad", "the", "film", "a"]
    assert "6 tokens" in capsys.readouterr().out
    write_split(tmp_path / "none.parquet", [])
    encode_reviews.main(
        [tmp_path / "train.parquet", tmp_path / "test.parquet", tmp_path / "none.parquet"],
        vocabulary,
        settings,
        [tmp_path / "train.arrow", tmp_path / "test.arrow", tmp_path / "none.arrow"],
        students=[],
    )
    test = read_encoded(tmp_path / "test.arrow")
    assert test.ids == ["x/pos/0000_9", "x/pos/0001_9", "x/pos/0002_9"]
    assert test.labels.tolist() == [0, 1, 1]
    assert test.classes == ["neg", "pos"]
    assert test.tokens.tolist() == [1, 1, 1, 1, 1, 3, 1, 4, 3, 4]
    assert test.offsets.tolist() == [0, 6, 6, 10]
    assert read_encoded(tmp_path / "train.arrow").offsets.tolist() == [0, 5, 10, 10, 14]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("train: 4 reviews, 14 tokens")
    assert (
        lines[1] == "test: 3 reviews, 10 tokens, 60.0% of them unknown; length: mean 3.3, median 4, longest 6, empty 1"
    )
    # A corpus may lack the unlabelled reviews.
    assert read_encoded(tmp_path / "none.arrow").ids == []
    assert lines[2] == "none: no reviews"


def test_script_splits_an_archive(tmp_path, capsys):
    # Catches: splits that change places, a fraction or seed that is not passed on, and a log without the sizes.
    archive = tmp_path / "aclImdb_v1.tar.gz"
    reviews = tmp_path / "reviews"
    for folder in ("train/neg", "train/pos", "train/unsup", "test/neg", "test/pos"):
        (reviews / folder).mkdir(parents=True)
        for i in range(10):
            (reviews / folder / f"{i}_{0 if folder == 'train/unsup' else 9}.txt").write_text(f"{folder} {i}")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(reviews, "aclImdb")
    names = []
    for seed in (1337, 1338):
        paths = [tmp_path / f"{split}{seed}.parquet" for split in ("train", "validation", "test", "unlabelled")]
        split_corpus.main(
            [archive],
            *paths,
            tmp_path / "corpus.csv",
            splits=[],
            layout=LAYOUT,
            min_texts_per_class=0,
            keep_copies_together=False,
            test_fraction=0.5,
            validation_fraction=0.3,
            seed=seed,
        )
        assert capsys.readouterr().err.splitlines() == [
            "train: 14 reviews ('neg' 7, 'pos' 7) of 2.0 words on average",
            "validation: 6 reviews ('neg' 3, 'pos' 3) of 2.0 words on average",
            "test: 20 reviews ('neg' 10, 'pos' 10) of 2.0 words on average",
            "unlabelled: 10 reviews (no class) of 2.0 words on average",
        ]
        tables = [read_reviews(path).to_pylist() for path in paths]
        assert [len(table) for table in tables] == [14, 6, 20, 10]
        assert {row["text"][:4] for row in tables[2]} == {"test"}
        assert {row["text"][:11] for row in tables[3]} == {"train/unsup"}
        names.append([row["id"] for row in tables[1]])
    assert names[0] != names[1]


def test_script_writes_the_vectors_of_a_vocabulary(tmp_path, capsys):
    # Catches: rows of other tokens, a matrix that only Python can read, and a log that does not say which words have
    # no vector.
    vocabulary, vectors, matrix = (tmp_path / name for name in ("vocabulary.json", "glove.txt", "matrix.npy"))
    write_vocabulary(vocabulary, ["", "[UNK]", "the", "film\x85", "film", "a"])
    vectors.write_text("film 1.5 -2\nother 9 9\nthe 0.25 3e2\n")
    build_glove_matrix.main(vectors, vocabulary, matrix, dimension=2)
    rows = np.load(matrix, allow_pickle=False)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0], [0, 0], [0.25, 300], [0, 0], [1.5, -2], [0, 0]]
    counts, missing = capsys.readouterr().out.splitlines()
    assert counts.startswith("2 of 6 tokens have a vector")
    assert missing == r"'film\x85' 'a'"


def test_scripts_write_the_same_bytes_in_any_process(tmp_path):
    # Catches: an order that depends on the hashes of a process.
    many = zipf_texts(np.random.default_rng(1).integers(0, 200, 1000).tolist())
    write_split(tmp_path / "train.parquet", many)
    written = set()
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        code = f"""
from pathlib import Path
import adapt_vectorizer, encode_reviews
reviews, folder = Path({str(tmp_path / "train.parquet")!r}), Path({str(folder)!r})
vocabulary, settings = folder / "vocabulary.json", folder / "settings.json"
options = dict(max_tokens=1000, min_documents=1)
adapt_vectorizer.main(reviews, vocabulary, settings, **{SETTINGS!r}, **options)
encode_reviews.main([reviews], vocabulary, settings, [folder / "train.arrow"], students=[])
"""
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(adapt_vectorizer.__file__).parent),
            "PYTHONHASHSEED": str(seed),
        }
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
        written.add(((folder / "vocabulary.json").read_bytes(), (folder / "train.arrow").read_bytes()))
    ((vocabulary, _),) = written
    assert json.loads(vocabulary) == expected_vocabulary(many, 1000, DEFAULT)
