"""Measure how the cost of our training grows with length, vocabulary, batch size, units and number of reviews.

    python workflow/scripts/benchmark_scaling.py results docs/performance/scaling.csv

`results` is the folder of a run of the pipeline that holds the encoded training reviews. Each point is a process of its
own. The model is the learned embedding, unmasked, on one core; the reviews are repeated to get more of them.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmark_training import default_config
from wordorder import paths
from wordorder.data.encoded import EncodedReviews, read_encoded, write_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.evaluation.machine import IDLE, Watch
from wordorder.evaluation.timing import our_steps
from wordorder.io.atomic import atomic_write
from wordorder.models.kind import GradientTrained
from wordorder.training.backend import start_backend

AXES = {
    "sequence_length": [75, 150, 300, 600, 1200],
    "vocabulary": [20_000, 50_000, 100_000, 200_000],
    "batch_size": [8, 16, 32, 64, 128],
    "units": [16, 32, 64, 128],
    "reviews": [20_000, 40_000, 100_000, 200_000],
}
SMALL = {"sequence_length": [8], "vocabulary": [1000], "batch_size": [4], "units": [2], "reviews": [64]}


def repeated(data: EncodedReviews, number: int, path: Path) -> EncodedReviews:
    """Write `number` reviews, those of `data` over and over, and read them memory-mapped."""
    order = np.arange(number) % len(data.labels)
    sequences = [data.tokens[data.offsets[i] : data.offsets[i + 1]] for i in order]
    write_encoded(path, [str(i) for i in range(number)], data.labels[order].tolist(), sequences, data.classes)
    return read_encoded(path)


def seconds_per_step(data: EncodedReviews, settings: dict[str, Any], vocabulary_size: int, steps: int) -> float:
    """Return the median time of a step, after every shape has been compiled."""
    running = our_steps(data, settings, vocabulary_size, steps)
    times = []
    for _ in islice(running, steps):
        pass
    for _ in range(steps):
        start = time.perf_counter()
        next(running)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def measure(results: Path, axis: str, value: int, more: Path, steps: int) -> None:
    """Print one measurement as JSON: seconds a step, or an epoch of the reviews `more`, and the peak memory in MB."""
    start_backend("jax", 1)
    from wordorder.models.network import build_model
    from wordorder.training.batching import shuffled_chunks
    from wordorder.training.loop import Trainer

    config = default_config()
    data = read_encoded(results.parent / paths.encoded("train", config.vectorizer))
    vocabulary_size = len(read_vocabulary(results.parent / paths.vocabulary(config.vectorizer)))
    settings = config.variants["embedding"].settings()
    if axis == "reviews":
        # The masked model: trimmed batches make this the quickest.
        variant = cast(GradientTrained, config.variants["embedding_masked"])
        data = read_encoded(more)
        model = build_model(variant.settings(), vocabulary_size, data.classes, 1)
        trainer = Trainer(model, 1)
        start = time.perf_counter()
        chunks = shuffled_chunks(data.lengths(variant.reads_length), variant.batch_size, 1, 1, variant.groups_by_length)
        losses = [
            trainer.run_batch(batch, data.labels, step)[0]
            for step, batch in enumerate(model.batches(data, chunks, variant.batch_size, training=True))
        ]
        # Waits for the last step.
        float(losses[-1])
        seconds = time.perf_counter() - start
    elif axis == "vocabulary":
        seconds = seconds_per_step(data, settings, value, steps)
    else:
        seconds = seconds_per_step(data, {**settings, axis: value}, vocabulary_size, steps)
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder that holds vectorizers/")
    parser.add_argument("table", type=Path, nargs="?", help="CSV file to write")
    parser.add_argument("--steps", type=int, default=30, help="steps at each point (default: 30)")
    parser.add_argument("--small", action="store_true", help="one small point of each kind")
    parser.add_argument(
        "--others", type=float, default=IDLE, help=f"cores that others may keep busy meanwhile (default: {IDLE})"
    )
    parser.add_argument("--point", nargs=3, metavar=("AXIS", "VALUE", "REVIEWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        axis, value, more = arguments.point
        measure(arguments.results, axis, int(value), Path(more), arguments.steps)
        return
    import pandas as pd

    data = read_encoded(arguments.results.parent / paths.encoded("train", default_config().vectorizer))
    watch = Watch()
    rows = []
    for axis, values in (SMALL if arguments.small else AXES).items():
        for value in values:
            with tempfile.TemporaryDirectory() as folder:
                more = Path(folder) / "more.arrow"
                if axis == "reviews":
                    repeated(data, value, more)
                point = ["--point", axis, str(value), str(more), "--steps", str(arguments.steps)]
                command = [sys.executable, __file__, arguments.results, *point]
                run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"Error: {axis} {value} failed:\n{run.stderr}")
            seconds, memory = json.loads(run.stdout)
            unit = "epoch" if axis == "reviews" else "step"
            rows.append(
                {"axis": axis, "value": value, "per": unit, "seconds": round(seconds, 4), "peak_mb": round(memory)}
            )
            print(rows[-1], flush=True)
    watch.refuse_others(arguments.others)
    with atomic_write(arguments.table) as part:
        pd.DataFrame(rows).to_csv(part, index=False)


if __name__ == "__main__":
    main()
