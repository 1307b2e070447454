"""Time a training step of each variant: ours, plain Keras' and PyTorch's, in turn.

    python workflow/scripts/benchmark_training.py results docs/performance/benchmark.csv

`results` is the folder of a run of the pipeline that holds the encoded training reviews and the GloVe matrix. Each
variant and implementation is a process of its own, so that its memory can be told. All are warmed up, then each takes
some steps in turn, round after round: what disturbs the machine disturbs all alike.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import yaml

from wordorder import paths
from wordorder.config import Config
from wordorder.data.encoded import EncodedReviews, read_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.evaluation.timing import keras_steps, our_steps, padded_batches
from wordorder.io.atomic import atomic_write
from wordorder.models.kind import GradientTrained, variant_of
from wordorder.models.kinds.lstm import LSTM
from wordorder.models.recurrent import Recurrent
from wordorder.training.backend import start_backend
from wordorder.vectors.matrix import read_matrix

CONFIG = Path(__file__).parents[2] / "config/config.yaml"
# Ours are given one core, as the pipeline gives them; the others take all there are.
IMPLEMENTATIONS = {
    "wordorder on JAX": "jax",
    "wordorder on TensorFlow": "tensorflow",
    "Keras on TensorFlow": "tensorflow",
    "Keras on JAX": "jax",
    "Keras on PyTorch": "torch",
    "PyTorch": "torch",
}
VARIANTS = "one_hot,embedding,embedding_masked,glove,transformer"
# What the others are compared with: the first that is installed.
REFERENCES = ("Keras on TensorFlow", "Keras on JAX")


def default_config() -> Config:
    """Return the config of the chapter."""
    return Config.model_validate(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))


def torch_steps(
    data: EncodedReviews, settings: dict[str, Any], vocabulary_size: int, vectors: np.ndarray | None
) -> Iterator[None]:
    """Take a step of the same LSTM in PyTorch, with `nn.LSTM`, each time; masked reviews are packed."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    device = "cuda" if torch.cuda.is_available() else "cpu"
    variant = cast(Recurrent, variant_of(settings))
    embedding = None
    if vectors is not None:
        embedding = nn.Embedding.from_pretrained(torch.from_numpy(vectors))
    elif not variant.one_hot:
        embedding = nn.Embedding(vocabulary_size, variant.dimension)
    width = vocabulary_size if embedding is None else embedding.embedding_dim
    lstm = nn.LSTM(width, variant.units, batch_first=True, bidirectional=True)
    classifier = nn.Sequential(nn.Dropout(variant.dropout), nn.Linear(2 * variant.units, 1))
    modules = nn.ModuleList([lstm, classifier] if embedding is None else [embedding, lstm, classifier]).to(device)
    optimizer = torch.optim.RMSprop(
        [parameter for parameter in modules.parameters() if parameter.requires_grad], lr=0.001, alpha=0.9, eps=1e-7
    )
    for batch, labels in padded_batches(data, variant):
        tokens = torch.from_numpy(batch).to(device).long()
        embedded = embedding(tokens) if embedding else nn.functional.one_hot(tokens, vocabulary_size).float()
        if variant.mask:
            counts = torch.from_numpy((batch != 0).sum(1)).clamp(min=1)
            embedded = pack_padded_sequence(embedded, counts, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = lstm(embedded)
        logits = classifier(torch.cat([hidden[0], hidden[1]], 1))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels).to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # As the others do: wait for the step.
        float(loss)
        yield


def work(results: Path, implementation: str, variant: str, sample: int) -> None:
    """Take as many steps as each line of the standard input says; answer with their seconds and the peak memory."""
    ours = implementation.startswith("wordorder")
    backend = IMPLEMENTATIONS[implementation]
    if ours:
        start_backend(backend, 1)
    os.environ["KERAS_BACKEND"] = backend
    config = default_config()
    settings = config.variants[variant].settings()
    folder = results.parent
    vocabulary_size = len(read_vocabulary(folder / paths.vocabulary(config.vectorizer)))
    matrix = folder / paths.vectors("glove", config.vectorizer)
    vectors = read_matrix(matrix, vocabulary_size) if settings["features"] == "glove" else None
    data = read_encoded(folder / paths.encoded("train", config.vectorizer))
    if ours:
        running = our_steps(data, settings, vocabulary_size, sample, vectors)
    else:
        running = (torch_steps if implementation == "PyTorch" else keras_steps)(
            data, settings, vocabulary_size, vectors
        )
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            next(running)
        seconds = time.perf_counter() - start
        print(
            json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), file=answers, flush=True
        )


def send(worker: subprocess.Popen, steps: int) -> None:
    """Let a worker take some steps."""
    questions = cast(IO[str], worker.stdin)
    questions.write(f"{steps}\n")
    questions.flush()


def receive(worker: subprocess.Popen) -> tuple[float, float]:
    """Wait for a worker's answer; return seconds and peak memory in MB."""
    answer = cast(IO[str], worker.stdout).readline()
    if not answer:
        sys.exit(f"Error: a benchmark process ended: {worker.args!r}")
    seconds, memory = json.loads(answer)
    return seconds, memory


def implementations(variant: GradientTrained, gpu: bool) -> list[str]:
    """Return the implementations of a variant that are installed, and can be waited for."""
    left_out = set()
    if not isinstance(variant, LSTM):
        left_out.add("PyTorch")
    elif variant.mask:
        # It goes through the time steps one by one.
        left_out.add("Keras on PyTorch")
    elif variant.one_hot and not gpu:
        left_out |= {"Keras on JAX", "Keras on PyTorch"}
    return [name for name, package in IMPLEMENTATIONS.items() if find_spec(package) and name not in left_out]


def compare(results: Path, variant: str, names: list[str], rounds: int, sample: int, few: int) -> list[dict]:
    """Time all implementations of a variant in turn, ours `sample` steps and the others `few`; one row each."""
    reference = next(name for name in REFERENCES if name in names)
    workers = {
        name: subprocess.Popen(
            [sys.executable, __file__, str(results), "--worker", name, variant, "--sample", str(sample)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name in names
    }
    number = {name: sample if name.startswith("wordorder") else few for name in names}
    try:
        # Every shape is compiled here, and all at once.
        for name, worker in workers.items():
            send(worker, sample + 2 if name.startswith("wordorder") else 2)
        for worker in workers.values():
            receive(worker)
        times: dict[str, list[float]] = {name: [] for name in names}
        memory: dict[str, float] = {}
        for _ in range(rounds):
            for name, worker in workers.items():
                send(worker, number[name])
                seconds, memory[name] = receive(worker)
                times[name].append(1000 * seconds / number[name])
    finally:
        for worker in workers.values():
            worker.kill()
            worker.wait()
    return [
        {
            "variant": variant,
            "implementation": name,
            "ms_per_step": round(statistics.median(each), 1),
            "peak_mb": round(memory[name]),
            # Round by round, so that both saw the same machine.
            "speedup": round(statistics.median(np.divide(times[reference], each)), 1),
        }
        for name, each in times.items()
    ]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder that holds vectorizers/")
    parser.add_argument("table", type=Path, nargs="?", help="CSV file to write")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each implementation (default: 5)")
    parser.add_argument("--sample", type=int, default=60, help="our steps in each turn (default: 60)")
    parser.add_argument("--variants", default=VARIANTS, help=f"separated by commas (default: {VARIANTS})")
    parser.add_argument("--worker", nargs=2, metavar=("IMPLEMENTATION", "VARIANT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        implementation, variant = arguments.worker
        work(arguments.results, implementation, variant, arguments.sample)
        return
    import pandas as pd

    config = default_config()
    gpu = shutil.which("nvidia-smi") is not None
    rows = []
    for variant in arguments.variants.split(","):
        settings = cast(GradientTrained, config.variants[variant])
        names = implementations(settings, gpu)
        # A step of the others takes the longer the more it wastes: fewer of them say as much.
        few = 1 if variant == "one_hot" and not gpu else max(1, arguments.sample // 8)
        rows += compare(arguments.results, variant, names, arguments.rounds, arguments.sample, few)
        print(pd.DataFrame(rows[-len(names) :]).to_string(index=False), flush=True)
    with atomic_write(arguments.table) as part:
        pd.DataFrame(rows).to_csv(part, index=False)


if __name__ == "__main__":
    main()
