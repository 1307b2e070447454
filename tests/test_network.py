"""What networks of all kinds have in common."""

import numpy as np
import pytest
from configs import CONFIG

from wordorder.config import Config
from wordorder.data.encoded import EncodedReviews, joined
from wordorder.inference import LONG, predict
from wordorder.models.kind import kinds
from wordorder.models.network import build_model, weights_follow

VARIANTS = Config.model_validate(CONFIG).variants


@pytest.mark.parametrize("kind", kinds())
def test_a_network_to_be_loaded_draws_nothing(kind):
    # Catches: a layer whose initial values are drawn before those of a file replace them: of the two and a half seconds
    # that it takes to classify a text, they were nearly two.
    settings = next(each.settings() for each in VARIANTS.values() if each.model == kind)
    with weights_follow():
        loaded = build_model(settings, 20, ["no", "yes"], 1)
    # That it has the same weights as one that is trained.
    drawn = build_model(settings, 20, ["no", "yes"], 1)
    assert [weight.path.split("/", 1)[1] for weight in loaded.weights] == [
        weight.path.split("/", 1)[1] for weight in drawn.weights
    ]
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in drawn.weights]
    assert loaded.weights
    assert not any(np.asarray(weight).any() for weight in loaded.weights)


def test_where_the_loop_leaves_out_the_padding_batches_have_few_lengths():
    # Catches: a compilation for each length of a batch, which took half the time of a training on 1,000 reviews.
    rng = np.random.default_rng(1)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 700, 2000))])
    names, labels = [str(i) for i in range(2000)], np.zeros(2000, np.int8)
    data = EncodedReviews(names, labels, rng.integers(2, 20, offsets[-1]), offsets, ["no", "yes"])
    chunks = np.split(np.argsort(data.lengths(600), kind="stable"), range(32, 2000, 32))

    def lengths(mask):
        settings = VARIANTS["embedding_masked"].settings() | {"mask": mask}
        network = build_model(settings, 20, data.classes, 1)
        return [batch.positions.shape[1] for batch in network.batches(data, chunks, 32, training=True)]

    masked = lengths(mask=True)
    assert set(lengths(mask=False)) == {600}
    assert set(masked) == {37, 150, 600}
    assert all(length >= data.lengths(600)[chunk].max() for length, chunk in zip(masked, chunks, strict=True))


def test_long_reviews_are_predicted_alone():
    # Catches: memory of as many reviews of the length of the longest as are predicted at a time; reviews that are lost,
    # or change places.
    settings = VARIANTS["tfidf_bigram"].settings() | {"units": 1}
    network = build_model(settings, 20, ["no", "yes"], 1)
    generator = np.random.default_rng(1)
    lengths = [5, 3 * LONG, 0, LONG, LONG + 1, 7]
    sequences = [generator.integers(1, 20, length).astype(np.int32) for length in lengths]
    data = EncodedReviews(list("abcdef"), np.zeros(6, np.int32), *joined(sequences), ["no", "yes"])
    shapes, batches = [], network.batches

    def recorded(*arguments, **options):
        for batch in batches(*arguments, **options):
            shapes.append(batch.positions.shape)
            yield batch

    network.batches = recorded
    together = predict(network, data)
    size, *alone = [rows for rows, _ in shapes]
    assert size > 1
    assert alone == [1, 1]
    # Lengths are rounded up, at most to the double.
    assert max(rows * length for rows, length in shapes) <= 2 * size * LONG
    alone = [predict(network, data.take(np.array([i])))[0] for i in range(6)]
    assert together == pytest.approx(alone, abs=1e-6)
