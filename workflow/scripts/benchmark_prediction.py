"""Measure how many reviews a second `wordorder predict` does.

python workflow/scripts/benchmark_prediction.py results docs/performance/prediction.csv

Each command is run on one review and on all test reviews; the difference is what the reviews took.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from wordorder.files import replacing

VARIANTS = ["nbsvm", "binary_bigram", "glove", "embedding_masked", "one_hot"]
COMMAND = [sys.executable, Path(__file__).resolve().parents[2] / "bin/wordorder", "predict"]


def seconds(results: Path, variant: str, cores: int, reviews: Path) -> float:
    """Run the command on the reviews and return how long it took."""
    start = time.perf_counter()
    options = ["--model", variant, "--directory", results.parent, "--cores", str(cores)]
    subprocess.run([*COMMAND, *options, reviews], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="where the pipeline has put its results")
    parser.add_argument("table", type=Path, help="the CSV file to write")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.results / "reviews/test.parquet", columns=["text"])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder) / f"{count}.parquet", count) for count in (1, len(table))]
        for path, count in files:
            pq.write_table(table.slice(0, count), path)
        for variant in VARIANTS:
            for cores in (1, 2):
                start, whole = (seconds(arguments.results, variant, cores, path) for path, _ in files)
                rate = (len(table) - 1) / (whole - start)
                rows.append((variant, cores, round(start, 1), round(whole, 1), round(rate)))
                print(*rows[-1])
    columns = ["variant", "cores", "seconds_of_one", "seconds_of_all", "reviews_per_second"]
    with replacing(arguments.table) as part:
        pd.DataFrame(rows, columns=columns).to_csv(part, index=False)
