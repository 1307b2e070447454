"""Copy the tables and figures of a finished study to docs/results/, with what it ran on and what it cost.

python workflow/scripts/publish_study.py . docs/results
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

TABLES = (
    *("summary", "runs", "comparisons", "claims", "learning_curve", "crossings", "accuracy_by_length"),
    *("word_order", "contrasts", "step_times", "embeddings/neighbours", "embeddings/analogies"),
)
FIGURES = (
    *("effects", "accuracy", "claims", "learning_curve", "word_order", "accuracy_by_length"),
    *("word_map", "padding"),
)


def costs(benchmarks: Path) -> pd.DataFrame:
    """Return a row for each rule, from Snakemake's benchmarks: jobs, seconds, processor time, peak memory in MB."""
    rows = []
    for rule in sorted(
        {path.relative_to(benchmarks).parts[0].removesuffix(".tsv") for path in benchmarks.rglob("*.tsv")}
    ):
        paths = [*benchmarks.glob(f"{rule}.tsv"), *benchmarks.glob(f"{rule}/**/*.tsv")]
        # Of a job that ends at once, Snakemake knows the duration alone.
        jobs = pd.concat([pd.read_csv(path, sep="\t", na_values="-") for path in paths])
        rows.append(
            {
                "rule": rule,
                "jobs": len(jobs),
                "seconds": jobs["s"].median(),
                "longest_seconds": jobs["s"].max(),
                "processor_seconds": jobs["cpu_time"].mean(),
                "longest_processor_seconds": jobs["cpu_time"].max(),
                "peak_mb": jobs["max_rss"].max(),
            }
        )
    return pd.DataFrame(rows).round(1)


def record(runs: pd.DataFrame, spent: pd.DataFrame) -> pd.DataFrame:
    """Return facts about the study: its commit, machine, versions and size."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True, check=True
    )
    versions = {name.removeprefix("versions."): runs[name] for name in runs if name.startswith("versions.")}
    facts = {
        "commit": commit.stdout.strip(),
        "processor": f"{' and '.join(sorted(set(runs['processor'])))}, {os.cpu_count()} cores",
        **{name: ", ".join(sorted(set(column.dropna()))) for name, column in versions.items()},
        "trainings": f"{spent.set_index('rule').loc['train_model', 'jobs']:,}",
        "core hours": f"{(spent['processor_seconds'] * spent['jobs']).sum() / 3600:.1f}",
    }
    return pd.DataFrame(facts.items(), columns=["what", "value"])


def main(directory: Path, folder: Path) -> None:
    """Copy them; nothing is copied unless all are there."""
    sources = [directory / f"results/{name}.csv" for name in TABLES]
    sources += [directory / f"results/figures/{name}.svg" for name in FIGURES]
    if missing := [path for path in [*sources, directory / "benchmarks"] if not path.exists()]:
        sys.exit(f"Error: The study is not finished: there is no {', no '.join(map(str, missing))}. Run `make study`.")
    for path in sources:
        shutil.copyfile(path, folder / path.name)
    spent = costs(directory / "benchmarks")
    spent.to_csv(folder / "costs.csv", index=False)
    record(pd.read_csv(directory / "results/runs.csv"), spent).to_csv(folder / "study.csv", index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="the working directory of the study")
    parser.add_argument("folder", type=Path, help="where the tables and figures go")
    arguments = parser.parse_args()
    main(arguments.directory, arguments.folder)
