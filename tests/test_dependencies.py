"""The digest of the code of a job: it changes with all that decides a result, and with nothing else."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from closures import check_digests, closure, imports, name_of
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.dependencies import INCIDENTAL, PACKAGE, SCRIPTS, job_settings, meaning

PIPELINE = sorted(path for path in SCRIPTS.glob("*.py") if "run(main, snakemake)" in path.read_text(encoding="utf-8"))
MODULES = sorted(PACKAGE.rglob("*.py"))


# Modules that decide no result, and what they give to those that do.
EXPORTS = {
    "entry": {"run"},
    "io/atomic": {"atomic_write", "replacing"},
    "io/errors": {"InputError", "reading"},
    "io/lock": {"alone"},
    # By the entry alone.
    "io/log": {"tell", "warn"},
    # Words of errors.
    "messages": {"listed", "shown", "suggestion"},
    # Imports.
    "models/later": {"Tensor", "keras", "np", "ops"},
    # Where things lie.
    "paths": {
        *("CACHE", "COMPILED", "TRAINED", "checkpoints", "run", "trained_models", "vectorizer_settings", "vocabulary"),
    },
    # What a killed training goes on from.
    "training/checkpoint": {"Checkpoints", "Progress", "fingerprint", "remove"},
    # The same bytes with it and without.
    "training/compile_cache": {"share_compiled_code"},
}


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


def told(node):
    """The name of a statement that calls it, of those that tell something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.value if isinstance(called, ast.Attribute) else called
        if getattr(name, "id", "") in {"print", "log", "logger", "tell", "warn"}:
            return name
    return None


def counted(node, counts=True):
    """Yield the nodes of a tree with whether a change of them counts, by rules of our own."""
    if name := told(node):
        # Under another name it is another call.
        yield from ((each, counts and each is name) for each in ast.walk(node))
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        counts = False
    yield node, counts
    if isinstance(node, ast.keyword) and node.arg == "description":
        counts = False
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


@settings(max_examples=200)
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
    incidental = {f"wordorder/{name}.py" for name in EXPORTS}
    some = ["wordorder/training/batching.py", "wordorder/tokens.py", "train_model.py", "wordorder/app/serve.py"]
    for names in [*([name] for name in some), incidental]:
        codes = {scripts / name: (scripts / name).read_text(encoding="utf-8") for name in names}
        for path, code in codes.items():
            path.write_text(f"{code}\nADDED = 1\n", encoding="utf-8")
        changed = {script for script in before if digest(script) != before[script]}
        assert changed == {script for script in before if expected[script] & set(names) - incidental}, names
        for path, code in codes.items():
            path.write_text(code, encoding="utf-8")
    assert {path.name: digest(path.name) for path in PIPELINE} == before


# What Snakemake compares.


def test_the_settings_of_a_job():
    # Catches: keys in the order of the YAML, tuples that are read back as lists, a digest without the kinds and files.
    one = job_settings("split_corpus.py", b={"y": 1, "x": (2, 3)}, a=[{"d": 1, "c": 2}])
    two = job_settings("split_corpus.py", a=[{"c": 2, "d": 1}], b={"x": [2, 3], "y": 1})
    assert repr(one) == repr(two)
    assert list(one) == ["a", "b", "code"]
    assert one["b"] == {"x": [2, 3], "y": 1}
    codes = [
        job_settings("train_model.py")["code"],
        *(job_settings("train_model.py", modules=(f"models.kinds.{kind}",))["code"] for kind in ("lstm", "nb_lr")),
        job_settings("train_model.py", files=("report/model_card.md.jinja",))["code"],
    ]
    assert len(set(codes)) == len(codes)


def test_a_file_that_is_read_counts(copied):
    # Catches: a template that is not in the digest; the last newline, which a hosted file has lost.
    scripts, digest = copied
    arguments = {"script": "write_model_card.py", "files": ("report/model_card.md.jinja",)}
    before = digest(**arguments)
    path = scripts / "wordorder/report/model_card.md.jinja"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip("\n"), encoding="utf-8")
    assert digest(**arguments) == before
    path.write_text(text.replace("Limits", "Bounds"), encoding="utf-8")
    assert digest(**arguments) != before


def other_pythons():
    """Other versions of Python on this machine that know the syntax of this code."""
    folders = [Path("/usr/bin"), Path("/usr/local/bin"), *Path.home().glob(".pyenv/versions/*/bin")]
    found = {path.resolve() for folder in folders for path in folder.glob("python3.1[0-9]")}
    return sorted(path for path in found if int(path.name.split(".")[1]) not in (10, sys.version_info.minor))


@pytest.mark.skipif(not other_pythons(), reason="only one version of Python is here; another: apt-get, pyenv or uv")
def test_the_same_in_other_versions_of_python():
    # Catches: everything that runs again because Python has been upgraded: nodes and fields come and go.
    names = [path.name for path in PIPELINE]
    program = "from wordorder.dependencies import job_settings\n"
    program += f"print([job_settings(name)['code'] for name in {names}])"
    expected = str([job_settings(name)["code"] for name in names])
    for python in other_pythons():
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run([python, "-c", program], env=environment, capture_output=True, text=True)
        assert result.stdout.strip() == expected, (python, result.stderr)


# What is imported, and how.


def test_what_is_left_out_decides_nothing():
    # Catches: a module that decides a result among those that are left out; something new in one of them, which might.
    assert set(EXPORTS) == INCIDENTAL
    found = {name: set() for name in EXPORTS}
    deciding = {SCRIPTS / name for path in PIPELINE for name in closure(path)} | {
        path for path in MODULES if path.parent.name in ("kinds", "formats")
    }
    assert len(deciding) > len(PIPELINE) + 20
    for path in deciding:
        if name_of(path) in {f"wordorder/{name}.py" for name in EXPORTS}:
            continue
        for file, names in imports(path).items():
            name = file.relative_to(PACKAGE).with_suffix("").as_posix()
            if name in EXPORTS:
                used = names
                if not names:
                    text = path.read_text(encoding="utf-8")
                    used = set(re.findall(rf"\b{file.stem}\.(\w+)", text)) - {"py"}
                found[name] |= used
    assert found == EXPORTS


IMPORTERS = {"import_module", "__import__", "run_path", "run_module", "exec_module", "exec", "eval", "walk_packages"}


def test_no_import_is_hidden():
    # Catches: relative imports and imports by name, which the digest does not follow. Those by name are of what the
    # rules name as `modules`, or of libraries.
    by_name = set()
    for path in [*PIPELINE, *MODULES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.ImportFrom) or node.level == 0, name_of(path)
            called = getattr(node, "func", None)
            if getattr(called, "attr", getattr(called, "id", "")) in IMPORTERS:
                by_name.add((name_of(path), ast.unparse(node)))
    assert by_name == {
        ("train_model.py", "importlib.import_module('wordorder.training.self_training')"),
        ("wordorder/models/kind.py", "importlib.import_module(f'wordorder.models.kinds.{name}')"),
        ("wordorder/data/formats/__init__.py", "importlib.import_module(f'wordorder.{module_of(name)}')"),
        # The user's own, whose digest is a setting.
        ("wordorder/data/own_functions.py", "exec(compile(source, str(path), 'exec'), namespace)"),
        # Keras and NumPy.
        ("wordorder/models/later.py", "importlib.import_module(self._name)"),
    }


def test_packages_are_empty():
    # Catches: code in the __init__.py of a package, which runs whenever a module of it is imported.
    inits = {name_of(path.parent): path for path in MODULES if path.name == "__init__.py"}
    assert inits.pop("wordorder/data/formats")
    assert {package: ast.parse(path.read_text(encoding="utf-8")).body[1:] for package, path in inits.items()} == {
        package: [] for package in inits
    }


def test_the_digest_is_of_what_a_job_has_imported(finished):
    # Catches: a module that a job imports and that is not in its digest: by name, by another script, by a library; a
    # kind of model or a format of a corpus that counts for jobs that do not use it.
    scripts = check_digests(finished)
    assert scripts >= {"split_corpus.py", "train_model.py", "evaluate_model.py", "label_reviews.py"}
