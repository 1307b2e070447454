"""What teachers say of unlabelled reviews, on disk and as labels; and a training with it, against plain Keras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from wordorder.training.self_training import mean_opinion, read_soft_labels, with_soft_labels, write_soft_labels
from wordorder.data.encoded import EncodedReviews, joined
from wordorder.io.errors import InputError


def reviews(names, labels, texts):
    tokens = joined([np.array(text, np.int32) for text in texts])
    return EncodedReviews(list(names), np.array(labels), *tokens, ["no", "yes"])


@given(st.lists(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3), min_size=1, max_size=4))
def test_mean_opinion_is_that_of_the_logits(opinions):
    # Catches: a mean of the probabilities, a mean over the reviews instead of the teachers.
    assert mean_opinion(np.array(opinions)) == pytest.approx(expit(logit(opinions).mean(axis=0)), abs=1e-5)


def test_mean_opinion_of_the_certain():
    # Catches: infinite logits, of which two make NaN.
    assert mean_opinion(np.array([[0, 1, 1], [1, 1, 0.5]], np.float32)) == pytest.approx([0.5, 1, 0.999], abs=1e-3)


def test_unlabelled_reviews_follow_the_labelled_ones():
    # Catches: reviews with the tokens or the label of another, labels cut to whole numbers.
    data = with_soft_labels(
        reviews("ab", [1, 0], [[5, 6], [7]]), reviews("cd", [-1, -1], [[8], [9, 2, 3]]), np.array([0.25, 0.75])
    )
    assert data.ids == ["a", "b", "c", "d"]
    assert list(data.labels) == [1, 0, 0.25, 0.75]
    texts = [list(data.tokens[a:b]) for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]
    assert texts == [[5, 6], [7], [8], [9, 2, 3]]


def test_soft_labels_on_disk(tmp_path):
    # Catches: probabilities that go to other reviews.
    path = tmp_path / "soft_labels.parquet"
    write_soft_labels(path, ["a", "b"], np.array([0.25, 1], np.float32))
    assert list(read_soft_labels(path, ["a", "b"])) == [0.25, 1]
    for ids in (["b", "a"], ["a"]):
        with pytest.raises(InputError, match=r"soft_labels.parquet does not hold .* Delete it and run again"):
            read_soft_labels(path, ids)


def test_a_training_goes_by_the_soft_labels():
    # Catches: soft labels rounded to classes on the way to the loss.
    import keras
    from keras import ops

    from wordorder.training.batching import batches
    from wordorder.training.loop import RMSprop, Trainer, build_model, predict

    settings = {"model": "lstm", "features": "one_hot", "units": 2, "dropout": 0.0, "mask": True}
    model = build_model(settings, 10, None, seed=1)
    data = reviews("abc", [0.25, 0.75, 1.0], [[5, 6], [7], [8, 9, 2]])
    data = data._replace(labels=data.labels.astype(np.float32))
    expected = keras.losses.BinaryCrossentropy()(
        ops.convert_to_tensor(data.labels[:, None]), ops.convert_to_tensor(predict(model, data, None)[:, None])
    )
    (batch,) = batches(data, [np.arange(3)], 3, 10, None, True)
    loss, _ = Trainer(model, RMSprop(0.001, 0.9, 1e-14), seed=1).run_batch(batch, data.labels, 0)
    assert float(loss) == pytest.approx(float(expected), abs=1e-6)
