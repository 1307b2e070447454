"""Plan many runs in one process: for each line of JSON on stdin, a config, write the jobs that Snakemake would do.

Started as `planner.py REPOSITORY DIRECTORY CONFIG_FILES...`; the triggers are those of profiles/default. A plan is a
line of JSON: a list of jobs, as `plans.planned` names them, or the message of an error.
"""

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import yaml
from plans import TARGETS, UNNAMED
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, RerunTrigger, ResourceSettings

repository, directory, *config_files = map(Path, sys.argv[1:])
profile = yaml.safe_load((repository / "profiles/default/config.yaml").read_text(encoding="utf-8"))
triggers = frozenset(RerunTrigger[name.upper().replace("-", "_")] for name in profile["rerun-triggers"])
answers = sys.stdout
for line in sys.stdin:
    with Path("/dev/null").open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            with SnakemakeApi(OutputSettings(dryrun=True)) as api:
                workflow = api.workflow(
                    resource_settings=ResourceSettings(cores=1),
                    config_settings=ConfigSettings(config=json.loads(line), configfiles=config_files),
                    snakefile=repository / "Snakefile",
                    workdir=directory,
                )
                settings = DAGSettings(
                    targets={"results/summary.csv"},
                    rerun_triggers=triggers,
                    max_checksum_file_size=profile["max-checksum-file-size"],
                )
                workflow.dag(settings).execute_workflow(executor="dryrun")
                answer = [
                    " ".join([job.rule.name, *(value for value in job.wildcards if value != "all")])
                    if job.rule.name not in UNNAMED
                    else job.rule.name
                    for job in workflow._workflow.dag.needrun_jobs()
                    if job.rule.name not in TARGETS
                ]
        except Exception as error:
            answer = str(error)
    print(json.dumps(answer), file=answers, flush=True)
