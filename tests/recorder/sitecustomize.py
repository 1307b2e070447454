"""Record what a job has imported of the package: a file in the folder RECORDED, written when the process ends."""

import atexit
import json
import os
import sys
from pathlib import Path


def record():
    """Write the script, the modules and the digest of the code that the rule has for it."""
    main = sys.modules["__main__"]
    if (job := getattr(main, "snakemake", None)) is not None:
        found = {
            # Snakemake runs a copy, with something before the name.
            "script": Path(sys.argv[0]).name.split(".", 1)[1],
            "modules": sorted(name for name in sys.modules if name.split(".")[0] == "wordorder"),
            "code": job.params.settings.get("code"),
        }
        Path(os.environ["RECORDED"], f"{os.getpid()}.json").write_text(json.dumps(found), encoding="utf-8")


atexit.register(record)
