"""The package as it is installed, what is made from the code, and what the workflow catalogue asks for."""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, copy_workflow

import generate_docs
from wordorder.config_schema import complete_schema

SCRIPTS = REPOSITORY / "workflow/scripts"
SHIPPED = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
# All files of the code but that list itself, and what Python and the tools leave there.
FILES = {
    path.relative_to(SCRIPTS).as_posix()
    for path in SCRIPTS.rglob("*")
    if path.is_file() and not re.search(r"/__pycache__/|/\.|egg-info|/MANIFEST$", f"/{path.relative_to(SCRIPTS)}")
}


@pytest.fixture
def copy(tmp_path):
    """A copy of what the package is built from and the workflow needs."""
    folder = tmp_path / "copy"
    folder.mkdir()
    copy_workflow(folder)
    shutil.copytree(REPOSITORY / ".test", folder / ".test", ignore=shutil.ignore_patterns(".snakemake", "results"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(REPOSITORY / name, folder)
    return folder


def snakemake(*arguments, folder):
    """Run Snakemake in a folder and return what it prints, errors included, and its exit status."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout, done.returncode


def test_what_is_made_from_the_code_is_fresh():
    # Catches: a change of the config or a new module, and no `make docs` after it.
    for path, text in generate_docs.generated(REPOSITORY).items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run `make docs`"


def test_manifest_has_every_file():
    # Catches: a kind of file that a hosted module would not bring to the disk; a first line that is in the package, the
    # folder of which is then taken for that of the scripts.
    listed = (SCRIPTS / "MANIFEST").read_text(encoding="utf-8").split()
    assert set(listed) == FILES
    assert "/" not in listed[0]


def sections(schema, path="config"):
    """Each key of a schema and of all schemas in it."""
    for name, key in schema.get("properties", {}).items():
        yield f"{path}.{name}", key
        yield from sections(key, f"{path}.{name}")
    for each in [*schema.get("patternProperties", {}).values(), *schema.get("oneOf", [])]:
        yield from sections(each, f"{path}.*")


def test_schema_is_what_the_catalogue_reads():
    # Catches: a key without type, description or default, or with a reference, which the catalogue does not follow.
    schema = complete_schema(SHIPPED)
    keys = dict(sections(schema))
    assert {"config.corpus.sources", "config.vectorizers.*.ngrams", "config.variants.*.*.optimizer.rho"} <= keys.keys()
    for path, key in keys.items():
        assert {"type", "description", "default"} <= key.keys(), path
    text = (REPOSITORY / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    assert "$ref" not in text
    assert yaml.safe_load(text) == schema


def test_every_section_has_its_table():
    # Catches: a new section of the config that config/README.md does not show.
    readme = (REPOSITORY / "config/README.md").read_text(encoding="utf-8")
    shown = [name for match in generate_docs.TABLE.finditer(readme) for name in match[2].split(", ")]
    # Its keys are those of a variant.
    assert sorted([*shown, "defaults"]) == sorted(
        [*complete_schema(SHIPPED)["properties"], "each of variants", "each of vectorizers"]
    )


def test_built_package(copy, tmp_path):
    # Catches: a module or a template that the package leaves behind; scripts of rules that it installs.
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "."]
    subprocess.run([*command, "--wheel-dir", tmp_path], cwd=copy, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {name for name in FILES if name.startswith("wordorder/")}


def test_installed_command():
    # Catches: a console script that does not start, or is not installed.
    command = Path(sys.executable).with_name("wordorder")
    done = subprocess.run([command, "--help"], capture_output=True, text=True)
    assert "predict" in done.stdout, done.stderr


@pytest.mark.whole
def test_jobs_run_the_code_of_their_own_checkout(copy):
    # Catches: jobs of one checkout that import the package of another, which is installed in their environment.
    assert distribution("wordorder").files
    module = copy / "workflow/scripts/wordorder/data/split.py"
    module.write_text(
        f"{module.read_text(encoding='utf-8')}\nraise SystemExit('This is the copy.')\n", encoding="utf-8"
    )
    product = "results/reviews/train.parquet"
    config = ["--directory", ".test", "--configfile", ".test/config/config.yaml", "--", product]
    output, status = snakemake("--cores", "1", *config, folder=copy)
    assert status != 0
    assert "This is the copy." in output


@pytest.mark.whole
def test_profile_applies_from_elsewhere(copy, tmp_path):
    # Catches: the main file of the workflow, named by itself from another folder, without the profile that it needs.
    corpus = ["--directory", copy / ".test", "--configfile", copy / ".test/config/config.yaml"]
    for snakefile in ("Snakefile", "workflow/Snakefile"):
        output, status = snakemake("-n", "--snakefile", copy / snakefile, *corpus, folder=tmp_path)
        assert status == 0, output
        assert "Using workflow specific profile" in output


@pytest.mark.whole
def test_commands_of_the_catalogue(copy):
    # Catches: a workflow that the catalogue cannot draw; an overlay in .test/ that is no config any more.
    draw = ["--forceall", "-s", "workflow/Snakefile", "-d", ".test", "-c", "1", "--rulegraph"]
    graph, status = snakemake(*draw, folder=copy)
    assert status == 0, graph
    assert 'label = "train_model"' in graph
    plan, status = snakemake("-n", "-d", ".test", "--configfile", ".test/config/config.yaml", folder=copy)
    assert status == 0, plan
    assert "Training glove on all reviews with seed 1" in plan


def test_a_project_that_was_moved_is_installed_again(tmp_path):
    # Catches: commands in .venv/bin that name a folder that is no longer there; an installation for each target.
    folder = tmp_path / "a project"
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(REPOSITORY / name, folder)

    def planned():
        return subprocess.run(["make", "-n", ".venv/installed"], cwd=folder, capture_output=True, text=True).stdout

    assert "pip install" in planned()
    (folder / ".venv/installed").write_text(f"{folder}\n")
    assert "pip install" not in planned()
    folder = folder.rename(tmp_path / "moved")
    assert "pip install" in planned()
