"""Training and prediction: steps against plain Keras, and what the loop promises. Runs on either backend."""

import time

import keras
import numpy as np
import pytest
from keras import ops
from plain_keras import (
    CASES,
    LENGTH,
    UNITS,
    VOCABULARY,
    complete,
    encoded,
    lstm_parts,
    lstm_weights,
    pair,
    plain_step,
    scaled_mask,
    token_batch,
)
from sklearn.utils.class_weight import compute_class_weight

from wordorder.data.encoded import EncodedReviews
from wordorder.inference import load_model, predict, save_model
from wordorder.io.errors import InputError
from wordorder.models.network import TokenClassifier, build_model
from wordorder.probabilities import loss_and_accuracy
from wordorder.settings import LARGEST_SEED
from wordorder.training.checkpoint import Checkpoints
from wordorder.training.loop import Trainer, balanced_weights, train_model
from wordorder.vectors.matrix import read_matrix

CLASSES = ["neg", "pos"]
SETTINGS = complete(
    features="embedding",
    dimension=8,
    mask=True,
    units=4,
    dropout=0.2,
    sequence_length=12,
    batch_size=16,
    epochs=4,
    optimizer={"learning_rate": 0.02},
)


def learnable(number, seed):
    """Reviews of 1 to 20 tokens; positive where one of the tokens 2 to 4 occurs more often than one of 5 to 7."""
    rng = np.random.default_rng(seed)
    sequences, labels = [], []
    while len(sequences) < number:
        sequence = rng.integers(2, 10, rng.integers(1, 20)).astype("int32")
        balance = np.sum(np.isin(sequence, [2, 3, 4])) - np.sum(np.isin(sequence, [5, 6, 7]))
        if balance:
            sequences.append(sequence)
            labels.append(balance > 0)
    offsets = np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])])
    names = [str(i) for i in range(number)]
    return EncodedReviews(names, np.array(labels, np.int8), np.concatenate(sequences), offsets, CLASSES)


def train(folder, seed=1, number=200, **changes):
    """Train on learnable reviews; return the model, the history and the validation reviews."""
    model = build_model({**SETTINGS, **changes}, 10, CLASSES, seed)
    validation = learnable(60, seed=2)
    checkpoints = Checkpoints(folder, "fingerprint")
    return model, train_model(model, learnable(number, seed=1), validation, seed, checkpoints), validation


STEPS = [(*case, 1e-7, 2) for case in CASES]
STEPS += [("embedding", True, "last", 1e-14, 2), ("embedding", True, "last", 1e-14, 3)]


@pytest.mark.parametrize(("features", "mask", "pooling", "epsilon", "classes"), STEPS)
def test_steps_are_those_of_plain_keras(features, mask, pooling, epsilon, classes):
    # Catches: an update that is not that of Keras' RMSprop, also for rows of the table whose tokens are absent from
    # some batches and whose average is made up later; frozen vectors that move; a loss that is not the mean over the
    # reviews of a batch that is not full; with more than two classes another loss than the cross-entropy, or other
    # answers than the classes with the highest probability.
    optimizer = {"learning_rate": 0.01, "rho": 0.9, "epsilon": epsilon}
    plain, model = pair(features, mask, pooling, classes, optimizer=optimizer)
    theirs = keras.optimizers.RMSprop(**optimizer)
    # The batches are of different words, as those of a real corpus are.
    tokens = np.concatenate([token_batch([LENGTH, 7, 3, 1], seed, 4 + 9 * seed) for seed in range(1, 5)])[:15]
    labels = np.arange(15) % 3 == 0 if classes == 2 else np.arange(15) % 3
    data = encoded(tokens, labels)
    trainer = Trainer(model, seed=1)
    chunks = np.split(np.arange(15), [4, 8, 12])
    for step, batch in enumerate(model.batches(data, chunks, 4, training=True)):
        loss, correct = trainer.run_batch(batch, data.labels, step)
        here = chunks[step]
        answers = np.asarray(plain(tokens[here]))
        answers = answers[:, 0] > 0.5 if classes == 2 else answers.argmax(axis=1)
        np.testing.assert_allclose(loss, plain_step(plain, theirs, tokens[here], labels[here]), atol=1e-5)
        assert float(correct) == np.sum(answers == labels[here])
        trainer.assign()
        assert_close_after_steps(model, plain)


@pytest.mark.parametrize("classes", [2, 3])
def test_steps_with_balanced_classes_are_those_of_keras(classes):
    # Catches: weights that are not those of scikit-learn, a loss divided by the sum of the weights, weights of another
    # class.
    optimizer = {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7}
    plain, model = pair("embedding", True, "last", classes, optimizer=optimizer, dropout=0.0)
    tokens = np.concatenate([token_batch([LENGTH, 7, 3, 1])] * 4)[:15]
    for start in (0, 4, 8, 12):
        # No token twice in a batch, for the sake of Keras' RMSprop on TensorFlow (see `plain_step`).
        batch = tokens[start : start + 4]
        batch[batch > 0] = np.random.default_rng(start).permutation(np.arange(1, VOCABULARY))[: np.sum(batch > 0)]
    labels = np.array([0, 1, 0, 0, 0] * 3) if classes == 2 else np.array([0, 1, 2, 2, 2] * 3)
    weights = balanced_weights(labels, classes)
    expected = compute_class_weight("balanced", classes=np.arange(classes), y=labels)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    data, trainer = encoded(tokens, labels), Trainer(model, 1, weights)
    plain.compile(
        keras.optimizers.RMSprop(**optimizer), f"{'binary' if classes == 2 else 'sparse_categorical'}_crossentropy"
    )
    chunks = np.split(np.arange(15), [4, 8, 12])
    for step, batch in enumerate(model.batches(data, chunks, 4, training=True)):
        here = chunks[step]
        y = labels[here][:, None] if classes == 2 else labels[here]
        theirs = plain.train_on_batch(tokens[here], y, class_weight=dict(enumerate(expected)))
        loss, _ = trainer.run_batch(batch, data.labels, step)
        # What Keras returns is the mean over all batches so far.
        plain.reset_metrics()
        np.testing.assert_allclose(loss, theirs, atol=1e-5)


def test_balanced_classes_change_what_is_learned(tmp_path):
    # Catches: a setting that the loop does not pass on.
    _, history, _ = train(tmp_path / "a", number=60, epochs=1)
    balanced, other, _ = train(tmp_path / "b", number=60, epochs=1, class_weight="balanced")
    assert balanced.variant.class_weight == "balanced"
    assert history[0]["loss"] != other[0]["loss"]


def assert_close_after_steps(model, plain):
    """Assert that both have the same weights, but for steps that rounding decides."""
    for weight, value in zip(lstm_weights(model), lstm_parts(plain), strict=True):
        # An epsilon of 1e-14 divides each gradient by its own size: where that is but a rounding error, the two steps
        # of 0.01 may differ.
        difference = np.abs(np.asarray(weight) - np.asarray(value))
        assert np.mean(difference < 1e-5) > 0.999, weight.path
        assert np.max(difference) < 0.03, weight.path


def test_a_step_with_dropout_is_that_of_plain_keras():
    # Catches: one mask shared by all rows of a batch or by all units; a loss or gradient past the mask, or past the
    # scale of what is left; token dropout of single numbers or of places; masks of another seed or step, with which
    # earlier results could not be had again. The plain model is given the masks as numbers.
    optimizer = {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7}
    plain, model = pair("embedding", True, optimizer=optimizer, dropout=0.5, token_dropout=0.25)
    theirs = keras.optimizers.RMSprop(**optimizer)
    recurrent = keras.Model(plain.inputs, plain.get_layer("bidirectional").output)
    tokens, labels = token_batch([LENGTH, 7, 3, 9]), np.array([0, 1, 1, 0])
    data, trainer = encoded(tokens, labels), Trainer(model, seed=5)
    for step, batch in enumerate(model.batches(data, [np.arange(4)] * 3, 4, training=True)):
        rows = np.ones((VOCABULARY, 1), "float32")
        rows[batch.vocabulary] = scaled_mask(0.25, (len(batch.vocabulary), 1), [5, step])
        units = scaled_mask(0.5, (4, 2 * UNITS), [5, step + 2**30])
        assert np.any(units != units[0])
        assert 0 < np.count_nonzero(rows) < VOCABULARY

        def outputs_of(values, rows=rows, units=units):
            embedding, *cells, kernel, bias = values
            states, _ = recurrent.stateless_call([embedding * rows, *cells], recurrent.non_trainable_variables, tokens)
            return ops.sigmoid(ops.matmul(states * units, kernel) + bias)

        loss, _ = trainer.run_batch(batch, data.labels, step)
        np.testing.assert_allclose(loss, plain_step(plain, theirs, tokens, labels, outputs_of), atol=1e-5)
        trainer.assign()
        assert_close_after_steps(model, plain)


@pytest.mark.parametrize("rates", [(0.5, 0), (0, 0.5), (0.5, 0.5)])
def test_dropout_is_a_function_of_seed_and_step(rates):
    # Catches: dropout that is the same in every step or for every seed, or that depends on what has been computed
    # before, so that a training cannot be repeated from its middle.
    data = encoded(token_batch([7] * 16), np.zeros(16))

    def losses(seed, steps):
        optimizer = {"learning_rate": 1e-30, "epsilon": 1.0}
        _, model = pair("embedding", True, dropout=rates[0], token_dropout=rates[1], optimizer=optimizer)
        (batch,) = model.batches(data, [np.arange(16)], 16, training=True)
        trainer = Trainer(model, seed)
        return [float(trainer.run_batch(batch, data.labels, step)[0]) for step in steps]

    once = losses(1, [0, 1, 2])
    assert len(set(once)) == 3
    assert losses(1, [2, 0]) == [once[2], once[0]]
    assert losses(2, [0]) != once[:1]


class WithDropouts(TokenClassifier):
    """A network with so many dropouts more than its kind has, all at the token vectors."""

    def __init__(self, number, *arguments):
        super().__init__(*arguments)
        self.further = [keras.layers.Dropout(0.5) for _ in range(number)]

    def call(self, tokens, rows, vocabulary=None, training=False):
        """Drop what is left again and again."""
        for layer in self.further:
            rows = layer(rows, training=training)
        return super().call(tokens, rows, vocabulary, training)


def test_four_dropouts_have_numbers_of_their_own_and_a_fifth_is_refused():
    # Catches: a counter that overflows at the third dropout, two that draw the same numbers.
    data = encoded(token_batch([7] * 4), np.zeros(4))

    def trainer(number):
        settings = {**SETTINGS, "dropout": 0.5, "token_dropout": 0.5}
        model = WithDropouts(number, settings, VOCABULARY, CLASSES)
        model.build()
        return Trainer(model, LARGEST_SEED)

    losses = []
    for number in (0, 1, 2):
        trained = trainer(number)
        (batch,) = trained.network.batches(data, [np.arange(4)], 4, training=True)
        losses.append(float(trained.run_batch(batch, data.labels, 0)[0]))
    assert np.isfinite(losses).all()
    assert len(set(losses)) == 3
    with pytest.raises(ValueError, match="5 dropout layers; the most is 4"):
        trainer(3)


def test_the_largest_seed_works(tmp_path):
    # Catches: a seed that the config allows and a backend, or NumPy, cannot take.
    for seed in (LARGEST_SEED, LARGEST_SEED - 1):
        _, history, _ = train(tmp_path / str(seed), seed=seed, epochs=1, token_dropout=0.2)
        assert np.isfinite(history[0]["loss"])


@pytest.mark.parametrize("features", ["glove", "cbow"])
def test_moving_average_is_that_of_all_weights_at_all_steps(features):
    # Catches: an average that a row of the table misses while its token is absent, one that is too small after few
    # steps, and a training that goes on from the average.
    momentum, optimizer = 0.8, {"learning_rate": 0.01, "epsilon": 1e-7}
    tokens = np.concatenate([token_batch([LENGTH, 7, 3, 1], seed, 4 + 9 * seed) for seed in (1, 4, 2, 1)])
    data = encoded(tokens, np.arange(16) % 3 == 0)
    chunks = np.split(np.arange(16), 4)
    histories = []
    for ema in (None, momentum):
        _, model = pair(features, True, optimizer=optimizer, ema_momentum=ema)
        trainer = Trainer(model, 1)
        histories.append([])
        for step, batch in enumerate(model.batches(data, chunks, 4, training=True)):
            trainer.run_batch(batch, data.labels, step)
            trainer.assign()
            histories[-1].append([np.array(weight) for weight in lstm_weights(model)])
    plain, averaged = histories
    for last, weights in enumerate(averaged):
        shares = momentum ** np.arange(last, -1, -1)
        for i, weight in enumerate(weights):
            past = np.stack([step[i] for step in plain[: last + 1]])
            np.testing.assert_allclose(weight, np.average(past, axis=0, weights=shares), atol=1e-6)
    assert np.abs(averaged[-1][1] - plain[-1][1]).max() > 1e-3


def test_training_learns_and_keeps_the_best_epoch(tmp_path):
    # Catches: a loop that does not learn, weights of the last epoch instead of the best, a history that does not
    # describe what happened.
    model, history, validation = train(tmp_path)
    probabilities = predict(model, validation)
    loss, accuracy = loss_and_accuracy(validation.labels, probabilities)
    best = min(history, key=lambda epoch: epoch["validation_loss"])
    assert (loss, accuracy) == (best["validation_loss"], best["validation_accuracy"])
    assert best["validation_accuracy"] > 0.85
    assert [epoch["epoch"] for epoch in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[0]["loss"]
    assert all(epoch["seconds"] > 0 for epoch in history)
    assert 0.5 < history[-1]["accuracy"] <= 1


def test_the_best_epoch_need_not_be_the_last(tmp_path):
    # Catches: best weights that are overwritten as training goes on in place.
    optimizer = {**SETTINGS["optimizer"], "learning_rate": 0.05}
    model, history, validation = train(tmp_path, number=24, epochs=30, optimizer=optimizer)
    losses = [epoch["validation_loss"] for epoch in history]
    assert np.argmin(losses) < len(losses) - 1
    probabilities = predict(model, validation)
    assert loss_and_accuracy(validation.labels, probabilities)[0] == min(losses)


class Killed(Exception):
    """Stands for the end of a process after an epoch."""


class Deadly(Checkpoints):
    """Checkpoints that end the training once one has been written after a given epoch."""

    def __init__(self, folder, last):
        super().__init__(folder, "fingerprint")
        self.last = last

    def save(self, progress):
        """Write it, and end."""
        super().save(progress)
        if len(progress.history) == self.last:
            raise Killed


@pytest.mark.parametrize(
    ("features", "mask", "rate", "more"),
    [
        ("one_hot", False, 0.02, {}),
        ("embedding", True, 0.2, {}),
        ("embedding", True, 0.02, {"pooling": "max", "token_dropout": 0.2, "ema_momentum": 0.9}),
    ],
)
def test_a_training_goes_on_to_the_last_bit(tmp_path, features, mask, rate, more):
    # Catches: anything that the epochs to come depend on and the checkpoint lacks: running averages, the step of each
    # row, the index of the step for the dropouts, the order of the reviews, the best weights so far. At the higher rate
    # the best epoch is not the last.
    optimizer = {**SETTINGS["optimizer"], "learning_rate": rate}
    changes = {"features": features, "mask": mask, "dimension": 8 if mask else None, "optimizer": optimizer, **more}
    whole, whole_history, validation = train(tmp_path / "whole", **changes)

    def resumable(checkpoints):
        model = build_model({**SETTINGS, **changes}, 10, CLASSES, 1)
        return model, train_model(model, learnable(200, seed=1), validation, 1, checkpoints)

    for last in (1, 3, 4):
        with pytest.raises(Killed):
            resumable(Deadly(tmp_path / f"cut{last}", last))
        model, history = resumable(Checkpoints(tmp_path / f"cut{last}", "fingerprint"))
        for one, two in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
        for entry, expected in zip(history, whole_history, strict=True):
            assert {**entry, "seconds": 0, "peak_memory_mb": 0} == {**expected, "seconds": 0, "peak_memory_mb": 0}


def test_bytes_of_a_saved_model_do_not_hang_on_the_time(tmp_path):
    # Catches: dates in the file, so that a training done again does not give the same product.
    model = train(tmp_path / "checkpoints", epochs=1)[0]
    save_model(model, tmp_path / "first.keras")
    time.sleep(2.1)  # Dates in zip files are whole even seconds.
    save_model(model, tmp_path / "second.keras")
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()
    for one, two in zip(load_model(tmp_path / "second.keras").get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("features", ["one_hot", "embedding"])
def test_a_seed_decides_the_weights(tmp_path, features):
    # Catches: anything random that does not hang on the seed, and a seed that changes nothing.
    changes = {"features": features, "dimension": None if features == "one_hot" else 8, "epochs": 1}
    first, again, other = (
        train(tmp_path / str(i), seed, **changes)[0].get_weights() for i, seed in enumerate((1, 1, 2))
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(not np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_divergence_is_an_error(tmp_path):
    # Catches: a training that ends in NaN and still leaves a model.
    with pytest.raises(InputError, match=r"diverged.*learning_rate"):
        train(tmp_path, optimizer={**SETTINGS["optimizer"], "learning_rate": 1e38})


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("sequence_length", [5, 12, None])
def test_prediction_is_that_of_the_model_review_by_review(mask, sequence_length):
    # Catches: probabilities in the order of the batches instead of the reviews; reviews cut or padded wrongly; an
    # empty review that fails.
    _, model = pair("embedding", mask, sequence_length=sequence_length)
    tokens = token_batch(np.random.default_rng(3).integers(0, LENGTH + 1, 300), seed=3)
    expected = model(tokens[:, :sequence_length])[:, 0]
    np.testing.assert_allclose(predict(model, encoded(tokens, np.zeros(300))), expected, atol=1e-6)


def test_loss_and_accuracy_are_those_of_keras():
    # Catches: another clipping of probabilities of 0 and 1, and a threshold that takes 0.5 for positive.
    labels = np.array([0, 1, 1, 0, 1, 0], "int8")
    probabilities = np.array([0.1, 0.8, 0.0, 1.0, 0.5, 0.5], "float32")
    loss, accuracy = loss_and_accuracy(labels, probabilities)
    expected = keras.losses.binary_crossentropy(labels.astype("float32"), probabilities)
    assert loss == pytest.approx(float(expected), rel=1e-4)
    metric = keras.metrics.BinaryAccuracy()
    metric.update_state(labels, probabilities)
    assert accuracy == pytest.approx(float(metric.result()))


def test_loss_and_accuracy_of_more_classes_are_those_of_keras():
    # Catches: the probability of another class than that of the label, another clipping, the last of equal answers.
    labels = np.array([0, 1, 2, 2, 1])
    probabilities = np.array([[1, 0, 0], [0.2, 0.5, 0.3], [0, 1, 0], [0.25, 0.25, 0.5], [0.5, 0.5, 0]], "float32")
    loss, accuracy = loss_and_accuracy(labels, probabilities)
    expected = ops.mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
    assert loss == pytest.approx(float(expected), rel=1e-4)
    assert accuracy == 3 / 5


def three_classes(number, seed):
    """Learnable reviews, of which those that begin with token 8 or 9 are of a third class."""
    data = learnable(number, seed)
    labels = np.where(data.tokens[data.offsets[:-1]] >= 8, 2, data.labels)
    return data._replace(labels=labels, classes=["a", "b", "c"])


def test_a_training_on_three_classes(tmp_path):
    # Catches: classes that are not learned, a validation on other figures than those of the predictions, a checkpoint
    # that does not go on to the same weights.
    training, validation = three_classes(200, seed=1), three_classes(60, seed=2)

    def resumable(checkpoints):
        model = build_model(SETTINGS, 10, "abc", 1)
        return model, train_model(model, training, validation, 1, checkpoints)

    model, history = resumable(Checkpoints(tmp_path / "whole", "fingerprint"))
    best = min(history, key=lambda entry: entry["validation_loss"])
    assert best["validation_accuracy"] > max(np.bincount(validation.labels)) / 60
    probabilities = predict(model, validation)
    assert loss_and_accuracy(validation.labels, probabilities) == (best["validation_loss"], best["validation_accuracy"])
    with pytest.raises(Killed):
        resumable(Deadly(tmp_path / "cut", 2))
    again, _ = resumable(Checkpoints(tmp_path / "cut", "fingerprint"))
    for one, two in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


KINDS = {
    "lstm": {"features": "embedding", "dimension": 8},
    "bag_of_words": {"features": "binary"},
    "transformer": {"features": "embedding", "dimension": 8, "heads": 2},
    "convolution": {"features": "one_hot", "region": 3},
    "nb_lr": {"features": "binary", "C": 1.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_of_three_classes(tmp_path, kind):
    # Catches: a kind of model that gives them in another shape, or in another order than the reviews, or that loses the
    # third class on the way to the disk.
    model = build_model(complete(kind, **KINDS[kind]), 10, "abc", 1)
    data = three_classes(20, seed=2)
    probabilities = predict(model, data)
    assert probabilities.shape == (20, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(predict(model, data.take(np.array([7])))[0], probabilities[7], atol=1e-6)
    save_model(model, tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(load_model(tmp_path / "model.keras"), data), probabilities)


@pytest.mark.parametrize("matrix", [np.zeros((9, 3), "float32"), np.zeros(10, "float32")])
def test_vectors_that_do_not_fit_are_refused(tmp_path, matrix):
    # Catches: a matrix of another vocabulary, which would give every token the vector of another.
    np.save(tmp_path / "matrix.npy", matrix)
    with pytest.raises(InputError, match=r"matrix\.npy is damaged \(its shape"):
        read_matrix(tmp_path / "matrix.npy", 10)


@pytest.mark.parametrize("content", [b"", b"no array", np.array([{}]).dumps()])
def test_damaged_files_are_named(tmp_path, content):
    # Catches: a traceback instead of the name of the damaged file, and anything unpickled.
    for name, read in [
        ("matrix.npy", lambda path: read_matrix(path, 10)),
        ("model.keras", load_model),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is damaged"):
            read(path)


@pytest.mark.parametrize(
    ("features", "trainable", "learn"),
    [("glove", None, False), ("cbow", None, True), ("glove", True, True), ("cbow", False, False)],
)
def test_pretrained_vectors_are_used_and_learn_where_they_should(tmp_path, features, trainable, learn):
    # Catches: vectors that are not loaded, that learn though they are frozen, or do not though they should.
    matrix = np.random.default_rng(1).normal(size=(10, 3)).astype("float32")
    model = build_model(complete(features=features, trainable=trainable, mask=True, epochs=1), 10, CLASSES, 1, matrix)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.token_table.rows), matrix)
    train_model(model, learnable(32, seed=1), learnable(32, seed=2), 1, Checkpoints(tmp_path / "checkpoints", ""))
    learned = np.any(ops.convert_to_numpy(model.token_table.rows) != matrix, axis=1)
    # Padding has no gradient where it is masked, token 1 does not occur.
    assert learned.tolist() == [False, False, *[learn] * 8]
