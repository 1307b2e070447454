"""Snakemake's graph of jobs, by its API: many in one process, which takes a fifth of a second for each.

Snakemake changes the process that it runs in (the working directory, the imports): start one for it.
"""

from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, RerunTrigger, ResourceSettings


@contextmanager
def dry_run(repository, directory, config_files, config, targets):
    """Give the graph after a dry run, with `config` laid over the files; the triggers are those of profiles/default."""
    profile = yaml.safe_load((repository / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    with (
        Path("/dev/null").open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        SnakemakeApi(OutputSettings(dryrun=True)) as api,
    ):
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=4),
            config_settings=ConfigSettings(config=config, configfiles=config_files),
            snakefile=repository / "Snakefile",
            workdir=directory,
        )
        settings = DAGSettings(
            targets=targets,
            rerun_triggers=frozenset(
                RerunTrigger[name.upper().replace("-", "_")] for name in profile["rerun-triggers"]
            ),
            max_checksum_file_size=profile["max-checksum-file-size"],
        )
        workflow.dag(settings).execute_workflow(executor="dryrun")
        yield workflow._workflow.dag
