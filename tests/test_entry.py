"""How the parameters of `main` are found in a rule; and that those of each script are in its rule, once each."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

from wordorder.entry import bound, converted

SCRIPTS = REPOSITORY / "workflow/scripts"

# `run` redirects the output of its process, so that each test of it takes one of its own.
PROGRAM = """
import sys
from pathlib import Path
from types import SimpleNamespace
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Wildcards
from wordorder.entry import run

def main({parameters}):
    print({printed})

run(main, SimpleNamespace(
    input=InputFiles(fromdict={{"reviews": ["a", "b"], "one": ["a"], "vectors": [], "vocabulary": "v"}}),
    output=OutputFiles(fromdict={{"model": "m"}}),
    params=Params(fromdict={{"settings": {{"dropout": 0.5, "both": 1}}, "untracked": {{"sources": ["s"]}}}}),
    wildcards=Wildcards(fromdict={{"seed": "07", "size": "all", "both": "2"}}),
    threads=3,
    config={{}},
    log=Log([sys.argv[1]]),
))
"""


def run(tmp_path, parameters):
    """Run a `main` of these parameters; return its exit status and its log."""
    names = [each.split(":")[0].strip() for each in parameters.split(",") if each.strip() != "*"]
    program = PROGRAM.format(parameters=parameters, printed=", ".join(names))
    command = [sys.executable, "-c", program, tmp_path / "log"]
    result = subprocess.run(command, env={"PYTHONPATH": str(SCRIPTS)}, cwd=tmp_path, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("", "")
    return result.returncode, (tmp_path / "log").read_text(encoding="utf-8")


def test_each_parameter_is_found(tmp_path):
    # Catches: a parameter that gets the value of another, or one of another section.
    parameters = "reviews: list[Path], vocabulary: Path, model: Path, *, dropout: float, sources: list[str], seed: int"
    code, log = run(tmp_path, f"{parameters}, threads: int, size: str")
    assert (code, log.strip()) == (0, "[PosixPath('a'), PosixPath('b')] v m 0.5 ['s'] 7 3 all")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("modle: Path", "TypeError: modle, a parameter of main, is named by nothing in the rule."),
        ("both: int", "TypeError: both, a parameter of main, is named by settings and wildcards in the rule."),
    ],
)
def test_named_not_at_all_or_twice(tmp_path, parameters, message):
    # Catches: a typo that leaves a default in place of a value; the first of two values taken.
    code, log = run(tmp_path, parameters)
    assert code == 1
    assert log.strip().splitlines()[-1] == message


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("a/b", Path, Path("a/b")),
        (["a"], list[Path], [Path("a")]),
        ("a", list[Path], [Path("a")]),
        ([], list[Path], []),
        ([], Path | None, None),
        ("a", Path | None, Path("a")),
        (None, int | None, None),
        (5, int | None, 5),
        ("12", int, 12),
        ("all", str, "all"),
        ([1, 2], list[int], [1, 2]),
        ({"a": 1}, dict, {"a": 1}),
        (0.5, float, 0.5),
        (False, bool, False),
    ],
)
def test_conversions(value, annotation, expected):
    # Catches: text where a path or a number is expected; no files taken for one; a value of the config changed.
    found = converted(value, annotation)
    assert found == expected
    assert type(found) is type(expected)


def test_a_value_of_nothing_is_found():
    # Catches: False, 0 or None taken for a value that is missing.
    for value in (False, 0, None, ""):
        assert bound("x", object, {"settings": {"x": value}}) == value


# The scripts and their rules.

JOBS = """
import json, sys
from pathlib import Path
from dags import dry_run

repository, directory, *config_files = map(Path, sys.argv[1:])
out = sys.stdout
with dry_run(repository, directory, config_files, {}, {"all", "export"}) as dag:
    jobs = {}
    for job in dag.jobs:
        jobs[job.rule.name] = {
            "script": Path(job.rule.script).name if job.rule.script else None,
            "input": list(job.input.keys()),
            "output": list(job.output.keys()),
            **{name: list(values) for name, values in job.params.items()},
            "wildcards": list(job.wildcards.keys()),
            "threads": ["threads"],
        }
print(json.dumps(jobs), file=out)
"""


LOCAL = """
import json, sys
from pathlib import Path
from dags import dry_run

repository, directory, config_file = map(Path, sys.argv[1:])
out = sys.stdout
splits = {name: [f"https://example.org/{name}.csv#sha256=" + "0" * 64] for name in ("train", "test")}
with dry_run(repository, directory, [config_file], {"corpus": {"splits": splits}}, {"results/summary.csv"}) as dag:
    jobs = {job.rule.name: job.rule.name in dag.workflow._localrules for job in dag.jobs}
print(json.dumps(jobs), file=out)
"""


def test_downloads_are_no_jobs_of_a_cluster(tmp_path):
    # Catches: a download on a node without internet access; a rule that does not take over what it is derived from.
    command = [sys.executable, "-c", LOCAL, REPOSITORY, tmp_path, REPOSITORY / "config/config.yaml"]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    jobs = json.loads(result.stdout)
    assert jobs["download_split"]
    assert jobs["download_glove"]
    assert not jobs["train_model"]


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """What each rule names, of a job of each in a run that has all of them."""
    folder = tmp_path_factory.mktemp("run")
    files = [REPOSITORY / f"config/{name}.yaml" for name in ("config", "study", "learning_curve", "readers")]
    variants = yaml.safe_load(files[0].read_text(encoding="utf-8"))["variants"]
    (folder / "all.yaml").write_text(yaml.safe_dump({"active_variants": [*variants]}), encoding="utf-8")
    command = [sys.executable, "-c", JOBS, REPOSITORY, folder, *files, folder / "all.yaml"]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def parameters_of(script):
    """The names of the parameters of `main` in a script."""
    (main,) = (
        node
        for node in ast.parse((SCRIPTS / script).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    return {each.arg for each in [*main.args.args, *main.args.kwonlyargs]}


def test_every_script_of_a_rule_can_be_called(rules):
    # Catches: a parameter that its rule does not name, or names twice: the job would fail when it is reached, perhaps
    # after hours; a setting that no script reads, for which a job would run again for nothing.
    jobs = {name: rule for name, rule in rules.items() if rule["script"]}
    scripts = {path.name for path in SCRIPTS.glob("*.py") if "run(main, snakemake)" in path.read_text(encoding="utf-8")}
    assert {rule["script"] for rule in jobs.values()} == scripts
    for name, rule in jobs.items():
        assert rule.keys() <= {"script", "input", "output", "settings", "untracked", "wildcards", "threads"}, name
        parameters = parameters_of(rule.pop("script"))
        named = [each for section in rule.values() for each in section]
        assert [each for each in parameters if named.count(each) != 1] == [], name
        values = {*rule["settings"], *rule.get("untracked", ())} - {"code"}
        # What is downloaded is known by its checksum.
        assert values - parameters == ({"file"} if name.startswith("download_") else set()), name
