"""NB-LR against scikit-learn, from the text on. Runs on either backend."""

import numpy as np
import pytest
from plain_keras import complete
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from wordorder.data.encoded import EncodedReviews, joined
from wordorder.data.vectorizer import adapt_vocabulary, text_encoder
from wordorder.inference import load_model, predict, save_model
from wordorder.io.errors import InputError
from wordorder.models.kinds.nb_lr import fit_nb_lr, log_count_ratios
from wordorder.models.network import build_model
from wordorder.probabilities import loss_and_accuracy
from wordorder.settings import LARGEST_SEED
from wordorder.training.checkpoint import Checkpoints
from wordorder.training.loop import train_model

STANDARDIZE = "lower_and_strip_punctuation"
SETTINGS = complete("nb_lr", features="binary", C=2.0)
CLASSES = ["neg", "pos"]


def made_up(number, seed):
    """Texts of 0 to 11 words, and labels: positive ones have "good" and "not bad" more often."""
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    pieces = np.array(["a", "film", "plot", "good", "not bad", "bad", "not good"])
    odds = np.array([[3, 3, 3, 1, 1, 2, 2], [3, 3, 3, 2, 2, 1, 1]])
    odds = odds / odds.sum(axis=1, keepdims=True)
    return [" ".join(rng.choice(pieces, rng.integers(0, 12), p=odds[label])) for label in labels], labels


def encoded(texts, labels, vocabulary):
    """Texts as encoded reviews."""
    sequences = list(text_encoder(vocabulary, standardize=STANDARDIZE, ngrams=3)(texts))
    offsets = np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])])
    return EncodedReviews(
        [str(i) for i in range(len(texts))],
        np.array(labels, np.int8),
        np.concatenate(sequences),
        offsets,
        CLASSES,
    )


@pytest.fixture(scope="module")
def corpus():
    """Training and validation reviews, as texts with labels and encoded, and a vocabulary that holds every n-gram."""
    training, validation = made_up(120, seed=1), made_up(60, seed=2)
    vocabulary = adapt_vocabulary(training[0], max_tokens=10_000, standardize=STANDARDIZE, ngrams=3)
    return training, validation, encoded(*training, vocabulary), encoded(*validation, vocabulary), vocabulary


def test_probabilities_are_those_of_scikit_learn_from_the_text_on(tmp_path, corpus):
    # Catches: n-grams that are counted instead of noted; log-count ratios of other counts, unsmoothed or upside down;
    # padding that adds something; a model that is another after it was saved; a history of other numbers than these.
    (texts, labels), (others, _), training, validation, vocabulary = corpus
    model = build_model(SETTINGS, len(vocabulary), CLASSES, 1)
    (entry,) = train_model(model, training, validation, 1, Checkpoints(tmp_path / "checkpoints", ""))

    vectorizer = CountVectorizer(binary=True, ngram_range=(1, 3), token_pattern=r"\S+")
    words = vectorizer.fit_transform(texts).toarray()
    assert words.shape[1] == len(vocabulary) - 2
    positive, negative = 1 + words[labels == 1].sum(axis=0), 1 + words[labels == 0].sum(axis=0)
    # Padding and the unknown token, which no training review has, are in our vocabulary: one count each.
    ratios = np.log((positive / (positive.sum() + 2)) / (negative / (negative.sum() + 2)))
    # Another solver. Unlike liblinear it does not hold the bias back, unless that is a feature.
    classifier = LogisticRegression(C=2.0, solver="lbfgs", fit_intercept=False, tol=1e-10, max_iter=10_000)
    classifier.fit(np.column_stack([words * ratios, np.ones(len(words))]), labels)
    tests = vectorizer.transform(others).toarray()
    expected = classifier.predict_proba(np.column_stack([tests * ratios, np.ones(len(tests))]))[:, 1]

    np.testing.assert_allclose(predict(model, validation), expected, atol=2e-4)
    assert np.ptp(expected) > 0.5
    assert (entry["validation_loss"], entry["validation_accuracy"]) == loss_and_accuracy(
        validation.labels, predict(model, validation)
    )
    assert (entry["loss"], entry["accuracy"]) == loss_and_accuracy(training.labels, predict(model, training))
    assert entry["epoch"] == 1
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(loaded, validation), predict(model, validation))
    assert loaded.count_params() == len(vocabulary) + 1
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("classes", [2, 3])
def test_soft_labels_are_fitted_by_the_cross_entropy(classes):
    # Catches: probabilities rounded to labels, a review that counts twice in full, counts of naive Bayes that know only
    # labels. The minimum is found by another method, on the loss as it is written in books.
    rng = np.random.default_rng(3)
    reviews, vocabulary, C = 60, 12, 0.7
    sequences = [np.unique(rng.integers(2, vocabulary, 5)).astype(np.int32) for _ in range(reviews)]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sequences])])
    soft = rng.dirichlet(np.ones(classes), size=reviews)
    soft[:20] = np.eye(classes)[rng.integers(0, classes, 20)]
    labels = (soft[:, 1] if classes == 2 else soft).astype(np.float32)
    names = [str(i) for i in range(classes)]
    data = EncodedReviews([str(i) for i in range(reviews)], labels, np.concatenate(sequences), offsets, names)
    weights, biases = fit_nb_lr(data, vocabulary, C)
    matrix = np.array([[token in each for token in range(vocabulary)] for each in sequences], float)
    for column, label in enumerate(range(classes) if classes > 2 else [1]):
        p = soft[:, label].astype(np.float32).astype(float)
        positive, negative = 1 + matrix.T @ p, 1 + matrix.T @ (1 - p)
        ratios = np.log(positive / positive.sum()) - np.log(negative / negative.sum())

        def loss(parameters, features=matrix * ratios, p=p):
            logits = features @ parameters[:-1] + parameters[-1]
            cross_entropy = np.logaddexp(0, logits) - p * logits
            return 0.5 * np.sum(parameters**2) + C * cross_entropy.sum()

        best = minimize(loss, np.zeros(vocabulary + 1), method="BFGS", options={"gtol": 1e-7}).x
        np.testing.assert_allclose(weights[:, column], ratios * best[:-1], atol=2e-3)
        np.testing.assert_allclose(biases[column], best[-1], atol=2e-3)


def test_balanced_classes_weigh_the_same():
    # Catches: a setting that is not passed on, or weights that also change the counts of naive Bayes.
    rng = np.random.default_rng(3)
    sequences = [np.unique(rng.integers(2, 12, 5)).astype(np.int32) for _ in range(40)]
    labels = np.arange(40) % 4 == 0
    names = [str(i) for i in range(40)]
    data = EncodedReviews(names, labels.astype(np.int32), *joined(sequences), ["a", "b"])
    balanced = fit_nb_lr(data, 12, 1.0, "balanced")
    matrix = np.array([[token in each for token in range(12)] for each in sequences], float)
    of_class, of_rest = 1 + matrix[labels].sum(axis=0), 1 + matrix[~labels].sum(axis=0)
    ratios = np.log(of_class / of_class.sum()) - np.log(of_rest / of_rest.sum())
    features = matrix * ratios
    expected = LogisticRegression(C=1.0, class_weight="balanced", solver="liblinear", tol=1e-8).fit(features, labels)
    np.testing.assert_allclose(balanced[0][:, 0], ratios * expected.coef_[0], atol=5e-3)
    np.testing.assert_allclose(balanced[1], expected.intercept_, atol=5e-3)
    assert balanced[1] > fit_nb_lr(data, 12, 1.0)[1]


def test_more_classes_are_told_one_from_the_rest(tmp_path, corpus):
    # Catches: a class that is left out, ratios of another class, probabilities that do not add up to 1; a third class
    # lost with the file.
    (texts, labels), (others, _), training, validation, vocabulary = corpus
    labels = np.where(["film" in text for text in texts], 2, labels)
    training = training._replace(labels=labels, classes=["a", "b", "c"])
    validation = validation._replace(classes=["a", "b", "c"])
    model = build_model(SETTINGS, len(vocabulary), "abc", 1)
    train_model(model, training, validation, 1, Checkpoints(tmp_path / "checkpoints", ""))
    expected = []
    vectorizer = CountVectorizer(binary=True, ngram_range=(1, 3), token_pattern=r"\S+")
    words, tests = vectorizer.fit_transform(texts).toarray(), vectorizer.transform(others).toarray()
    for label in range(3):
        own, rest = (1 + words[rows].sum(axis=0) for rows in (labels == label, labels != label))
        # Padding and the unknown token, as above.
        ratios = np.log((own / (own.sum() + 2)) / (rest / (rest.sum() + 2)))
        classifier = LogisticRegression(C=2.0, solver="lbfgs", fit_intercept=False, tol=1e-10, max_iter=10_000)
        classifier.fit(np.column_stack([words * ratios, np.ones(len(words))]), labels == label)
        expected.append(classifier.predict_proba(np.column_stack([tests * ratios, np.ones(len(tests))]))[:, 1])
    expected = np.array(expected) / np.sum(expected, axis=0)
    probabilities = predict(model, validation)
    np.testing.assert_allclose(probabilities, expected.T, atol=4e-4)
    assert np.ptp(expected, axis=1).min() > 0.5
    save_model(model, tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(load_model(tmp_path / "model.keras"), validation), probabilities)


def test_a_review_that_is_of_no_class(corpus):
    # Catches: zero divided by zero, where each class is so unlikely that its probability is no float32.
    *_, validation, vocabulary = corpus
    model = build_model(SETTINGS, len(vocabulary), "abc", 1)
    model.classifier.bias.assign([-500.0, -501.0, -500.0])
    share = np.exp([0, -1, 0]) / np.exp([0, -1, 0]).sum()
    np.testing.assert_allclose(predict(model, validation), np.tile(share, (60, 1)), rtol=1e-4)


def test_ratios_of_an_example_by_hand():
    # Catches: ratios of counts instead of shares, smoothing in one class only.
    matrix = csr_array(np.array([[1.0, 1, 0], [1, 0, 0], [0, 1, 1]]))
    # Positive reviews: 1 + (2, 1, 0), of 6. Negative ones: 1 + (0, 1, 1), of 5.
    expected = np.log([(3 / 6) / (1 / 5), (2 / 6) / (2 / 5), (1 / 6) / (2 / 5)])
    np.testing.assert_allclose(log_count_ratios(matrix, np.array([1, 1, 0])), expected)


def test_no_seed_changes_a_bit(tmp_path, corpus):
    # Catches: a solver that takes its order from a generator that others share; initial weights that stay.
    *_, training, validation, vocabulary = corpus
    contents = []
    for seed in (1, LARGEST_SEED):
        np.random.seed(seed)  # noqa: NPY002
        model = build_model(SETTINGS, len(vocabulary), CLASSES, seed)
        train_model(model, training, validation, seed, Checkpoints(tmp_path / "checkpoints", ""))
        save_model(model, tmp_path / "model.keras")
        contents.append((tmp_path / "model.keras").read_bytes())
    assert contents[0] == contents[1]


def test_reviews_of_one_class_are_refused(corpus):
    # Catches: a traceback of scikit-learn.
    training = corpus[2]
    with pytest.raises(InputError, match="not of all classes"):
        fit_nb_lr(training._replace(labels=np.ones_like(training.labels)).distinct(), len(corpus[4]), 1.0)
