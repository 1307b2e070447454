"""Plan many runs: for each line of JSON on stdin, a config, write the jobs that Snakemake would do for the summary.

Started as `planner.py REPOSITORY DIRECTORY CONFIG_FILES...`. A plan is a line of JSON: a list of jobs, named
as in `plans.planned`, or the message of an error.
"""

import json
import sys
from pathlib import Path

from dags import dry_run
from plans import UNNAMED

repository, directory, *config_files = map(Path, sys.argv[1:])
answers = sys.stdout
for line in sys.stdin:
    try:
        with dry_run(repository, directory, config_files, json.loads(line), {"results/summary.csv"}) as dag:
            jobs = [
                (job.rule.name, [] if job.rule.name in UNNAMED else job.wildcards)
                for job in dag.needrun_jobs(exclude_finished=False)
            ]
        answer = [" ".join([rule, *(value for value in wildcards if value != "all")]) for rule, wildcards in jobs]
    except Exception as error:
        answer = str(error)
    print(json.dumps(answer), file=answers, flush=True)
