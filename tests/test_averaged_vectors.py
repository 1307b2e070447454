"""Logistic regression on averaged vectors, against scikit-learn. Runs on either backend."""

import numpy as np
import pytest
from plain_keras import complete
from sklearn.linear_model import LogisticRegression

from wordorder.data.encoded import EncodedReviews
from wordorder.inference import load_model, predict, save_model
from wordorder.io.errors import InputError
from wordorder.models.network import build_model
from wordorder.training.checkpoint import Checkpoints
from wordorder.training.loop import train_model

SETTINGS = complete("averaged_vectors", features="glove", C=3.0)
VOCABULARY, DIMENSION = 30, 4
VECTORS = np.random.default_rng(0).normal(size=(VOCABULARY, DIMENSION)).astype("float32")


def made_up(number, classes, seed):
    """Reviews of 0 to 8 tokens, the first of them empty; each class prefers some tokens."""
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % classes
    sequences = [np.array([], np.int32)]
    for label in labels[1:]:
        preferred = rng.integers(2, VOCABULARY, 8) // classes * classes + label
        sequences.append(np.clip(preferred[: rng.integers(1, 9)], 1, VOCABULARY - 1).astype(np.int32))
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sequences])])
    names = [f"class{i}" for i in range(classes)]
    return EncodedReviews(
        [str(i) for i in range(number)], labels.astype(np.int8), np.concatenate(sequences), offsets, names
    )


def means(data):
    return np.array(
        [
            VECTORS[data.tokens[a:b]].mean(axis=0) if b > a else np.zeros(DIMENSION)
            for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)
        ]
    )


@pytest.mark.parametrize(("classes", "class_weight"), [(2, None), (3, None), (2, "balanced"), (3, "balanced")])
def test_probabilities_are_those_of_scikit_learn(tmp_path, classes, class_weight):
    # Catches: sums in place of means, padding or tokens that count twice or not at all, classes that change places; a
    # model that is another after it was saved; weights of classes that are not passed on.
    training, others = made_up(200, classes, 1), made_up(50, classes, 2)
    # More of some classes than of others.
    training = training.take(np.flatnonzero((training.labels > 0) | (np.arange(200) % 3 == 0)))
    settings = SETTINGS | ({"class_weight": class_weight} if class_weight else {})
    model = build_model(settings, VOCABULARY, training.classes, 1, VECTORS)
    train_model(model, training, others, 1, Checkpoints(tmp_path / "checkpoints", ""))
    classifier = LogisticRegression(C=3.0, class_weight=class_weight, solver="newton-cg", tol=1e-8)
    classifier.fit(means(training), training.labels)
    expected = classifier.predict_proba(means(others))
    expected = expected[:, 1] if classes == 2 else expected
    np.testing.assert_allclose(predict(model, others), expected, atol=1e-4)
    assert np.ptp(expected) > 0.5
    save_model(model, tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(load_model(tmp_path / "model.keras"), others), predict(model, others))
    np.testing.assert_array_equal(model.token_table.rows, VECTORS)


def test_a_class_without_reviews_is_refused(tmp_path):
    # Catches: a classifier of fewer classes than there are.
    training = made_up(20, 2, 1)
    training = training.take(np.flatnonzero(training.labels == 0))
    model = build_model(SETTINGS, VOCABULARY, training.classes, 1, VECTORS)
    with pytest.raises(InputError, match="not of all classes"):
        train_model(model, training, made_up(20, 2, 2), 1, Checkpoints(tmp_path / "checkpoints", ""))
