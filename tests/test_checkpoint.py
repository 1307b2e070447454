"""Checkpoints of a training: complete and the right ones, or none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wordorder
from wordorder.training.checkpoint import Checkpoints, Progress, fingerprint, remove


def progress(epoch):
    """Progress after `epoch` epochs, with numbers that differ from those of any other."""
    state = [np.full((3, 2), epoch, "float32"), np.arange(epoch, dtype="int32")]
    history = [{"epoch": i, "loss": 0.1 * i} for i in range(1, epoch + 1)]
    return Progress(state, [np.array([epoch / 3], "float32")], history)


def assert_same(one, two):
    """Assert that two progresses are the same to the last bit."""
    assert one.history == two.history
    for arrays, others in ((one.state, two.state), (one.best_weights, two.best_weights)):
        for array, other in zip(arrays, others, strict=True):
            assert (array.dtype, array.shape, array.tobytes()) == (other.dtype, other.shape, other.tobytes())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_round_trip(tmp_path):
    # Catches: arrays in another order (there are more than ten), rounding, a history that is not whole.
    state = [np.float32(np.random.default_rng(i).normal(size=(i, 2))) for i in range(12)]
    saved = Progress(state, state[::-1], [{"epoch": 1, "loss": 0.1 + 0.2}])
    Checkpoints(tmp_path, "a").save(saved)
    assert_same(Checkpoints(tmp_path, "a").load(), saved)


def test_nothing_to_go_on_from(tmp_path):
    # Catches: a failure where there is no checkpoint.
    assert Checkpoints(tmp_path / "none", "a").load() is None


def test_two_generations_are_kept(tmp_path):
    # Catches: a disk that fills up, and the last generation deleted instead of the first (10 sorts before 9).
    for epoch in range(8, 12):
        Checkpoints(tmp_path, "a").save(progress(epoch))
    assert names(tmp_path) == ["epoch10.npz", "epoch11.npz"]
    assert_same(Checkpoints(tmp_path, "a").load(), progress(11))


def test_another_training_starts_afresh(tmp_path):
    # Catches: a training that goes on from the weights of other settings, and what is left of those.
    Checkpoints(tmp_path, "a").save(progress(1))
    Checkpoints(tmp_path, "a").save(progress(2))
    assert Checkpoints(tmp_path, "b").load() is None
    assert not tmp_path.exists()


def test_killed_while_writing(tmp_path):
    # Catches: the last generation overwritten in place; half a file taken for a checkpoint.
    Checkpoints(tmp_path, "a").save(progress(1))
    code = """
import os, signal, sys
from pathlib import Path
import numpy as np
from wordorder.training.checkpoint import Checkpoints, Progress
save = np.savez
def half(part, **arrays):
    save(part, **arrays)
    os.truncate(part, part.stat().st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
np.savez = half
Checkpoints(Path(sys.argv[1]), "a").save(Progress([np.ones(9)], [np.ones(9)], [{"epoch": 1}, {"epoch": 2}]))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(wordorder.__file__).parents[1])}
    ended = subprocess.run([sys.executable, "-c", code, tmp_path], env=environment)
    assert ended.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2
    assert_same(Checkpoints(tmp_path, "a").load(), progress(1))
    Checkpoints(tmp_path, "a").save(progress(2))
    assert names(tmp_path) == ["epoch1.npz", "epoch2.npz"]


def test_no_empty_folders_are_left(tmp_path):
    # Catches: a tree of empty folders after a study; the checkpoints of another training deleted with it.
    folders = [tmp_path / "checkpoints" / path for path in ("glove/all/seed1", "glove/200/seed1", "lstm/all/seed1")]
    for folder in folders:
        Checkpoints(folder, "a").save(progress(1))
    for number, folder in enumerate(folders):
        remove(folder)
        assert not folder.exists()
        assert all((other / "epoch1.npz").exists() for other in folders[number + 1 :])
    assert names(tmp_path) == []


@pytest.fixture
def generation(tmp_path):
    """The bytes of the second of two generations, and a function that puts others in their place and loads."""
    for epoch in (1, 2):
        Checkpoints(tmp_path / "whole", "a").save(progress(epoch))
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}

    def load(content):
        folder = tmp_path / "damaged"
        remove(folder)
        folder.mkdir()
        (folder / "epoch1.npz").write_bytes(files["epoch1.npz"])
        (folder / "epoch2.npz").write_bytes(content)
        return Checkpoints(folder, "a").load()

    return files["epoch2.npz"], load


@settings(max_examples=300, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_generation_falls_back_on_the_one_before(generation, data):
    # Catches: a training that goes on from damaged numbers, or fails because of them.
    content, load = generation
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        loaded = load(content[:where])
    else:
        flipped = bytes([content[where] ^ data.draw(st.integers(1, 255))])
        loaded = load(content[:where] + flipped + content[where + 1 :])
    # A flipped bit of a date in the archive changes nothing.
    assert_same(loaded, progress(len(loaded.history)))


def test_both_generations_damaged(tmp_path):
    # Catches: a training that cannot start because of what it would not need.
    for epoch in (1, 2):
        Checkpoints(tmp_path, "a").save(progress(epoch))
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    assert Checkpoints(tmp_path, "a").load() is None


def test_fingerprint_changes_with_all_that_decides(tmp_path):
    # Catches: a file or value that is left out; two files whose contents are run together; a hash that differs from
    # process to process.
    for name, content in (("one", b"ab"), ("two", b"c"), ("three", b"a"), ("four", b"bc")):
        (tmp_path / name).write_bytes(content)
    one, two, three, four = (tmp_path / name for name in ("one", "two", "three", "four"))
    prints = [
        fingerprint([one, two], {"seed": 1}),
        fingerprint([three, four], {"seed": 1}),
        fingerprint([two, one], {"seed": 1}),
        fingerprint([one], {"seed": 1}),
        fingerprint([one, two], {"seed": 2}),
        fingerprint([one, two], {"seed": 1, "settings": {"units": 32}}),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint([one], {"a": 1, "b": 2}) == fingerprint([one], {"b": 2, "a": 1})
