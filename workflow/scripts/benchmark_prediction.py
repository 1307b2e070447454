"""Measure how many reviews a second `wordorder predict` does, and how much memory it takes.

python workflow/scripts/benchmark_prediction.py results docs/performance/prediction.csv

Each command is run on one review, on all test reviews and on these twice. The first tells how long it takes to start,
the difference between the others how fast it is once each shape of a batch has been compiled. On a machine that does
other things, no table is written.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.evaluation.machine import Watch, processor_name
from wordorder.io.atomic import atomic_write

VARIANTS = ["binary_bigram", "glove", "embedding_masked", "one_hot"]
COMMAND = [sys.executable, "-m", "wordorder.app.cli", "predict"]


def cost(results: Path, variant: str, cores: int, reviews: Path) -> tuple[float, float]:
    """Run the command on the reviews; return the seconds and the peak memory in MB."""
    start = time.perf_counter()
    options = ["--model", variant, "--directory", str(results.parent), "--cores", str(cores)]
    process = subprocess.Popen([*COMMAND, *options, str(reviews)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"Error: {variant} failed.")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="where the pipeline has put its results")
    parser.add_argument("table", type=Path, help="the CSV file to write")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.results / "reviews/test.parquet", columns=["text"])
    watch = Watch()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.parquet" for name in ("one", "all", "twice")]
        for path, reviews in zip(files, (table.slice(0, 1), table, pa.concat_tables([table, table])), strict=True):
            pq.write_table(reviews, path)
        for variant in VARIANTS:
            for cores in (1, 2):
                (one, _), (once, memory), (twice, _) = (cost(arguments.results, variant, cores, path) for path in files)
                speed = round(len(table) / (twice - once))
                rows.append((variant, cores, round(one, 1), round(once, 1), speed, round(memory)))
                print(*rows[-1], flush=True)
    columns = ["variant", "cores", "seconds_of_one", "seconds_of_all", "reviews_per_second", "peak_mb"]
    watch.refuse_others()
    with atomic_write(arguments.table) as part:
        pd.DataFrame(rows, columns=columns).assign(processor=processor_name()).to_csv(part, index=False)
