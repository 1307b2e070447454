"""What the scripts of jobs import of the package: as it is written, and as it has been recorded."""

import ast
import json
import re
from pathlib import Path

from wordorder.dependencies import PACKAGE, SCRIPTS, job_settings

IMPORTS = ".snakemake/imports"
BY_NAME = re.compile(r"wordorder\.((models\.kinds|data\.formats)\.\w+|training\.self_training)")
# What scripts read beside the modules.
FILES = {"write_model_card.py": ("report/model_card.md.jinja",)}


def name_of(path):
    return path.relative_to(SCRIPTS).as_posix()


def imports(path):
    """The modules of the package that a file imports and, by the module, what from it; by rules of our own."""
    found = {}
    todo = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
            continue
        todo += ast.iter_child_nodes(node)
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            submodules = [f"{node.module}.{each.name}" for each in node.names]
            modules = [node.module, *submodules]
            found.setdefault(node.module, set()).update(each.name for each in node.names)
        for module in modules:
            found.setdefault(module, set())
    files = {}
    for module, names in found.items():
        place = SCRIPTS / module.replace(".", "/")
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                files[file] = names
    return files


def closure(script, *modules):
    """The files of the package that a script imports, directly or not, by their names under `workflow/scripts`."""
    todo = [script, *(PACKAGE / f"{module.replace('.', '/')}.py" for module in modules)]
    seen = set()
    while todo:
        if (path := todo.pop()) not in seen:
            seen.add(path)
            todo += imports(path)
    return {name_of(path) for path in seen if path != PACKAGE / "__init__.py"}


def recording(directory):
    """Variables with which each job of a run records what it imports."""
    (directory / IMPORTS).mkdir(parents=True)
    return {"PYTHONPATH": str(Path(__file__).with_name("recorder")), "RECORDED": str(directory / IMPORTS)}


def check_digests(directory):
    """Compare what each job of a recorded run has imported with the digest of its rule; return the scripts."""
    jobs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((directory / IMPORTS).iterdir())]
    for job in jobs:
        names = {module.replace(".", "/") for module in job["modules"]}
        files = {path for name in names for path in (f"{name}.py", f"{name}/__init__.py") if (SCRIPTS / path).is_file()}
        assert len(files) == len(names)
        by_name = [match[1] for module in job["modules"] if (match := BY_NAME.fullmatch(module))]
        # Those of packages are empty.
        empty = {name for name in files if name.endswith("/__init__.py")}
        assert files - empty <= closure(SCRIPTS / job["script"], *by_name), job["script"]
        # A download is known by its checksum.
        if not job["script"].startswith("download_"):
            # For the evaluation of a student its way of training counts, too: both run again.
            possible = [by_name, [*by_name, "training.self_training"]]
            more = FILES.get(job["script"], ())
            codes = [job_settings(job["script"], modules=tuple(each), files=more)["code"] for each in possible]
            assert job["code"] in codes, job
    return {job["script"] for job in jobs}
