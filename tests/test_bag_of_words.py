"""The bag-of-words models against plain Keras, from the text on. Runs on either backend."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from plain_keras import complete, dense, plain_step, same_weights

from wordorder.data.encoded import EncodedReviews
from wordorder.data.vectorizer import adapt_vocabulary, text_encoder
from wordorder.inference import load_model, predict, save_model
from wordorder.models.network import build_model
from wordorder.training.backend import value_and_gradients
from wordorder.training.checkpoint import Checkpoints
from wordorder.training.loop import Trainer, train_model

UNITS = 3
# Tokens of the vocabulary, by n-grams: not all that occur.
SIZES = {1: 10, 2: 14}
STANDARDIZE = "lower_and_strip_punctuation"
CASES = [("binary", 1), ("binary", 2), ("tf_idf", 1), ("tf_idf", 2)]
TRAINING = [
    "a good film a very good film",
    "good plot and a very good end",
    "a bad film and a bad plot",
    "bad end",
    "very very bad and dull",
    "",
    "a dull film, a dull plot and no end",
]
# A word that is repeated, words that are unknown (once, often, alone), no word at all.
OTHERS = ["good good good film", "a superb film", "superb Superb superb", "", "...", "a very bad, bad film and end"]
CLASSES = ["neg", "pos"]


def variant(features, **changes):
    return complete("bag_of_words", features=features, units=UNITS, **changes)


def encoded(texts, vocabulary, ngrams):
    """Texts as encoded reviews, every third positive."""
    sequences = list(text_encoder(vocabulary, standardize=STANDARDIZE, ngrams=ngrams)(texts))
    offsets = np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])])
    labels = (np.arange(len(texts)) % 3 == 0).astype(np.int8)
    return EncodedReviews([str(i) for i in range(len(texts))], labels, np.concatenate(sequences), offsets, CLASSES)


def pair(features, ngrams, **settings):
    """The chapter's vectorizer, adapted to TRAINING, and its model; ours with the same weights, and our vocabulary."""
    # Keras has no padding in these modes.
    mode = "multi_hot" if features == "binary" else "tf_idf"
    vectorizer = keras.layers.TextVectorization(
        max_tokens=SIZES[ngrams] - 1, standardize=STANDARDIZE, ngrams=ngrams, output_mode=mode
    )
    vectorizer.adapt(TRAINING)
    vocabulary = adapt_vocabulary(TRAINING, max_tokens=SIZES[ngrams], standardize=STANDARDIZE, ngrams=ngrams)
    assert vocabulary[1:] == vectorizer.get_vocabulary()
    model = build_model(variant(features, dropout=0.0, **settings), SIZES[ngrams], CLASSES, 1)
    plain = model.variant.plain_keras(SIZES[ngrams], 2)
    # Nothing may be seen of the row of the padding.
    padding = np.full((1, UNITS), 7.0)

    def parts(plain):
        kernel, *others = plain.weights
        return [np.concatenate([padding, kernel]), *others]

    same_weights(plain, model, parts, weights_of, 1, 1)
    model.variant.adapt(model, encoded(TRAINING, vocabulary, ngrams))
    return vectorizer, plain, model, vocabulary


def weights_of(model):
    """The trainable weights, in the order of the plain model."""
    return [model.token_table.rows, model.hidden.bias, *model.classifier.weights]


def multi_hot(vectorizer, texts):
    return np.asarray(vectorizer(np.array(texts)), "float32")


def padded(data):
    """The tokens of all reviews, padded with 0."""
    rows = np.zeros((len(data.labels), max(1, data.lengths(None).max())), np.int32)
    for row, start, stop in zip(rows, data.offsets[:-1], data.offsets[1:], strict=True):
        row[: stop - start] = data.tokens[start:stop]
    return rows


@pytest.mark.parametrize(("features", "ngrams"), CASES)
def test_outputs_are_those_of_plain_keras_from_the_text_on(features, ngrams):
    # Catches: a token counted twice where only its presence counts, or once where its number does; padding or the
    # unknown token with a wrong weight; other document frequencies; a review without tokens that fails; rows of a part
    # of the vocabulary that get the weights of other tokens.
    vectorizer, plain, model, vocabulary = pair(features, ngrams)
    texts = [*TRAINING, *OTHERS]
    expected = np.asarray(plain(multi_hot(vectorizer, texts)))[:, 0]
    data = encoded(texts, vocabulary, ngrams)
    np.testing.assert_allclose(predict(model, data), expected, atol=1e-6)
    np.testing.assert_allclose(model(padded(model.variant.prepare(data)))[:, 0], expected, atol=1e-6)
    assert np.ptp(expected) > 0.1


words = st.lists(st.sampled_from(["a", "good", "bad", "film", "dull", "Plot.", "other", "!"]), max_size=8).map(" ".join)


@settings(max_examples=40)
@given(st.lists(words, min_size=1, max_size=6), st.sampled_from(CASES))
def test_features_are_those_of_plain_keras_for_any_text(texts, case):
    # Catches: an arrangement of words that the examples above do not meet. The hidden layer is compared, which no
    # weight hides.
    if case not in CACHE:
        CACHE[case] = pair(*case)
    vectorizer, plain, model, vocabulary = CACHE[case]
    tokens = padded(model.variant.prepare(encoded(texts, vocabulary, case[1])))
    hidden = model.variant.review_vectors(model, tokens, model.token_table.rows, None, False)
    np.testing.assert_allclose(hidden, plain.get_layer("hidden")(multi_hot(vectorizer, texts)), atol=1e-4)


CACHE = {}


@pytest.mark.parametrize(("features", "ngrams"), CASES)
def test_gradients_are_those_of_plain_keras(features, ngrams):
    # Catches: a gradient of the padding or of frozen weights; a token whose repetitions do not count in it.
    vectorizer, plain, model, vocabulary = pair(features, ngrams)
    texts = [*TRAINING, *OTHERS]

    def gradients(model, inputs):
        def loss(values):
            fixed = [ops.convert_to_tensor(v) for v in model.non_trainable_variables]
            outputs, _ = model.stateless_call(values, fixed, inputs)
            return ops.sum(ops.log(outputs[:, 0]) * np.linspace(-1, 2, len(texts), dtype="float32")), None

        variables = model.trainable_variables
        _, found = value_and_gradients(loss, [ops.copy(v) for v in variables])
        return {id(v): dense(g) for v, g in zip(variables, found, strict=True)}

    ours = gradients(model, padded(model.variant.prepare(encoded(texts, vocabulary, ngrams))))
    theirs = gradients(plain, multi_hot(vectorizer, texts))
    kernel, *rest = (ours[id(weight)] for weight in weights_of(model))
    np.testing.assert_array_equal(kernel[0], 0)
    for ours_, weight in zip([kernel[1:], *rest], plain.weights, strict=True):
        np.testing.assert_allclose(ours_, theirs[id(weight)], atol=1e-4)
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("epsilon", [1e-14, 1e-7])
@pytest.mark.parametrize(("features", "ngrams"), CASES)
def test_steps_are_those_of_plain_keras(features, ngrams, epsilon):
    # Catches: an update that is not that of Keras' RMSprop; weights of tokens that learn; in the compiled step, weights
    # of tokens from before they were adapted.
    optimizer = {"learning_rate": 0.01, "rho": 0.9, "epsilon": epsilon}
    vectorizer, plain, model, vocabulary = pair(features, ngrams, optimizer=optimizer)
    theirs = keras.optimizers.RMSprop(**optimizer)
    texts = [*TRAINING, *OTHERS]
    data = model.variant.prepare(encoded(texts, vocabulary, ngrams))
    trainer = Trainer(model, seed=1)
    chunks = np.split(np.arange(len(texts)), [4, 8, 12])
    frozen = [np.array(weight) for weight in model.non_trainable_weights]
    for step, batch in enumerate(model.batches(data, chunks, 4, training=True)):
        loss, _ = trainer.run_batch(batch, data.labels, step)
        inputs = multi_hot(vectorizer, [texts[i] for i in chunks[step]])
        np.testing.assert_allclose(loss, plain_step(plain, theirs, inputs, data.labels[chunks[step]]), atol=1e-5)
    trainer.assign()
    kernel, *rest = map(np.asarray, weights_of(model))
    for ours, theirs in zip([kernel[1:], *rest], plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    for weight, before in zip(model.non_trainable_weights, frozen, strict=True):
        np.testing.assert_array_equal(weight, before)
    # The row of the padding stays where it was.
    np.testing.assert_array_equal(kernel[0], 7)


@pytest.mark.parametrize("features", ["binary", "tf_idf"])
def test_sizes_and_initial_weights_are_those_of_the_chapter(features):
    # Catches: a weight too many or too few, weights of tokens that learn, another scale of the start.
    model = build_model(complete("bag_of_words", features=features, units=16), 20_000, CLASSES, 1)
    assert sum(np.prod(weight.shape) for weight in model.trainable_variables) == 320_033
    assert model.count_params() == 320_033 + (20_000 if features == "tf_idf" else 0)
    dense = keras.layers.Dense(16)
    dense.build((None, 20_000))
    ours, plain = np.asarray(model.token_table.rows), np.asarray(dense.kernel)
    np.testing.assert_allclose(np.abs(ours).max(), np.abs(plain).max(), rtol=0.01)
    np.testing.assert_allclose(ours.std(), plain.std(), rtol=0.01)
    np.testing.assert_array_equal(model.hidden.bias, 0)


@pytest.mark.parametrize("features", ["binary", "tf_idf"])
def test_a_training_adapts_to_its_own_reviews_and_is_saved(tmp_path, features):
    # Catches: document frequencies of other reviews than those trained on, or lost with the file; a model that needs
    # more than its file; predictions of a loaded model that differ.
    vocabulary = adapt_vocabulary(TRAINING, max_tokens=SIZES[1], standardize=STANDARDIZE)
    training, validation = (encoded(texts, vocabulary, 1) for texts in (TRAINING[:5], OTHERS))
    model = build_model(variant(features, batch_size=4, epochs=2), SIZES[1], CLASSES, 1)
    history = train_model(model, training, validation, 1, Checkpoints(tmp_path / "checkpoints", ""))
    assert [entry["epoch"] for entry in history] == [1, 2]
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(loaded, validation), predict(model, validation))
    if features == "tf_idf":
        # Counted by hand: of the 5 texts 2 have "good", 2 "end", 3 "very".
        for word, number in [("good", 2), ("end", 2), ("very", 3)]:
            weight = np.asarray(loaded.token_weights.values)[vocabulary.index(word)]
            assert weight == pytest.approx(np.log(1 + 5 / (1 + number)))


def test_inputs_of_the_plain_model_are_those_of_the_chapters_vectorizer():
    # Catches: a count in place of a mark, padding as a token, columns of other tokens.
    vectorizer, _, model, vocabulary = pair("binary", 1)
    tokens = padded(encoded(TRAINING, vocabulary, 1))
    np.testing.assert_array_equal(model.variant.plain_inputs(tokens, SIZES[1]), multi_hot(vectorizer, TRAINING))


def test_distinct_tokens_and_their_frequencies():
    # Catches: tokens that move to another review; a review without tokens that is lost.
    data = EncodedReviews(
        list("abcd"), np.zeros(4, int), np.array([5, 2, 5, 2, 3, 3], np.int32), np.array([0, 0, 3, 4, 6]), ["a", "b"]
    )
    distinct = data.distinct()
    assert distinct.tokens.tolist() == [2, 5, 2, 3]
    assert distinct.tokens.dtype == np.int32
    assert distinct.offsets.tolist() == [0, 0, 2, 3, 4]
    assert data.document_frequencies(7).tolist() == [0, 0, 2, 1, 0, 1, 0]
