"""The script of a training: from which checkpoint it goes on, and what it leaves."""

import logging
import os
import shutil

import numpy as np
import pytest
from plain_keras import complete

import train_model
from wordorder import paths
from wordorder.data.encoded import write_encoded
from wordorder.data.vectorizer import write_vocabulary

SETTINGS = complete(
    features="glove",
    mask=True,
    units=2,
    sequence_length=6,
    batch_size=8,
    epochs=1,
    group_by_length=False,
    optimizer={"learning_rate": 0.01},
)


def write_reviews(path, seed):
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(2, 9, 6).astype("int32") for _ in range(16)]
    write_encoded(path, [str(i) for i in range(16)], [i % 2 for i in range(16)], sequences, ["neg", "pos"])


def write_vectors(path, seed):
    np.save(path, np.random.default_rng(seed).normal(size=(9, 3)).astype("float32"))


def run(folder, **changes):
    """Run the script on small files in `folder`."""
    products = {name: folder / paths.run(file, "variant", "all", 1) for name, file in paths.TRAINED.items()}
    options = {"settings": SETTINGS, "seed": 1, "code": "first version", **changes}
    train_model.main(
        train=folder / "train.arrow",
        validation=folder / "validation.arrow",
        vocabulary=folder / "vocabulary.json",
        vectors=folder / "matrix.npy",
        unlabelled=None,
        soft_labels=[],
        groups=[],
        **products,
        variant="variant",
        size="all",
        fewest_held_out=0,
        split_seed=1,
        backend=os.environ["KERAS_BACKEND"],
        threads=1,
        **options,
    )
    return {name: path.read_bytes() for name, path in products.items() if name != "costs"}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder in which the script has been run, and its products but for the costs."""
    folder = tmp_path_factory.mktemp("first")
    write_reviews(folder / "train.arrow", 1)
    write_reviews(folder / "validation.arrow", 2)
    write_vectors(folder / "matrix.npy", 1)
    write_vocabulary(folder / "vocabulary.json", ["", "[UNK]", *"abcdefg"])
    return folder, run(folder)


@pytest.fixture
def trained(first, tmp_path, caplog):
    """A copy of that folder, to be changed, and the products."""
    caplog.set_level(logging.INFO, "wordorder")
    shutil.copytree(first[0], tmp_path, dirs_exist_ok=True)
    return tmp_path, first[1]


def test_goes_on_to_the_same_bytes(trained, caplog):
    # Catches: a checkpoint that is gone before Snakemake knows of the products; one that is not used; products that
    # depend on the time, or on how many models the process has made before.
    folder, products = trained
    assert run(folder) == products
    assert "Going on after epoch 1" in caplog.text


CHANGES = {
    "training reviews": lambda folder: write_reviews(folder / "train.arrow", 3),
    "validation reviews": lambda folder: write_reviews(folder / "validation.arrow", 3),
    "vocabulary": lambda folder: write_vocabulary(folder / "vocabulary.json", ["", "[UNK]", *"abcdefh"]),
    "vectors": lambda folder: write_vectors(folder / "matrix.npy", 2),
    "code": lambda folder: {"code": "second version"},
    "settings": lambda folder: {"settings": SETTINGS | {"epochs": 2}},
    "seed": lambda folder: {"seed": 2},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_training_starts_afresh(trained, caplog, name):
    # Catches: a training that goes on from that of other inputs, settings or code.
    folder, _ = trained
    changed = CHANGES[name](folder)
    run(folder, **(changed if isinstance(changed, dict) else {}))
    assert "starting afresh" in caplog.text
    assert "Going on" not in caplog.text
