"""Checkpoints of a training that may be killed: what it needs to go on after its last finished epoch."""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wordorder.io.atomic import atomic_write

# Two, because the last one may be cut off while it is written, or damaged.
GENERATIONS = 2
FILE_NAME = re.compile(r"epoch([0-9]+)\.npz")
log = logging.getLogger(__name__)


def fingerprint(files: Iterable[Path], values: dict[str, Any]) -> str:
    """Return the digest of the contents of the files, in this order, and of values that JSON can hold.

    Among the values is the digest of the code, as `dependencies.job_settings` gives it.
    """
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return hashlib.sha256(json.dumps([digests, values], sort_keys=True).encode()).hexdigest()


class Progress(NamedTuple):
    """How far a training has come: all that the epochs to come depend on.

    `state` are the arrays of the trainer, `best_weights` those of the epoch with the lowest validation loss, `history`
    has an entry for each finished epoch.
    """

    state: list[np.ndarray]
    best_weights: list[np.ndarray]
    history: list[dict[str, Any]]


class Checkpoints:
    """A folder with the last `GENERATIONS` of the progress of one training, a file each.

    It belongs to one set of inputs, settings and code, of which `fingerprint` is the digest; what another set has left
    there is deleted.
    """

    def __init__(self, folder: Path, fingerprint: str):
        self.folder = folder
        self.fingerprint = fingerprint

    def save(self, progress: Progress) -> None:
        """Write a generation beside the last one, and delete those before it."""
        # The numbers of arrays, because a damaged directory of the archive may hide one.
        counts = {"state": len(progress.state), "best": len(progress.best_weights)}
        record = {"fingerprint": self.fingerprint, "history": progress.history, "arrays": counts}
        arrays = {"record": np.array(json.dumps(record))}
        arrays |= {f"state{i}": array for i, array in enumerate(progress.state)}
        arrays |= {f"best{i}": array for i, array in enumerate(progress.best_weights)}
        with atomic_write(self.folder / f"epoch{len(progress.history)}.npz") as part:
            np.savez(part, allow_pickle=False, **arrays)
        for path in self.generations()[GENERATIONS:]:
            path.unlink()

    def load(self) -> Progress | None:
        """Read the last generation that is whole; None if there is none, or if it is that of another training."""
        for path in self.generations():
            try:
                with np.load(path, allow_pickle=False) as file:
                    if file.zip.testzip() is not None:
                        raise ValueError("wrong checksum")
                    arrays = dict(file)
                record = json.loads(str(arrays["record"]))
                if record["fingerprint"] != self.fingerprint:
                    log.info(
                        "The checkpoints in %s are those of other inputs, settings or code: starting afresh",
                        self.folder,
                    )
                    break
                state, best_weights = (
                    [arrays[f"{kind}{i}"] for i in range(record["arrays"][kind])] for kind in ("state", "best")
                )
                return Progress(state, best_weights, record["history"])
            # Broad, because NumPy and zipfile raise whatever a damaged byte leads them to.
            except Exception as error:
                if isinstance(error, MemoryError):
                    raise
                log.warning("%s is damaged (%s)", path, error)
        shutil.rmtree(self.folder, ignore_errors=True)
        return None

    def generations(self) -> list[Path]:
        """Return the files, the last epoch first."""
        epochs = {int(match[1]): path for path in self.folder.glob("*") if (match := FILE_NAME.fullmatch(path.name))}
        return [epochs[epoch] for epoch in sorted(epochs, reverse=True)]


def remove(folder: Path) -> None:
    """Delete a folder of checkpoints, if it is there, and those around it that are empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    # Size, variant, and all: see `paths.checkpoints`.
    for around in folder.parents[:3]:
        with suppress(OSError):
            around.rmdir()
