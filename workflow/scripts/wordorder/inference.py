"""Prediction with trained networks, and the files that hold them."""

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import keras
import numpy as np
from keras import ops

from wordorder.data.encoded import EncodedReviews
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading
from wordorder.models.later import Tensor
from wordorder.models.network import TokenClassifier, weights_follow
from wordorder.training.backend import compiled, rows_at

# So few reviews are not filled up to a whole batch.
FEW = (8, 64)
# A review with more tokens is predicted alone: with others, all would be padded to its length.
LONG = 8192


def load_model(path: Path) -> TokenClassifier:
    """Load a saved network. Raises InputError if the file is damaged."""
    # Broad, because zipfile, HDF5 and Keras have errors of all kinds for what is damaged.
    with reading(path, Exception), weights_follow():
        network = keras.models.load_model(path, compile=False)
        if not isinstance(network, TokenClassifier):
            raise ValueError(f"it is a {type(network).__name__}")
    return network


def save_model(model: keras.Model, path: Path) -> None:
    """Write a model in Keras' format; the bytes are a function of the model, and not of the time."""
    with atomic_write(path) as part:
        model.save(part)
        with ZipFile(part) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        metadata = json.loads(members["metadata.json"])
        members["metadata.json"] = json.dumps({"keras_version": metadata["keras_version"]}).encode()
        with ZipFile(part, "w") as archive:
            for name, content in members.items():
                # Without a date it is the first of 1980.
                archive.writestr(ZipInfo(name), content)


def predictor(network: TokenClassifier) -> Callable[..., Tensor]:
    """Compile a network for prediction: (weights, rows, vocabulary, positions) to probabilities, see `predict`."""

    def probabilities(weights: list[list[Tensor]], rows: Tensor, vocabulary: Tensor, positions: Tensor) -> Tensor:
        outputs = network.stateless_call(*weights, positions, rows=rows, vocabulary=vocabulary)[0]
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    return compiled(probabilities)


def predict(network: TokenClassifier, data: EncodedReviews, run: Callable[..., Tensor] | None = None) -> np.ndarray:
    """Return the probability that each review is of the second of two classes, (reviews,) float32.

    With more than two classes the probabilities of each, (reviews, classes).

    Reviews are taken in the order of their length, so that little padding is computed, and long ones one by one, so
    that it takes the memory of the longest. `run` is the compiled `predictor(network)`, for those who predict more than
    once.
    """
    run = run or predictor(network)
    variant = network.variant
    data = network.prepare(data)
    lengths = data.lengths(variant.reads_length)
    order = np.argsort(lengths, kind="stable")
    ordinary = np.count_nonzero(lengths <= LONG)
    size = min([variant.prediction_batch, *(few for few in FEW if len(order) <= few)])
    weights = [
        [ops.convert_to_tensor(v) for v in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    ]
    table = ops.convert_to_tensor(network.token_table.rows)
    shape = (len(data.labels), len(network.classes))
    result = np.empty(shape[:1] if shape[1] == 2 else shape, np.float32)
    sized = [(order[:ordinary], size), (order[ordinary:], 1)]
    for batch in chain.from_iterable(
        network.batches(data, np.split(reviews, range(size, len(reviews), size)), size, training=False)
        for reviews, size in sized
        if len(reviews)
    ):
        rows = rows_at(table, batch.vocabulary)
        probabilities = ops.convert_to_numpy(run(weights, rows, batch.vocabulary, batch.positions))
        is_review = batch.reviews >= 0
        result[batch.reviews[is_review]] = probabilities[is_review]
    return result
