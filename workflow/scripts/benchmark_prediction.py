"""Measure how many reviews a second `wordorder predict` does.

python workflow/scripts/benchmark_prediction.py results docs/performance/prediction.csv

Each command is run on one review, on all test reviews and on these twice. The first tells how long it takes to start,
the difference between the others how fast it is once each shape of a batch has been compiled.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.io.atomic import atomic_write

VARIANTS = ["nbsvm", "binary_bigram", "glove", "embedding_masked", "one_hot"]
COMMAND = [sys.executable, "-m", "wordorder.app.cli", "predict"]


def seconds(results: Path, variant: str, cores: int, reviews: Path) -> float:
    """Run the command on the reviews and return how long it took."""
    start = time.perf_counter()
    options = ["--model", variant, "--directory", str(results.parent), "--cores", str(cores)]
    subprocess.run([*COMMAND, *options, str(reviews)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="where the pipeline has put its results")
    parser.add_argument("table", type=Path, help="the CSV file to write")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.results / "reviews/test.parquet", columns=["text"])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.parquet" for name in ("one", "all", "twice")]
        for path, reviews in zip(files, (table.slice(0, 1), table, pa.concat_tables([table, table])), strict=True):
            pq.write_table(reviews, path)
        for variant in VARIANTS:
            for cores in (1, 2):
                one, once, twice = (seconds(arguments.results, variant, cores, path) for path in files)
                rows.append((variant, cores, round(one, 1), round(once, 1), round(len(table) / (twice - once))))
                print(*rows[-1])
    columns = ["variant", "cores", "seconds_of_one", "seconds_of_all", "reviews_per_second"]
    with atomic_write(arguments.table) as part:
        pd.DataFrame(rows, columns=columns).to_csv(part, index=False)
