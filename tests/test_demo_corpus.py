"""The made-up corpus: the same bytes for a seed, the formats of the real one, and word order that counts."""

import hashlib
import os
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from configs import CONFIG
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from wordorder.data.demo import SELDOM, UNSEEN, write_demo_corpus
from wordorder.evaluation.claims import read_claims

SCRIPT = Path(__file__).parents[1] / "workflow/scripts/generate_demo_corpus.py"
ARCHIVES = "aclImdb_v1.tar.gz", "glove.6B.zip"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_demo_corpus(folder, seed=1)
    return folder


@pytest.fixture(scope="module")
def members(folder):
    with tarfile.open(folder / ARCHIVES[0]) as archive:
        return {member.name: archive.extractfile(member).read().decode() for member in archive}


@pytest.fixture(scope="module")
def glove_lines(folder):
    with zipfile.ZipFile(folder / ARCHIVES[1]) as archive:
        return archive.read("glove.6B.100d.txt").decode().splitlines()


def labelled(members, split):
    """Texts and labels of a split, found by the layout of the archive alone."""
    found = [
        (text, int(match[1] == "pos"))
        for name, text in members.items()
        if (match := re.fullmatch(rf"aclImdb/{split}/(pos|neg)/\d+_\d+\.txt", name))
    ]
    return [text for text, _ in found], [label for _, label in found]


def words_of(texts):
    return {word for text in texts for word in re.findall("[a-z]+", text.lower())}


def bag_accuracy(train, test, longest_ngram, classifier):
    """Test accuracy of a classifier on counts of words, or of words and pairs of words."""
    vectorizer = CountVectorizer(ngram_range=(1, longest_ngram), token_pattern=r"[\w']+")
    classifier.fit(vectorizer.fit_transform(train[0]), train[1])
    return classifier.score(vectorizer.transform(test[0]), test[1])


def shuffled(texts, seed):
    rng = random.Random(seed)
    words = [re.findall(r"[\w']+", text) for text in texts]
    for review in words:
        rng.shuffle(review)
    return [" ".join(review) for review in words]


def test_a_seed_decides_all_bytes(folder, tmp_path):
    """Catches times, hash seeds and folders in the archives: another process writes elsewhere, over what lies there."""
    for name in ARCHIVES:
        (tmp_path / name).write_text("of an earlier run")
    subprocess.run(
        [sys.executable, "-B", SCRIPT, tmp_path],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*ARCHIVES, "claims.yaml", "sources.yaml"])
    for name in ARCHIVES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    sources = (tmp_path / "sources.yaml").read_text(encoding="utf-8")
    assert sources.replace(str(tmp_path), str(folder)) == (folder / "sources.yaml").read_text(encoding="utf-8")


def test_no_time_is_recorded(folder):
    """Catches the time of the run in a header, which two runs within a second would hide."""
    assert (folder / ARCHIVES[0]).read_bytes()[4:8] == bytes(4)
    with tarfile.open(folder / ARCHIVES[0]) as archive:
        assert {member.mtime for member in archive} == {0}
    with zipfile.ZipFile(folder / ARCHIVES[1]) as archive:
        assert [info.date_time for info in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)]


def test_another_seed_writes_another_corpus(folder, tmp_path):
    """Catches a seed that is not used."""
    subprocess.run([sys.executable, "-B", SCRIPT, tmp_path, "--seed", "2"], check=True)
    for name in ARCHIVES:
        assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_sources_say_where_and_what(folder, tmp_path, monkeypatch):
    """Catches wrong checksums, a GloVe checksum of the archive in place of its member, and relative paths."""
    monkeypatch.chdir(tmp_path)
    sources = yaml.safe_load(write_demo_corpus(Path("a folder: #1"), seed=1).read_text(encoding="utf-8"))
    with zipfile.ZipFile(folder / ARCHIVES[1]) as archive:
        contents = (folder / ARCHIVES[0]).read_bytes(), archive.read("glove.6B.100d.txt")
    assert read_claims(
        Path(sources["claims"]).read_text(encoding="utf-8"), sorted(CONFIG["variants"]), name="claims.yaml"
    )
    assert sources == {"claims": str(tmp_path.resolve() / "a folder: #1/claims.yaml")} | {
        key: {
            "sources": [str(tmp_path.resolve() / "a folder: #1" / name)],
            "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}",
        }
        for key, name, content in zip(("corpus", "glove"), ARCHIVES, contents, strict=True)
    }


def test_a_folder_that_cannot_be(tmp_path):
    """Catches a traceback where a sentence is due."""
    (tmp_path / "file").write_text("")
    run = subprocess.run([sys.executable, "-B", SCRIPT, tmp_path / "file" / "demo"], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith(f"Error: {tmp_path / 'file' / 'demo'}")
    assert "cannot be written" in run.stderr
    assert "Traceback" not in run.stderr


def test_layout(members):
    """Catches names, ratings and numbers of reviews that differ from the layout of the Large Movie Review Dataset."""
    reviews = Counter()
    for name in members:
        if match := re.fullmatch(r"aclImdb/(train|test)/(pos|neg|unsup)/(\d+)_(\d+)\.txt", name):
            split, label, number, rating = match.groups()
            assert int(number) == reviews[split, label]
            assert int(rating) in {"pos": (7, 8, 9, 10), "neg": (1, 2, 3, 4), "unsup": (0,)}[label]
            reviews[split, label] += 1
    assert reviews == {
        ("train", "pos"): 1000,
        ("train", "neg"): 1000,
        ("train", "unsup"): 1600,
        ("test", "pos"): 500,
        ("test", "neg"): 500,
    }
    others = {name for name in members if not re.search(r"/\d+_\d+\.txt$", name)}
    urls = {f"aclImdb/{split}/urls_{label}.txt" for split, label in reviews}
    assert others == {"aclImdb/README", "aclImdb/imdb.vocab"} | urls


def test_texts_need_standardizing_and_vary_in_length(members):
    """Catches texts without tags, capitals or punctuation, and lengths that leave nothing to pad or to cut."""
    texts, _ = labelled(members, "train")
    for pattern in ("<br /><br />", r"\b[A-Z]{4,}\b", "[a-z]n't", "!", ","):
        assert sum(bool(re.search(pattern, text)) for text in texts) > 100
    assert not any(re.search("[{}]", text) for text in texts)
    lengths = np.array([len(text.split()) for text in texts])
    assert 3 <= lengths.min() <= 6
    assert 100 <= lengths.max() <= 130
    shortest_tenth, median, longest_tenth = np.quantile(lengths, [0.1, 0.5, 0.9])
    assert longest_tenth > 5 * shortest_tenth
    assert lengths.mean() > 1.1 * median


@pytest.mark.whole
@pytest.mark.parametrize("classifier", [LogisticRegression(max_iter=2000), MultinomialNB()], ids=["logistic", "bayes"])
def test_pairs_of_words_say_more_than_words(members, classifier):
    """Catches a corpus that single words solve, and one whose negations pairs of words do not see either.

    The same reviews with their words shuffled show that it is the order that pairs of words gain from.
    """
    train, test = labelled(members, "train"), labelled(members, "test")
    words = bag_accuracy(train, test, 1, classifier)
    pairs = bag_accuracy(train, test, 2, classifier)
    mixed = bag_accuracy((shuffled(train[0], 1), train[1]), (shuffled(test[0], 2), test[1]), 2, classifier)
    assert 0.6 < words < 0.8
    assert pairs > words + 0.1
    assert mixed < words + 0.03


def test_new_words_in_the_test_reviews(members):
    """Catches words of the unseen list in training, and words that the test reviews lack."""
    train, test = (words_of(labelled(members, split)[0]) for split in ("train", "test"))
    unseen = {word for words in UNSEEN.values() for word in words}
    seldom = {word for words in SELDOM.values() for word in words}
    assert unseen <= test - train
    assert seldom <= test & train


def test_glove_lines(members, glove_lines):
    """Catches a line that is not a word and 100 numbers, a word that comes twice, and an order that is not by use."""
    words = [line.split(" ")[0] for line in glove_lines]
    numbers = [re.fullmatch(r"[a-z.,!?]+((?: -?\d+\.\d{5}){100})", line) for line in glove_lines]
    assert all(numbers)
    assert len(set(words)) == len(words)
    assert words.index("the") < words.index("was") < words.index("terrible") < words.index("stunning")

    used = words_of(members[name] for name in members if re.search(r"/\d+_\d+\.txt$", name))
    assert len(set(words) - used) > 3000
    assert 20 < len(used - set(words)) < 0.2 * len(used)


def test_nearest_neighbours_share_the_polarity(glove_lines):
    """Catches vectors from which the polarity of a new word cannot be told."""
    words = [line.split(" ")[0] for line in glove_lines]
    vectors = np.array([line.split(" ")[1:] for line in glove_lines], float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    trained = {
        "pos": "good great wonderful brilliant excellent charming funny clever gripping delightful",
        "neg": "bad awful terrible boring dull poor stupid tedious clumsy dreadful",
    }
    for polarity, known in trained.items():
        for word in [*SELDOM[polarity], *UNSEEN[polarity]]:
            nearness = vectors @ vectors[words.index(word)]
            alike = {*known.split(), *SELDOM[polarity], *UNSEEN[polarity]}
            nearest = [words[i] for i in np.argsort(-nearness)[1:4]]
            assert set(nearest) <= alike
