"""Time our reading of the GloVe file against the chapter's parsing loop, in turn.

    python workflow/scripts/benchmark_glove.py resources/glove.txt results docs/performance/glove.csv

`results` is the folder of a run of the pipeline that holds the vocabulary.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from wordorder.data.vectorizer import read_vocabulary
from wordorder.evaluation.machine import IDLE, Watch
from wordorder.io.atomic import atomic_write
from wordorder.vectors.glove import glove_matrix


def chapter_matrix(vectors: Path, tokens: list[str], dimension: int) -> np.ndarray:
    """Read all vectors into a dictionary, then pick those of the tokens, as listings 11.18 and 11.19 do."""
    index = {}
    with vectors.open(encoding="utf-8") as file:
        for line in file:
            word, numbers = line.split(maxsplit=1)
            index[word] = np.fromstring(numbers, "f", sep=" ")
    matrix = np.zeros((len(tokens), dimension))
    for row, token in enumerate(tokens):
        vector = index.get(token)
        if vector is not None:
            matrix[row] = vector
    return matrix


READERS = {
    "wordorder": lambda vectors, tokens, dimension: glove_matrix(vectors, tokens, dimension)[0],
    "the chapter's loop": chapter_matrix,
}


def measure(reader: str, vectors: Path, vocabulary: Path) -> None:
    """Print seconds, and the peak memory of the process in MB, as JSON."""
    tokens = read_vocabulary(vocabulary)
    with vectors.open("rb") as file:
        dimension = file.readline().count(b" ")
    start = time.perf_counter()
    READERS[reader](vectors, tokens, dimension)
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path, help="the unpacked GloVe file")
    parser.add_argument("results", type=Path, help="folder that holds vectorizers/")
    parser.add_argument("table", type=Path, nargs="?", help="CSV file to write")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each reader (default: 5)")
    parser.add_argument(
        "--others", type=float, default=IDLE, help=f"cores that others may keep busy meanwhile (default: {IDLE})"
    )
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        measure(arguments.reader, arguments.vectors, arguments.results / "vectorizers/words/vocabulary.json")
        return
    watch = Watch()
    figures: dict[str, list] = {reader: [] for reader in READERS}
    for _ in range(arguments.rounds):
        for reader, measured in figures.items():
            command = [sys.executable, __file__, arguments.vectors, arguments.results, "--reader", reader]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"Error: {reader} failed:\n{run.stderr}")
            measured.append(json.loads(run.stdout))
    rows = [
        {
            "reader": reader,
            "seconds": round(statistics.median(seconds for seconds, _ in measured), 2),
            "peak_mb": round(statistics.median(memory for _, memory in measured)),
        }
        for reader, measured in figures.items()
    ]
    # Not earlier: what this process takes up counts as the peak of those that it starts.
    import pandas as pd

    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    watch.refuse_others(arguments.others)
    with atomic_write(arguments.table) as part:
        table.to_csv(part, index=False)


if __name__ == "__main__":
    main()
