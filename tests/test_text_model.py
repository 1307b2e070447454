"""Models that read text, against the vectorizer and the prediction of the pipeline; on TensorFlow, as they are made."""

import json
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_keras import complete

import export_model
from wordorder.app.export import TextClassifier, distinct
from wordorder.data.encoded import EncodedReviews, joined
from wordorder.data.sources import file_digest
from wordorder.data.vectorizer import text_encoder, write_settings, write_vocabulary
from wordorder.inference import predict, save_model
from wordorder.io.errors import InputError
from wordorder.models.network import build_model

assert keras.backend.backend() == "tensorflow"

SETTINGS = {
    "standardize": "lower_and_strip_punctuation",
    "split": "whitespace",
    "strip_html": False,
    "ngrams": 1,
    "max_words": None,
}
VOCABULARY = [
    "",
    "[UNK]",
    "good",
    "bad",
    "film",
    "the",
    "not",
    "moviebr",
    "movie",
    "good film",
    "not good",
    "the film",
    " ",
    "t",
]
TEXTS = [
    "That was a GOOD, good film!",
    "the movie<br />the film: not\x00 bad",
    "",
    "unseen words only",
    "bad " * 30 + "good",
]
LSTM = {"features": "embedding", "dimension": 4, "units": 3, "mask": True, "sequence_length": 20}
BAG = {"model": "bag_of_words", "units": 3}
TRANSFORMER = {"model": "transformer", **LSTM, "heads": 2}
MODELS = {
    "masked": (LSTM, {}),
    "unmasked": ({"features": "one_hot", "units": 3, "sequence_length": 20}, {}),
    "characters": (LSTM, {"split": "character", "max_words": 9}),
    "punctuation": (LSTM, {"standardize": "lower_and_split_punctuation"}),
    "the first words": (BAG | {"features": "binary"}, {"ngrams": 2, "max_words": 3}),
    "whole, pooled, without tags": (LSTM | {"pooling": "max", "sequence_length": None}, {"strip_html": True}),
    "binary bigrams": (BAG | {"features": "binary"}, {"ngrams": 2}),
    "tf-idf": (BAG | {"features": "tf_idf"}, {"ngrams": 2}),
    "nb_lr": ({"model": "nb_lr", "features": "binary", "C": 1.0}, {"ngrams": 2}),
    "transformer": (TRANSFORMER, {}),
    "convolution": ({"model": "convolution", "features": "one_hot", "region": 3, "units": 3}, {}),
}


def made(name, classes=2):
    """The model of that name with random weights, and how its vectorizer works."""
    settings, changes = MODELS[name]
    model = build_model(complete(**settings), len(VOCABULARY), "abc"[:classes], 1)
    generator = np.random.default_rng(1)
    model.set_weights([generator.normal(size=weight.shape) for weight in model.get_weights()])
    return model, SETTINGS | changes


def expected(model, vectorizer):
    """What the pipeline predicts for the texts."""
    sequences = list(text_encoder(VOCABULARY, **vectorizer)(TEXTS))
    data = EncodedReviews(list("abcde"), np.full(5, -1), *joined(sequences), [])
    return predict(model, data).reshape(len(TEXTS), -1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_of_the_pipeline(tmp_path, name, classes):
    # Catches: another tokenization, cut or padding than in the pipeline; tokens counted twice where they count once; a
    # file that gives another model back.
    model, vectorizer = made(name, classes)
    classifier = TextClassifier(model, VOCABULARY, **vectorizer)
    wanted = expected(model, vectorizer)
    assert np.ptp(wanted) > 0.01
    assert classifier(tf.constant(TEXTS)).numpy() == pytest.approx(wanted, abs=1e-6)
    # Alone, where the batch has no longer text.
    assert classifier(tf.constant(TEXTS[:1])).numpy() == pytest.approx(wanted[:1], abs=1e-6)
    classifier.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded(tf.constant(TEXTS)).numpy() == pytest.approx(wanted, abs=1e-6)


def test_distinct_tokens():
    # Catches: a token that is lost altogether, one that is left twice.
    rows = distinct(tf.constant([[5, 2, 5, 5, 0], [3, 3, 1, 2, 1]])).numpy()
    assert [sorted(row[row > 0]) for row in rows] == [[2, 5], [1, 2, 3]]


SERVED = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
assert list(served.structured_input_signature[1]) == ["text"]
answer = served(text=tf.constant(json.loads(sys.argv[2])))
labels = [[label.decode() for label in row] for row in answer["labels"].numpy().tolist()]
print(json.dumps([answer["probability"].numpy().tolist(), labels]))
assert "wordorder" not in sys.modules
"""


@pytest.mark.parametrize(("name", "classes"), [("masked", 3), ("binary bigrams", 2)])
def test_served_without_the_code_of_the_project(tmp_path, name, classes):
    # Catches: a SavedModel that needs a class of ours, or Keras, or whose numbers are others; one that does not tell
    # which class they are of, in a row for each text, or that TensorFlow Serving does not find; a date in
    # a file.
    model, vectorizer = made(name, classes)
    save_model(model, tmp_path / "model.keras")
    write_vocabulary(tmp_path / "vocabulary.json", VOCABULARY)
    write_settings(tmp_path / "settings.json", {"max_tokens": 100, "functions": {}, **vectorizer})
    files = [tmp_path / name for name in ("model.keras", "training.json", "vocabulary.json", "settings.json")]
    digests = {"model": file_digest(files[0]), "vocabulary": file_digest(files[2])}
    files[1].write_text(json.dumps({"variant": "a", "seed": 1, "digests": digests}))
    export_model.main(*files, tmp_path / "text_model.keras", tmp_path / "saved_model", threads=1)
    command = [sys.executable, "-c", SERVED, tmp_path / "saved_model/1", json.dumps(TEXTS)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    probabilities, labels = json.loads(run.stdout)
    assert labels == [list("abc"[:classes])] * len(TEXTS)
    assert np.array(probabilities) == pytest.approx(expected(model, vectorizer), abs=1e-6)
    # Whole, or not there; without the time at which it was made.
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with zipfile.ZipFile(tmp_path / "text_model.keras") as archive:
        assert json.loads(archive.read("metadata.json")).keys() == {"keras_version"}
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_what_cannot_be_exported_is_refused(tmp_path):
    # Catches: a vocabulary of another training in an export, one that reads words in another order than its model, or
    # splits them otherwise.
    model, vectorizer = made("masked")
    shuffled = build_model(complete(**LSTM, word_order="shuffled"), len(VOCABULARY), "ab", 1)
    write_settings(tmp_path / "settings.json", {"max_tokens": 100, "functions": {}, **vectorizer})
    files = [tmp_path / name for name in ("model.keras", "training.json", "vocabulary.json", "settings.json")]
    unicode = {"standardize": "unicode_lower_and_strip_punctuation"}
    own = {"split": "mine.py:words", "functions": {"mine.py": "sha256:0"}}
    for network, tokens, changes, message in (
        (model, [*VOCABULARY, "another"], {}, r"vocabulary\.json is not the one of .*training\.json"),
        (shuffled, VOCABULARY, {}, "random order"),
        (model, VOCABULARY, unicode, "standardized or split by Python code, which no export can hold"),
        (model, VOCABULARY, own, "standardized or split by Python code, which no export can hold"),
    ):
        write_settings(tmp_path / "settings.json", {"max_tokens": 100, "functions": {}, **vectorizer, **changes})
        save_model(network, files[0])
        write_vocabulary(files[2], VOCABULARY)
        digests = {"model": file_digest(files[0]), "vocabulary": file_digest(files[2])}
        files[1].write_text(json.dumps({"variant": "a", "seed": 1, "digests": digests}))
        write_vocabulary(files[2], tokens)
        with pytest.raises(InputError, match=message):
            export_model.main(*files, tmp_path / "text_model.keras", tmp_path / "saved_model", threads=1)
    assert not (tmp_path / "text_model.keras").exists()
