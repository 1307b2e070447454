"""Time a training step of each variant: ours, plain Keras' and PyTorch's, in turn.

    python workflow/scripts/benchmark_training.py results docs/performance/benchmark.csv

`results` is the folder of a run of the pipeline that holds the encoded training reviews and the GloVe matrix. Each
variant, implementation and setting of it is a process of its own, so that its memory can be told. All are warmed up,
then each takes some steps in turn, round after round: what disturbs the machine disturbs all alike. (Those of one-hot
tokens run one after the other, for their memory.) Of the settings of an implementation the fastest is the row. The
table grows variant by variant, as long as the machine does nothing else.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import yaml

from wordorder import paths
from wordorder.config import Config
from wordorder.data.encoded import read_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.evaluation.machine import IDLE, Watch, processor_name
from wordorder.evaluation.timing import keras_steps, our_steps
from wordorder.io.atomic import atomic_write
from wordorder.models.kind import GradientTrained, variant_of
from wordorder.models.kinds.lstm import LSTM
from wordorder.training.backend import start_backend
from wordorder.vectors.matrix import read_matrix

CONFIG = Path(__file__).parents[2] / "config/config.yaml"
IMPLEMENTATIONS = {
    "wordorder on JAX": "jax",
    "wordorder on TensorFlow": "tensorflow",
    "Keras on TensorFlow": "tensorflow",
    "Keras on JAX": "jax",
    "Keras on PyTorch": "torch",
    "PyTorch": "torch",
}
# Variants of the config, and what the chapter does not have: a masked embedding with a maximum over time.
POOLED = "embedding_masked_pooled"
VARIANTS = f"binary_bigram,one_hot,embedding,embedding_masked,{POOLED},glove,transformer"
# What the others are compared with: the first that is installed.
REFERENCES = ("Keras on TensorFlow", "Keras on JAX")


def default_config() -> Config:
    """Return the config of the chapter."""
    return Config.model_validate(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))


class Setting(NamedTuple):
    """How an implementation is run: on how many threads, and for PyTorch how reviews of unequal length are read."""

    threads: int
    layout: str = ""

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.layout}, {threads}" if self.layout else threads


class Worker:
    """A process that takes steps of a variant when it is told to."""

    def __init__(self, results: Path, variant: str, implementation: str, setting: Setting, steps: int):
        """Take so many steps at a time, once it has been started."""
        self.implementation, self.setting, self.steps = implementation, setting, steps
        choice = [implementation, variant, str(setting.threads), setting.layout]
        self.command = [sys.executable, __file__, str(results), "--sample", str(steps), "--worker", *choice]
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process: subprocess.Popen[str] | None = None
        self.times: list[float] = []
        self.processor_times: list[float] = []
        self.memory = 0.0

    def start(self) -> bool:
        """Start it, and let it compile every shape; return whether it is still there."""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.send(self.steps + 2)
        return self.receive() is not None

    def send(self, steps: int) -> None:
        """Let it take some steps; whether it is still there, `receive` tells."""
        questions = cast(IO[str], cast(subprocess.Popen[str], self.process).stdin)
        with suppress(BrokenPipeError):
            questions.write(f"{steps}\n")
            questions.flush()

    def receive(self) -> list[float] | None:
        """Return the seconds it took, the seconds of processor time, and its peak memory in MB; None if it ended."""
        answer = cast(IO[str], cast(subprocess.Popen[str], self.process).stdout).readline()
        return json.loads(answer) if answer else None

    def take(self) -> None:
        """Take its steps, and keep what one took."""
        self.send(self.steps)
        answer = self.receive()
        if answer is None:
            sys.exit(f"Error: {self.name} ended: {self.last_words()}")
        seconds, processor_seconds, self.memory = answer
        self.times.append(1000 * seconds / self.steps)
        self.processor_times.append(1000 * processor_seconds / self.steps)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.implementation} ({self.setting})"

    def last_words(self) -> str:
        """Return the last line that it has written about errors."""
        self.errors.seek(0)
        return (self.errors.read().strip().splitlines() or ["nothing was said"])[-1]

    def end(self) -> None:
        """End it, if it has been started."""
        if self.process:
            self.process.kill()
            self.process.wait()


def settings_of_variant(name: str) -> dict[str, Any]:
    """Return the complete settings of a variant of the benchmark."""
    config = default_config()
    if name == POOLED:
        return {**config.variants["embedding_masked"].settings(), "pooling": "max"}
    return config.variants[name].settings()


def work(results: Path, implementation: str, variant: str, setting: Setting, sample: int) -> None:
    """Take as many steps as each line of the standard input says; answer with their seconds and the peak memory."""
    # A library that prints does not answer for it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    start_backend(IMPLEMENTATIONS[implementation], setting.threads)
    settings = settings_of_variant(variant)
    folder, vectorizer = results.parent, settings["vectorizer"]
    vocabulary_size = len(read_vocabulary(folder / paths.vocabulary(vectorizer)))
    matrix = folder / paths.vectors("glove", vectorizer)
    vectors = read_matrix(matrix, vocabulary_size) if settings["features"] == "glove" else None
    data = read_encoded(folder / paths.encoded("train", vectorizer))
    if implementation.startswith("wordorder"):
        running = our_steps(data, settings, vocabulary_size, sample, vectors)
    elif implementation == "PyTorch":
        from benchmark_torch import torch_steps

        model = cast(GradientTrained, variant_of(settings))
        running = torch_steps(data, model, vocabulary_size, sample, vectors, *setting)
    else:
        running = keras_steps(data, settings, vocabulary_size, vectors)
    for line in sys.stdin:
        start, processor_start = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            next(running)
        seconds, processor_seconds = time.perf_counter() - start, time.process_time() - processor_start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([seconds, processor_seconds, memory]), file=answers, flush=True)


def candidates(variant: GradientTrained, gpu: bool) -> list[tuple[str, Setting]]:
    """Return the implementations of a variant that are installed and can be waited for, with their settings."""
    left_out = set()
    if isinstance(variant, LSTM) and (variant.mask or not gpu):
        # It goes through the time steps one by one.
        left_out.add("Keras on PyTorch")
    if isinstance(variant, LSTM) and variant.one_hot and not gpu:
        left_out.add("Keras on JAX")
    # A training of the pipeline has one core; the others may take all there are.
    threads = [1] if gpu else sorted({1, os.cpu_count() or 1})
    if isinstance(variant, LSTM) and variant.one_hot:
        # Each process takes 7 GB or more for products of large matrices, which all cores do fastest.
        threads = threads[-1:]
    found = []
    for name, package in IMPLEMENTATIONS.items():
        if name in left_out or not find_spec(package):
            continue
        if name.startswith("wordorder"):
            found.append((name, Setting(1)))
        elif name == "PyTorch":
            from benchmark_torch import layouts

            found += [(name, Setting(number, layout)) for number in threads for layout in layouts(variant)]
        else:
            found += [(name, Setting(number)) for number in threads]
    return found


def compare(results: Path, variant: str, rounds: int, sample: int, gpu: bool) -> list[dict]:
    """Time all implementations of a variant in turn; one row each, of its fastest setting."""
    model = cast(GradientTrained, variant_of(settings_of_variant(variant)))
    large = variant == "one_hot" and not gpu
    # A step of the others takes the longer the more it wastes: fewer of them say as much.
    few = 1 if large else max(1, sample // 8)
    workers = [
        Worker(results, variant, name, setting, sample if name.startswith("wordorder") else few)
        for name, setting in candidates(model, gpu)
    ]
    # Beside another that holds 7 GB of memory as well, PyTorch takes twice as long as alone.
    for group in [[worker] for worker in workers] if large else [workers]:
        try:
            started = [worker for worker in group if worker.start()]
            for _ in range(rounds):
                for worker in started:
                    worker.take()
        finally:
            for worker in group:
                worker.end()
    for worker in workers:
        if not worker.times:
            print(f"Left out: {worker.name} ended: {worker.last_words()}", file=sys.stderr, flush=True)
    best: dict[str, Worker] = {}
    for worker in (worker for worker in workers if worker.times):
        print(f"{variant}: {worker.name}: {statistics.median(worker.times):.1f} ms", flush=True)
        rival = best.setdefault(worker.implementation, worker)
        if statistics.median(worker.times) < statistics.median(rival.times):
            best[worker.implementation] = worker
    reference = next((best[name] for name in REFERENCES if name in best), None)
    if reference is None:
        sys.exit(f"Error: {variant} could not be run in plain Keras, which the others are compared with.")
    return [
        {
            "variant": variant,
            "implementation": name,
            "setting": str(worker.setting),
            "ms_per_step": round(statistics.median(worker.times), 1),
            "processor_ms": round(statistics.median(worker.processor_times), 1),
            "peak_mb": round(worker.memory),
            # Round by round, so that both saw the same machine.
            "speedup": round(statistics.median(np.divide(reference.times, worker.times)), 1),
        }
        for name, worker in best.items()
    ]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder that holds vectorizers/")
    parser.add_argument("table", type=Path, nargs="?", help="CSV file to write")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each implementation (default: 3)")
    parser.add_argument("--sample", type=int, default=32, help="our steps in each turn (default: 32)")
    parser.add_argument("--variants", default=VARIANTS, help=f"separated by commas (default: {VARIANTS})")
    parser.add_argument(
        "--others", type=float, default=IDLE, help=f"cores that others may keep busy meanwhile (default: {IDLE})"
    )
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        implementation, variant, threads, layout = arguments.worker
        work(arguments.results, implementation, variant, Setting(int(threads), layout), arguments.sample)
        return
    import pandas as pd

    gpu = shutil.which("nvidia-smi") is not None
    rows = []
    for variant in arguments.variants.split(","):
        watch = Watch()
        rows += compare(arguments.results, variant, arguments.rounds, arguments.sample, gpu)
        watch.refuse_others(arguments.others)
        table = pd.DataFrame(rows).assign(processor=processor_name())
        print(table[table["variant"] == variant].to_string(index=False), flush=True)
        with atomic_write(arguments.table) as part:
            table.to_csv(part, index=False)


if __name__ == "__main__":
    main()
