"""Copy the tables and figures of a finished study to the folder of the page that shows them.

The page, README.md in that folder, decides which: those that it links to. Added is what the study ran on (study.csv)
and, if the page links to that, what it cost (costs.csv), which is for studies on a machine that did nothing else.

python workflow/scripts/publish_study.py . docs/results
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

COSTS = "costs.csv"
# Where a study has tables and figures.
PLACES = {".csv": ("results", "results/embeddings"), ".svg": ("results/figures",)}


def shown_by(page: Path) -> list[str]:
    """Return the names of the tables and figures beside a page that it links to, sorted."""
    links = re.findall(r"\]\((\w+\.(?:csv|svg))\)", page.read_text(encoding="utf-8"))
    return sorted(set(links))


def products(directory: Path, names: list[str]) -> list[Path]:
    """Return the paths of these in the working directory of a study. Ends the program if one is missing."""
    places = {name: PLACES[Path(name).suffix] for name in names}
    found = {name: [path for place in places[name] if (path := directory / place / name).exists()] for name in names}
    if missing := [f"{name} in {' or '.join(places[name])}" for name in names if not found[name]]:
        sys.exit(f"Error: The study in {directory} is not finished: there is no {', no '.join(missing)}.")
    return [paths[0] for paths in found.values()]


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Return a row for each job, from Snakemake's benchmarks, with its rule, and when it ended, in seconds."""
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        # Of a job that ends at once, Snakemake knows the duration alone.
        job = pd.read_csv(path, sep="\t", na_values="-")
        jobs.append(job.assign(rule=path.relative_to(folder).parts[0].removesuffix(".tsv"), end=path.stat().st_mtime))
    if not jobs:
        sys.exit(f"Error: There is nothing in {folder}, where a study leaves the costs of its jobs.")
    return pd.concat(jobs)


def costs(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each rule: jobs, seconds, processor time, peak memory in MB."""
    spent = jobs.groupby("rule").agg(
        jobs=("s", "size"),
        seconds=("s", "median"),
        longest_seconds=("s", "max"),
        processor_seconds=("cpu_time", "mean"),
        longest_processor_seconds=("cpu_time", "max"),
        peak_mb=("max_rss", "max"),
    )
    return spent.round(1).reset_index()


def record(runs: pd.DataFrame, jobs: pd.DataFrame, *, timed: bool) -> pd.DataFrame:
    """Return facts about the study: its commit, machine, versions and size; `timed` if also its minutes."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True, check=True
    )
    versions = {name.removeprefix("versions."): runs[name] for name in runs if name.startswith("versions.")}
    facts = {
        "commit": commit.stdout.strip(),
        # Ensembles were not trained.
        "processor": f"{' and '.join(sorted(set(runs['processor'].dropna())))}, {os.cpu_count()} cores",
        **{name: ", ".join(sorted(set(column.dropna()))) for name, column in versions.items()},
        "trainings": f"{(jobs['rule'] == 'train_model').sum():,}",
        "core hours": f"{jobs['cpu_time'].sum() / 3600:.1f}",
    }
    if timed:
        seconds = jobs["end"].max() - (jobs["end"] - jobs["s"]).min()
        facts["minutes from the first job to the last"] = f"{seconds / 60:,.0f}"
    return pd.DataFrame(facts.items(), columns=["what", "value"])


def main(directory: Path, folder: Path) -> None:
    """Copy them; nothing is copied unless all are there."""
    page = folder / "README.md"
    names = shown_by(page) if page.exists() else []
    if not names:
        sys.exit(f"Error: {page} is no page that links to tables or figures beside it, so nothing is to be copied.")
    (runs,) = products(directory, ["runs.csv"])
    sources = products(directory, [name for name in names if name != COSTS])
    jobs = read_benchmarks(directory / "benchmarks")
    facts = record(pd.read_csv(runs), jobs, timed=COSTS in names)
    for path in sources:
        shutil.copyfile(path, folder / path.name)
    if COSTS in names:
        costs(jobs).to_csv(folder / COSTS, index=False)
    facts.to_csv(folder / "study.csv", index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="the working directory of the study")
    parser.add_argument("folder", type=Path, help="where they go: the folder of the page")
    arguments = parser.parse_args()
    main(arguments.directory, arguments.folder)
