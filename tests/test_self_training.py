"""Soft labels: on disk, their mean over the teachers, and a training with them, against plain Keras and SciPy."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_keras import complete
from scipy.special import expit, log_softmax, logit, softmax

from wordorder.data.encoded import EncodedReviews, joined
from wordorder.inference import predict
from wordorder.io.errors import InputError
from wordorder.models.network import build_model
from wordorder.probabilities import mean_of_logits
from wordorder.training.checkpoint import Checkpoints
from wordorder.training.loop import Trainer, train_model
from wordorder.training.self_training import read_soft_labels, with_soft_labels, write_soft_labels

TWO, THREE = ["no", "yes"], ["a", "b", "c"]
# Of two reviews, as `predict` gives them.
SOFT = {2: np.array([0.25, 1], np.float32), 3: np.array([[0.25, 0.5, 0.25], [0, 0, 1]], np.float32)}


def reviews(names, labels, texts, classes=TWO):
    tokens = joined([np.array(text, np.int32) for text in texts])
    return EncodedReviews(list(names), np.array(labels), *tokens, classes)


@given(st.lists(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3), min_size=1, max_size=4))
def test_mean_is_that_of_the_logits(probabilities):
    # Catches: a mean of the probabilities, a mean over the reviews instead of the teachers.
    assert mean_of_logits(np.array(probabilities)) == pytest.approx(expit(logit(probabilities).mean(axis=0)), abs=1e-5)


logits = st.lists(st.floats(-4, 4), min_size=3, max_size=3)


@given(st.lists(st.lists(logits, min_size=2, max_size=2), min_size=1, max_size=4))
def test_mean_over_more_classes_is_that_of_the_logits(values):
    # Catches: a mean over the classes, a mean of the probabilities, rows that do not add up to 1.
    mean = mean_of_logits(softmax(np.array(values), axis=-1))
    assert mean == pytest.approx(softmax(log_softmax(values, axis=-1).mean(axis=0), axis=-1), abs=1e-4)


def test_two_classes_are_a_case_of_more():
    # Catches: students that learn something else as soon as a class is added.
    second = np.array([[0.2, 0.9], [0.4, 0.7]])
    of_both = mean_of_logits(np.stack([1 - second, second], axis=-1))
    assert of_both[:, 1] == pytest.approx(mean_of_logits(second), abs=1e-6)


def test_mean_of_the_certain():
    # Catches: infinite logits, of which two make NaN.
    assert np.isfinite(mean_of_logits(np.eye(3)[None])).all()
    assert mean_of_logits(np.array([[0, 1, 1], [1, 1, 0.5]], np.float32)) == pytest.approx([0.5, 1, 0.999], abs=1e-3)


def test_unlabelled_reviews_follow_the_labelled_ones():
    # Catches: reviews with the tokens or the label of another, labels cut to whole numbers.
    data = with_soft_labels(
        reviews("ab", [1, 0], [[5, 6], [7]]), reviews("cd", [-1, -1], [[8], [9, 2, 3]]), np.array([0.25, 0.75])
    )
    assert data.ids == ["a", "b", "c", "d"]
    assert list(data.labels) == [1, 0, 0.25, 0.75]
    texts = [list(data.tokens[a:b]) for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]
    assert texts == [[5, 6], [7], [8], [9, 2, 3]]


def test_unlabelled_reviews_of_three_classes():
    # Catches: hard labels beside soft ones in one array, the probability of another class.
    data = with_soft_labels(
        reviews("ab", [2, 0], [[5, 6], [7]], THREE), reviews("cd", [-1, -1], [[8], [9, 2, 3]], []), SOFT[3]
    )
    assert data.labels.tolist() == [[0, 0, 1], [1, 0, 0], [0.25, 0.5, 0.25], [0, 0, 1]]
    assert (data.labels.dtype, data.classes) == (np.float32, THREE)


def test_no_unlabelled_reviews_are_refused():
    # Catches: a student that is trained without a word on the labelled reviews alone.
    with pytest.raises(InputError, match=r"no unlabelled reviews.*corpus\.unlabelled"):
        with_soft_labels(reviews("a", [1], [[5]]), reviews("", [], []), np.empty(0, np.float32))


@pytest.mark.parametrize("classes", [TWO, THREE])
def test_soft_labels_on_disk(tmp_path, classes):
    # Catches: probabilities that go to other reviews or classes, or that are none.
    path = tmp_path / "soft_labels.parquet"
    write_soft_labels(path, ["a", "b"], SOFT[len(classes)], classes)
    read = read_soft_labels(path, ["a", "b"], classes)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, SOFT[len(classes)])
    for ids, others in (
        (["b", "a"], classes),
        (["a"], classes),
        (["a", "b"], classes[::-1]),
        (["a", "b"], list("abcd")),
    ):
        with pytest.raises(InputError, match=r"soft_labels.parquet is damaged .* Delete it and run again"):
            read_soft_labels(path, ids, others)
    write_soft_labels(path, ["a", "b"], SOFT[len(classes)] - 0.5, classes)
    with pytest.raises(InputError, match="not from 0 to 1"):
        read_soft_labels(path, ["a", "b"], classes)


@pytest.mark.parametrize(
    ("classes", "labels"), [(TWO, [0.25, 0.75, 1.0]), (THREE, [[0.2, 0.5, 0.3], [0.9, 0.1, 0], [0, 0, 1]])]
)
def test_a_training_goes_by_the_soft_labels(classes, labels):
    # Catches: soft labels rounded to classes on the way to the loss; answers that are counted by another class than the
    # most probable.
    model = build_model(complete(features="one_hot", units=2, dropout=0.0, mask=True), 10, classes, 1)
    data = reviews("abc", labels, [[5, 6], [7], [8, 9, 2]], classes)
    data = data._replace(labels=data.labels.astype(np.float32))
    probabilities = predict(model, data)
    if len(classes) == 2:
        loss, targets = keras.losses.BinaryCrossentropy(), data.labels[:, None]
        right = np.sum((probabilities > 0.5) == (data.labels > 0.5))
    else:
        loss, targets = keras.losses.CategoricalCrossentropy(), data.labels
        right = np.sum(probabilities.argmax(axis=1) == data.labels.argmax(axis=1))
    expected = loss(targets, probabilities.reshape(3, -1))
    (batch,) = model.batches(data, [np.arange(3)], 4, training=True)
    measured, correct = Trainer(model, seed=1).run_batch(batch, data.labels, 0)
    assert float(measured) == pytest.approx(float(expected), abs=1e-6)
    assert float(correct) == right


def test_a_student_of_three_classes_learns_from_its_teachers(tmp_path):
    # Catches: a student that does not learn what only the soft labels show.
    labelled = reviews("abc", [0, 1, 2], [[5], [5], [5]], THREE)
    unlabelled = reviews(map(str, range(30)), [-1] * 30, [[6 + i % 3] for i in range(30)], [])
    data = with_soft_labels(labelled, unlabelled, np.eye(3)[np.arange(30) % 3] * 0.9 + 0.1 / 3)
    settings = complete(
        features="one_hot",
        units=4,
        dropout=0.0,
        mask=True,
        epochs=20,
        batch_size=11,
        optimizer={"learning_rate": 0.05},
        teachers=["t"],
    )
    model = build_model(settings, 10, THREE, 1)
    validation = reviews("xyz", [0, 1, 2], [[6], [7], [8]], THREE)
    history = train_model(model, data, validation, 1, Checkpoints(tmp_path, ""))
    assert max(entry["validation_accuracy"] for entry in history) == 1
    assert predict(model, validation).argmax(axis=1).tolist() == [0, 1, 2]
