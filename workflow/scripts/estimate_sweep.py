"""Estimate what a large sweep costs on a cluster, from the times that a run has measured.

    python workflow/scripts/estimate_sweep.py benchmarks docs/sweep.csv --overhead 7 --latency 23

Every training of the sweep is taken to cost what the mean one of the run has cost in time of the processor, and every
evaluation likewise: an upper limit where some of the models see fewer reviews. Jobs are dealt to the cores in turn, as
a scheduler with a full queue does; each costs its node `overhead` seconds more. Jobs that wait for each other start
`latency` seconds after the one before has ended.
"""

import argparse
import heapq
from pathlib import Path

import pandas as pd

# Two cores each, as the machine had on which the times were measured.
CORES_PER_NODE = 2
# Evaluations that profiles/slurm puts into one job.
EVALUATIONS_PER_JOB = 4


def cpu_seconds(folder: Path, rule: str) -> list[float]:
    """Processor time of each job of a rule, in the order of the paths."""
    paths = sorted([*folder.glob(f"{rule}.tsv"), *folder.glob(f"{rule}/**/*.tsv")])
    return [float(pd.read_csv(path, sep="\t")["cpu_time"].sum()) for path in paths]


def makespan(seconds: list[float], cores: int) -> float:
    """Time until the last of the jobs has ended, if each starts on the core that is free first."""
    free = [0.0] * cores
    for each in seconds:
        heapq.heappush(free, heapq.heappop(free) + each)
    return max(free)


def main(benchmarks: Path, table: Path, variants: int, seeds: int, sizes: int, overhead: float, latency: float) -> None:
    """Write a row for each number of nodes: hours, core hours, the part that the scheduler takes."""
    trainings = cpu_seconds(benchmarks, "train_model")
    evaluations = cpu_seconds(benchmarks, "evaluate_model")
    training, evaluation = (sum(seconds) / len(seconds) for seconds in (trainings, evaluations))
    # The steps on the data are one job; after it all trainings are ready.
    rules = ("split_corpus", "adapt_vectorizer", "encode_reviews", "build_glove_matrix")
    data = sum(seconds for rule in rules for seconds in cpu_seconds(benchmarks, rule))
    runs = variants * seeds * sizes
    jobs = -(-runs // EVALUATIONS_PER_JOB)
    seconds = [training + overhead] * runs + [evaluation * EVALUATIONS_PER_JOB + overhead] * jobs
    work = data + runs * (training + evaluation)
    rows = []
    for nodes in (1, 10, 100):
        wall = data + latency + makespan(seconds, nodes * CORES_PER_NODE)
        rows.append(
            {
                "nodes": nodes,
                "cores": nodes * CORES_PER_NODE,
                "jobs": 1 + runs + jobs,
                "hours": wall / 3600,
                "core_hours": work / 3600,
                "overhead_percent": 100 * overhead * (1 + runs + jobs) / (work + overhead * (1 + runs + jobs)),
                "critical_path_minutes": (data + max(trainings) + max(evaluations) + 3 * latency) / 60,
            }
        )
    pd.DataFrame(rows).round(1).to_csv(table, index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", type=Path, help="the folder benchmarks/ of a finished run")
    parser.add_argument("table", type=Path, help="the CSV file to write")
    parser.add_argument("--variants", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sizes", type=int, default=8)
    parser.add_argument(
        "--overhead", type=float, required=True, help="seconds that a job costs its node beside its work"
    )
    parser.add_argument("--latency", type=float, required=True, help="seconds from the end of a job to the next one")
    options = parser.parse_args()
    main(**vars(options))
