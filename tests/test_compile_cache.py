"""Compiled code that processes share: the same bytes with it and without, whatever has happened to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wordorder import paths
from wordorder.training.compile_cache import processor

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"
# Prints the digest of a trained network, and how many entries were compiled here.
PROGRAM = """
import hashlib, os, sys
from pathlib import Path
from wordorder.training.backend import start_backend
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
start_backend("jax", 1, folder)
from plain_keras import VOCABULARY, complete, token_batch
from wordorder.inference import predictor
from wordorder.models.network import build_model
from wordorder.training.batching import Batch
from wordorder.training.loop import Trainer
import numpy as np
network = build_model(complete(features="one_hot", mask=True, units=8), VOCABULARY, ["no", "yes"], 1)
trainer = Trainer(network, 1)
tokens = token_batch([12, 7, 1, 0])
batch = Batch(np.arange(VOCABULARY, dtype="int32"), tokens, np.arange(4))
for step in range(20):
    trainer.run_batch(batch, np.array([0, 1, 1, 0], "float32"), step)
digest = hashlib.sha256(b"".join(array.tobytes() for array in trainer.get_state())).hexdigest()
own = Path(os.environ.get("JAX_COMPILATION_CACHE_DIR", "nowhere"))
print(digest, sum(not entry.is_symlink() for entry in own.glob("*-cache")))
"""


def start(*folder, **environment):
    # Everything is kept, however quickly it was compiled.
    environment = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", **environment}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, folder)],
        env={**inherited, "PYTHONPATH": f"{SCRIPTS}:{Path(__file__).parent}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    digest, compiled = output.split()
    return digest, int(compiled), errors


@pytest.mark.whole
def test_the_bytes_are_the_same(tmp_path):
    # Catches: code from the cache that computes something else; a cache that is not found again; one that a damaged or
    # half-written entry, or two processes at once, turn into an error.
    folder = tmp_path / "compiled"
    digest, _, _ = outcome(start())
    both = [start(folder, TMPDIR=str(tmp_path)) for _ in range(2)]
    for found, compiled, _ in map(outcome, both):
        assert found == digest
        assert compiled > 0
    entries = list(folder.rglob("*-cache"))
    assert entries
    # Neither what is written aside nor the folders of the processes are left.
    assert [path for path in folder.rglob("*") if path.is_file()] == entries
    assert list(tmp_path.iterdir()) == [folder]
    assert outcome(start(folder))[:2] == (digest, 0)
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-100])
    found, compiled, errors = outcome(start(folder))
    assert found == digest
    assert "persistent compilation cache" in errors


def test_a_folder_that_cannot_be_used_is_no_error(tmp_path):
    # Catches: a training that fails because the disk is full or read-only, or the name is taken.
    (tmp_path / "file").write_text("")
    _, compiled, _ = outcome(start(tmp_path / "file"))
    assert compiled > 0
    assert (tmp_path / "file").read_text() == ""


def test_the_folder_of_the_user_is_kept(tmp_path):
    # Catches: JAX's own setting thrown away.
    own = tmp_path / "own"
    outcome(start(tmp_path / "ours", JAX_COMPILATION_CACHE_DIR=str(own)))
    assert own.exists()
    assert not (tmp_path / "ours").exists()


def test_another_processor_has_its_own(tmp_path):
    # Catches: code for instructions that the processor of another node does not have.
    one, other = (tmp_path / name for name in ("one", "other"))
    one.write_text("processor : 0\nflags : sse avx2\nMHz : 2000\nprocessor : 1\nflags : sse avx2\nMHz : 3000\n")
    other.write_text("processor : 0\nflags : sse avx2 avx512f\nMHz : 2000\n")
    assert processor() == processor()
    assert len({processor(), processor(one), processor(other), processor(tmp_path / "none")}) == 4
    again = one.read_text().replace("3000", "2500")
    one.write_text(again)
    assert processor(one) != processor(other)


def test_jobs_share_what_they_compile(finished):
    # Catches: jobs that do not know the folder, or leave it elsewhere.
    assert list((finished / paths.COMPILED / processor()).glob("jit_*-cache"))
