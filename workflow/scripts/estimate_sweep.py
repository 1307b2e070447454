"""Estimate what a large sweep costs on a cluster, from the times of the jobs of the study.

    python workflow/scripts/estimate_sweep.py docs/results/costs.csv --variants 10 --seeds 20 --sizes 8

Every training of the sweep is taken to cost what the mean one of the study has cost in time of the processor, and every
evaluation likewise. Jobs are dealt to the cores in turn, as a scheduler with a full queue does; each costs its node
`overhead` seconds more. Jobs that wait for each other start `latency` seconds after the one before has ended.
"""

import argparse
import heapq
from pathlib import Path

import pandas as pd

# Two cores each, as the machine had on which the times were measured.
CORES_PER_NODE = 2
# Evaluations that profiles/slurm puts into one job.
EVALUATIONS_PER_JOB = 4


def makespan(seconds: list[float], cores: int) -> float:
    """Return the time until the last of the jobs has ended, if each starts on the core that is free first."""
    free = [0.0] * cores
    for each in seconds:
        heapq.heappush(free, heapq.heappop(free) + each)
    return max(free)


def estimate(
    costs: pd.DataFrame, variants: int = 10, seeds: int = 20, sizes: int = 8, overhead: float = 7, latency: float = 23
) -> pd.DataFrame:
    """Return a row for each number of nodes: hours, core hours, the part that the scheduler takes.

    `costs` has a row for each rule of a study (`publish_study.py`). `overhead` and `latency` are in seconds.
    """
    jobs_of = costs.set_index("rule")
    training, evaluation = jobs_of.loc[["train_model", "evaluate_model"], "processor_seconds"]
    longest = jobs_of.loc[["train_model", "evaluate_model"], "longest_processor_seconds"].sum()
    # The steps on the data are one job; after it all trainings are ready.
    steps = jobs_of.loc[["split_corpus", "adapt_vectorizer", "encode_reviews", "build_glove_matrix"]]
    data = (steps["jobs"] * steps["processor_seconds"]).sum()
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
                "critical_path_minutes": (data + longest + 3 * latency) / 60,
            }
        )
    return pd.DataFrame(rows).round(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, argument_default=argparse.SUPPRESS
    )
    parser.add_argument("costs", type=Path, help="the times of the jobs")
    for option in ("variants", "seeds", "sizes"):
        parser.add_argument(f"--{option}", type=int)
    parser.add_argument("--overhead", type=float, help="seconds that a job costs its node beside its work")
    parser.add_argument("--latency", type=float, help="seconds from the end of a job to the next one")
    arguments = vars(parser.parse_args())
    print(estimate(pd.read_csv(arguments.pop("costs")), **arguments).to_string(index=False))
