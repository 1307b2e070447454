"""Files from outside bring no code along: neither in arrays, nor in models, nor in packages."""

import io
import json
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from wordorder.inference import load_model
from wordorder.io.errors import InputError
from wordorder.models.network import build_model
from wordorder.vectors.matrix import read_matrix

REPOSITORY = Path(__file__).parents[1]


class Bomb:
    """What it leaves behind when it is unpickled: a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def refused(folder, read, path):
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert not (folder / "sentinel").exists()


def test_the_payloads_work(tmp_path):
    # Catches: payloads that do nothing, which would make the tests below pass.
    np.save(tmp_path / "matrix.npy", np.array([[Bomb(tmp_path / "sentinel")]]))
    np.load(tmp_path / "matrix.npy", allow_pickle=True)
    (tmp_path / "sentinel").unlink()
    save_lambda(tmp_path)
    keras.models.load_model(tmp_path / "model.keras", safe_mode=False)
    assert (tmp_path / "sentinel").exists()


def test_nothing_in_a_matrix_is_unpickled(tmp_path):
    # Catches: allow_pickle, with which opening a file runs the code in it.
    array = np.array([[Bomb(tmp_path / "sentinel")]])
    np.save(tmp_path / "matrix.npy", array)
    refused(tmp_path, lambda path: read_matrix(path, 1), tmp_path / "matrix.npy")
    (tmp_path / "matrix.npy").write_bytes(array.dumps())
    refused(tmp_path, lambda path: read_matrix(path, 1), tmp_path / "matrix.npy")
    with (tmp_path / "matrix.npy").open("wb") as file:
        np.savez(file, array=array)
    refused(tmp_path, lambda path: read_matrix(path, 1), tmp_path / "matrix.npy")


def keras_object(module, class_name, registered=None, /, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def sequential(layer):
    """The config of a model with one layer behind its input."""
    source = keras_object("keras.layers", "InputLayer", batch_shape=[None, 1], dtype="float32", name="input")
    return keras_object("keras", "Sequential", name="model", trainable=True, layers=[source, layer])


def save_lambda(folder):
    """Save a model that creates a file whenever it is made; Keras keeps the bytecode of the function."""
    function = eval(f"lambda x: [open({str(folder / 'sentinel')!r}, 'w').close(), x][1]")
    keras.Sequential([keras.layers.Input([1]), keras.layers.Lambda(function)]).save(folder / "model.keras")
    (folder / "sentinel").unlink()


def save_changed(path, changes, without=""):
    """Save one of our models, and change members of the file."""
    shape = {"model": "lstm", "features": "embedding", "dimension": 3, "mask": True, "units": 2, "dropout": 0.5}
    build_model(shape, 10, ["neg", "pos"], seed=1).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != without}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | changes).items():
            archive.writestr(name, content)


MODELS = {
    "a function of the system": lambda folder: sequential(
        keras_object(
            "keras.layers", "Lambda", name="layer", function=keras_object("os", "mkdir", path=str(folder / "sentinel"))
        )
    ),
    "a class of another module": lambda folder: keras_object(
        "trojan", "Model", "Trojan", path=str(folder / "sentinel")
    ),
    "a class that is no layer": lambda folder: keras_object("pathlib", "Path", path=str(folder / "sentinel")),
    "a saved graph": lambda folder: sequential(
        keras_object("keras.layers", "TFSMLayer", name="layer", filepath=str(folder / "graph"))
    ),
    "another model": lambda folder: sequential(keras_object("keras.layers", "Flatten", name="layer")),
}


def test_no_function_in_a_model_is_run(tmp_path):
    # Catches: safe_mode=False.
    save_lambda(tmp_path)
    refused(tmp_path, load_model, tmp_path / "model.keras")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_no_class_from_elsewhere_is_loaded(tmp_path, monkeypatch, model):
    # Catches: an import of what a model names (here a module that is on the path, and leaves the sentinel), and a model
    # of another class.
    (tmp_path / "trojan.py").write_text(f"open({str(tmp_path / 'sentinel')!r}, 'w').close()")
    monkeypatch.syspath_prepend(tmp_path)
    save_changed(tmp_path / "model.keras", {"config.json": json.dumps(model(tmp_path)).encode()})
    refused(tmp_path, load_model, tmp_path / "model.keras")


def test_nothing_in_the_weights_is_unpickled(tmp_path):
    # Catches: weights in NumPy's format, which Keras reads, too, unpickled.
    weights = io.BytesIO()
    np.savez(weights, **{"classifier/vars": np.array({"0": Bomb(tmp_path / "sentinel")})})
    save_changed(tmp_path / "model.keras", {"model.weights.npz": weights.getvalue()}, without="model.weights.h5")
    refused(tmp_path, load_model, tmp_path / "model.keras")


def test_every_package_is_pinned_by_hash():
    # Catches: a package that is added to the list by hand, or a make that no longer compares the hashes.
    lines = (REPOSITORY / "requirements.txt").read_text().replace("\\\n", "").splitlines()
    packages = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(packages) > 50
    for line in packages:
        assert re.match(r"[a-z0-9_.-]+(\[[a-z0-9,-]+\])?==\S+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line
    makefile = (REPOSITORY / "Makefile").read_text()
    installs = re.findall(r"^\t.*\bpip install\b.*$", makefile.replace("\\\n", ""), re.MULTILINE)
    assert installs
    # The package itself is installed without anything from elsewhere.
    assert all("--require-hashes" in line or {"--no-index", "--no-deps"} < set(line.split()) for line in installs)
    # What is built from its source is built by what has been installed so, and by nothing that pip fetches for it.
    first, *others = installs
    assert "setuptools" in first
    assert all("--no-build-isolation" in line for line in others)
