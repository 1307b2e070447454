"""The digest of the code of a job: it changes with all that decides a result, and with nothing else."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordorder import dependencies
from wordorder.dependencies import INCIDENTAL, PACKAGE, SCRIPTS, code_digest, imported, in_order, job_settings, meaning

PIPELINE = sorted(path for path in SCRIPTS.glob("*.py") if "run(main, snakemake)" in path.read_text(encoding="utf-8"))
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    return path.relative_to(SCRIPTS).as_posix()


def closure(script, *modules):
    """The files of the package that a script imports, by the names that they have under `workflow/scripts`."""
    todo = [script, *(PACKAGE / f"{module.replace('.', '/')}.py" for module in modules)]
    seen = set()
    while todo:
        if (path := todo.pop()) not in seen:
            seen.add(path)
            todo += imported(path)
    return {name_of(path) for path in seen}


@pytest.fixture
def copied(tmp_path):
    """A copy of the code, and a function that gives the digest of a script in it, as a new process would."""
    scripts = shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__", ".*"))

    def digest(script="train_model.py", **arguments):
        place = scripts / "wordorder/dependencies.py"
        spec = importlib.util.spec_from_file_location("copied_dependencies", place)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.job_settings(script, **arguments)["code"]

    return scripts, digest


# What a module means.

CODE = '''"""Module."""

# A comment.
SCALE = 2.0
log = logger = None


class Row:
    """A row."""

    size: int = Field(3, description="Of the row.", ge=1)


def scaled(x, *, by=SCALE):
    """Scale."""
    if x < 0:
        raise ValueError(f"{x} is negative")
    log.info("scaling %s", x)
    logger.warning("scaling")
    print("scaling", x)
    return [each * by for each in x]
'''
SAME = [
    ("# A comment.\n", ""),
    ("SCALE = 2.0", "SCALE = 2.0  # why"),
    ("SCALE = 2.0", "SCALE = (\n    2.0\n)"),
    ('"""Module."""', '"""Other words,\n\non more lines."""'),
    ('    """Scale."""\n', ""),
    ('"""A row."""', '"""A line."""'),
    ("\n\n\n", "\n"),
    ('f"{x} is negative"', 'f"write a number above {0}, not {x}"'),
    ("log.info", "log.warning"),
    ('    print("scaling", x)\n', ""),
    ('    logger.warning("scaling")\n', ""),
    ('"Of the row."', '"Its size."'),
    ('description="Of the row.", ', ""),
    ("'", '"'),
]
OTHER = [
    ("SCALE = 2.0", "SCALE = 2"),
    ("2.0", "2.0000000000000004"),
    ("Field(3,", "Field(4,"),
    ("ge=1", "ge=2"),
    ("ge=1", "gt=1"),
    ("x < 0", "x <= 0"),
    ("ValueError", "TypeError"),
    ("each * by", "by * each"),
    ("by=SCALE", "by=None"),
    ("*, by", "by"),
    ("[each * by for each in x]", "(each * by for each in x)"),
    ("    if x < 0:\n", "    if x < 0:\n        x = 0\n"),
    ("    if x < 0:\n", "    while x < 0:\n"),
    ("class Row", "@final\nclass Row"),
    ("log = logger = None", "log = None"),
]


@pytest.fixture
def meaning_of(tmp_path):
    def function(code):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.py"
        path.write_text(code, encoding="utf-8")
        return meaning(path)

    return function


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_decides_nothing_is_left_out(meaning_of, old, new):
    # Catches: a comment, a docstring, the wording of an error or of the log for which everything is trained again.
    assert old in CODE or old == "'"
    assert meaning_of(CODE.replace(old, new)) == meaning_of(CODE)


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_decides_something_is_not(meaning_of, old, new):
    # Catches: a change of the code that goes unnoticed.
    assert old in CODE
    assert meaning_of(CODE.replace(old, new)) != meaning_of(CODE)


def counted(node, counts=True):
    """Yield the nodes of a tree with whether a change of them counts, by rules of our own."""
    if isinstance(node, ast.Expr):
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Attribute):
            called = called.value
        if isinstance(node.value, ast.Constant) or (called and getattr(called, "id", "") in ("print", "log", "logger")):
            counts = False
    if isinstance(node, ast.keyword) and node.arg == "description":
        counts = False
    yield node, counts
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and child is node.exc:
            yield from counted(child.func, counts)
            for each in (*child.args, *child.keywords):
                yield from counted(each, counts=False)
        else:
            yield from counted(child, counts)


def mutated(node):
    """Change a node a little; return whether that can be done."""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            node.value = not value
        elif isinstance(value, int | float):
            node.value = value + 1
        elif isinstance(value, str):
            node.value = value + "x"
        else:
            return False
    elif isinstance(node, ast.Name):
        node.id += "_"
    elif isinstance(node, ast.Attribute):
        node.attr += "_"
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        node.arg += "_"
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        node.name += "_"
    elif isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    elif isinstance(node, ast.Compare):
        node.ops[0] = ast.Eq() if isinstance(node.ops[0], ast.Lt) else ast.Lt()
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        del node.args[-1]
    elif isinstance(node, ast.Return) and node.value:
        node.value = None
    else:
        return False
    return True


@given(st.data())
def test_any_change_of_any_module(tmp_path_factory, data):
    # Catches: a kind of node that the digest skips, or an attribute of it; a module that is written to the digest in
    # parts. Each module is also written anew without its comments and layout, which must not matter.
    path = data.draw(st.sampled_from(MODULES))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(counted(tree))
    node, counts = nodes[data.draw(st.integers(0, len(nodes) - 1))]
    copy = tmp_path_factory.mktemp("module") / path.name
    copy.write_text(ast.unparse(tree), encoding="utf-8")
    assert meaning(copy) == meaning(path)
    if not mutated(node):
        return
    changed = copy.with_stem(f"changed_{copy.stem}")
    changed.write_text(ast.unparse(tree), encoding="utf-8")
    assert (meaning(changed) != meaning(path)) == counts, ast.unparse(node)


def test_the_rules_for_the_log_meet_nothing_else():
    # Catches: a variable called `log` that is no logger, changes of which would go unnoticed.
    defined = []
    for path in [*PIPELINE, *MODULES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.For | ast.NamedExpr):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            elif isinstance(node, ast.arg | ast.alias):
                names = [getattr(node, "asname", None) or getattr(node, "name", None) or node.arg]
            if {"log", "logger", "print"} & set(names):
                defined.append((name_of(path), ast.unparse(node)))
    loggers = [text for _, text in defined if text.endswith("= logging.getLogger(__name__)")]
    assert loggers
    # The path of a log, and the function of it.
    others = {name for name, text in defined if text not in loggers}
    assert others <= {"wordorder/io/log.py"}


# From which files it is made.


def test_each_module_counts_for_the_scripts_that_import_it(copied):
    # Catches: a module that is left out of the digest of a script, or is in that of one that does not import it.
    scripts, digest = copied
    before = {path.name: digest(path.name) for path in PIPELINE}
    expected = {path.name: closure(path) for path in PIPELINE}
    incidental = {f"wordorder/{name}.py" for name in INCIDENTAL}
    # One of each, to save time: what nothing imports, what many do, what a script is, what decides nothing.
    for name in ("wordorder/training/batching.py", "wordorder/tokens.py", "train_model.py", "wordorder/app/serve.py",
                 "wordorder/data/encoded.py", "wordorder/evaluation/claims.py", *sorted(incidental)):
        path = scripts / name
        code = path.read_text(encoding="utf-8")
        path.write_text(f"{code}\nADDED = 1\n", encoding="utf-8")
        changed = {script for script in before if digest(script) != before[script]}
        assert changed == {script for script in before if name in expected[script] - incidental}, name
        path.write_text(code, encoding="utf-8")
    assert {path.name: digest(path.name) for path in PIPELINE} == before
