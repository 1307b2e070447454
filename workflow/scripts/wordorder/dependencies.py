"""The digest of the code that decides the result of a job: a param of every rule, so that its change reruns the job.

It is computed from what the script and the modules that it imports mean: without comments, docstrings and layout, and
without what a job tells (messages of errors, lines of its log). It holds no dates and no paths, so a fresh clone, a
moved folder, or a branch and back change nothing.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1]
PACKAGE = Path(__file__).parent
# How a job is started, how it tells what it does, where its files lie and how they get there whole, what need not be
# compiled again, and from what a killed training goes on.
INCIDENTAL = {
    "entry",
    "io/atomic",
    "io/errors",
    "io/lock",
    "io/log",
    "messages",
    "models/later",
    "paths",
    "training/checkpoint",
    "training/compile_cache",
}


def lead_jobs_here() -> None:
    """Let the jobs of this process import the package from where this module lies, whatever else is installed."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(SCRIPTS), *([before] if before else [])])


def job_settings(script: str, /, *, modules: tuple[str, ...] = (), files: tuple[str, ...] = (), **values: Any) -> dict:
    """Return the one param of a rule: the values that its script takes, and `code`, the digest of what it runs.

    `modules` are those of the package that the script imports by name, such as "models.kinds.lstm"; `files` are others
    in the package that it reads, such as templates. One mapping, because Snakemake compares the set of the values of
    `params`, without their names: two that are swapped would go unnoticed. Sorted, so that the order of the keys in the
    YAML means nothing.
    """
    code = code_digest(SCRIPTS / script, *(PACKAGE / f"{each.replace('.', '/')}.py" for each in modules))
    if files:
        code = combined([code, *((PACKAGE / each).read_text("utf-8").strip() for each in files)])
    return in_order({**values, "code": code})


def in_order(value: Any) -> Any:
    """Return mappings with their keys in alphabetical order, within lists and mappings too."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def code_digest(*files: Path) -> str:
    """Return the digest of Python files and of all modules of this package that they import, directly or not."""
    todo, seen = list(files), set(files)
    while todo:
        new = imported(todo.pop()) - seen
        seen |= new
        todo += new
    names = {file.relative_to(SCRIPTS).as_posix(): file for file in seen}
    incidental = {f"{PACKAGE.name}/{name}.py" for name in INCIDENTAL}
    return combined([f"{name} {meaning(names[name])}" for name in sorted(names.keys() - incidental)])


def combined(texts: list[str]) -> str:
    """Return the digest of texts, in this order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> frozenset[Path]:
    """Return the files of this package that a Python file imports, in functions too, but not under TYPE_CHECKING."""
    found: set[Path] = set()
    for node in nodes(tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for package, *parts in (name.split(".") for name in names):
            if package == PACKAGE.name and parts:
                module = PACKAGE.joinpath(*parts)
                found.update(file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file())
    return frozenset(found)


def nodes(top: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree, without what only a type checker reads."""
    todo = [top]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
            continue
        yield node
        todo += ast.iter_child_nodes(node)


@cache
def meaning(path: Path) -> str:
    """Return the digest of a Python file without what decides no result; the same in all versions of Python."""
    return combined([written(tree(path))])


def written(node: Any) -> str:
    """Return a syntax tree as text, without comments, docstrings, and what a job tells."""
    if isinstance(node, list):
        return f"[{','.join(written(each) for each in node if not tells(each))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        # The wording of an error.
        node = ast.Raise(exc=node.exc.func, cause=node.cause)
    # Empty fields come and go with the versions of Python.
    fields = [(name, getattr(node, name, None)) for name in node._fields]
    parts = [f"{name}={written(value)}" for name, value in fields if value not in (None, [])]
    return f"{type(node).__name__}({','.join(parts)})"


def tells(node: Any) -> bool:
    """Return whether a statement is a docstring or a line of the log, or an argument is a description."""
    if isinstance(node, ast.keyword):
        return node.arg == "description"
    if not isinstance(node, ast.Expr):
        return False
    called = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else ""
    return (
        isinstance(node.value, ast.Constant)
        or called in ("print", "tell", "warn")
        or called.startswith(("log.", "logger."))
    )
