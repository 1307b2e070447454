"""Plan many runs: for each line of JSON on stdin, a config, write the jobs that Snakemake would do for the summary.

The code is that of the moment, which may change from line to line.
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
dates = None
for line in sys.stdin:
    before, dates = dates, {path: path.stat().st_mtime_ns for path in (repository / "workflow").rglob("*.py")}
    if dates != before:
        # Imported again, because the package knows the digests of its own files.
        for name in [name for name in sys.modules if name.split(".")[0] == "wordorder"]:
            del sys.modules[name]
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
