"""The pipeline as a user meets it: a small run through the real command, and what runs again after a change."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from conftest import file_dates

RUNS = [(variant, seed) for variant in ("one_hot", "glove") for seed in (1, 2)]
TEST_REVIEWS = 1000
# What a job is called in the plan of a dry run.
VERBS = {"Training": "train_model", "Evaluating": "evaluate_model"}
VECTORIZING = {
    "Adapting the": "adapt_vectorizer",
    "Encoding the reviews": "encode_reviews",
    "Encoding the unlabelled": "encode_unlabelled",
}


def planned(result):
    """The jobs of a dry run: "rule", "rule variant seed", "rule variant size seed" or "rule vectorizer"."""
    assert result.returncode == 0, result.stdout
    counts = {rule: int(count) for rule, count in re.findall(r"^(\S+) +(\d+)$", result.stdout, re.MULTILINE)}
    for target in ("results/summary.csv", "all", "total"):
        counts.pop(target, None)
    messages = re.findall(
        r"^Job \d+: (\w+) (\w+) (?:trained )?on (\w+) reviews with seed (\d+)$", result.stdout, re.MULTILINE
    )
    jobs = {
        f"{VERBS[verb]} {variant} {'' if size == 'all' else size + ' '}{seed}" for verb, variant, size, seed in messages
    }
    verbs = "|".join(VECTORIZING)
    messages = re.findall(rf"^Job \d+: ({verbs}) .*vectorizer (\w+)", result.stdout, re.MULTILINE)
    jobs |= {f"{VECTORIZING[verb]} {vectorizer}" for verb, vectorizer in messages}
    messages = re.findall(r"^Job \d+: Labelling .* by (\w+) with seed (\d+)$", result.stdout, re.MULTILINE)
    jobs |= {f"label_reviews {teacher} {seed}" for teacher, seed in messages}
    jobs |= counts.keys() - {*VERBS.values(), *VECTORIZING.values(), "label_reviews"}
    assert len(jobs) == sum(counts.values())
    assert ("Nothing to be done" in result.stdout) == (not jobs)
    return jobs


def both(*runs):
    """The two jobs of each of the (variant, seed) pairs."""
    return {f"{rule} {variant} {seed}" for rule in VERBS.values() for variant, seed in runs}


ONE_HOT, GLOVE = both(("one_hot", 1), ("one_hot", 2)), both(("glove", 1), ("glove", 2))
EVALUATIONS = {f"evaluate_model {variant} {seed}" for variant, seed in RUNS}
DOWNLOADS = {"download_corpus", "download_glove"}
# What follows every evaluation.
TABLES = {"summarize_runs", "compare_variants", "tabulate_lengths", "decide_claims"}
BOOTSTRAPS = {"compare_variants", "decide_claims"}
FROM_VECTORIZER = {"adapt_vectorizer words", "encode_reviews words", "build_glove_matrix"} | TABLES | ONE_HOT | GLOVE


def products(directory):
    return sorted(path for folder in ("resources", "results") for path in (directory / folder).rglob("*.*"))


@pytest.fixture
def code(pipeline):
    """A function that gives the path of a file of the code; after the test the file is as it was, date included."""
    before = {}

    def path_of(name):
        path = pipeline.repository / "workflow/scripts" / name
        before[path] = path.read_bytes(), path.stat()
        return path

    yield path_of
    for path, (content, stat) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


# What runs again: one test for each row of the table.


def test_no_change(pipeline, run):
    # Catches: anything that differs between two runs of the same (a date or an order in the params, a copy of the code
    # under a new name), so that a second `snakemake` would train everything again or write a file anew.
    before = file_dates(run)
    assert planned(pipeline.snakemake(run)) == set()
    assert file_dates(run) == before


def test_touched_products(pipeline, run):
    # Catches: products compared by their dates and not by their content. Every input is made newer than every output
    # that depends on it, by falling dates from the first step to the last.
    steps = ["resources", "reviews", "vocabulary.json", "arrow", "glove.npy", "model.keras", "training.json", ""]
    for step, name in reversed(list(enumerate(steps))):
        touched = [path for path in products(run) if name in str(path.relative_to(run))]
        assert touched
        date = time.time() - step
        for path in touched:
            os.utime(path, (date, date))
    assert planned(pipeline.snakemake(run, "results/summary.csv", "-n")) == set()


def test_touched_code(pipeline, run, code):
    # Catches: code compared by its date, so that a switch of branches and back would train everything again.
    for path in sorted((pipeline.repository / "workflow/scripts/wordorder").glob("*.py")):
        os.utime(code(path))
    assert planned(pipeline.snakemake(run, "results/summary.csv", "-n")) == set()


CHANGES = {
    "a hyperparameter of a variant": (
        {"variants": {"one_hot": {"dropout": 0.4}}},
        ONE_HOT | TABLES,
    ),
    "a hyperparameter within the optimizer of a variant": (
        {"variants": {"glove": {"optimizer": {"learning_rate": 0.02}}}},
        GLOVE | TABLES,
    ),
    "the length at which a variant cuts reviews": (
        {"variants": {"glove": {"sequence_length": 10}}},
        GLOVE | TABLES,
    ),
    "a variant added": (
        {
            "variants": {"new": {"features": "embedding", "dimension": 2}},
            "active_variants": ["one_hot", "glove", "new"],
        },
        both(("new", 1), ("new", 2)) | TABLES,
    ),
    # That a claim may now name it is all that changes.
    "a variant defined and not asked for": ({"variants": {"new": {"features": "one_hot"}}}, {"decide_claims"}),
    "a seed added": (
        {"seeds": [1, 2, 3]},
        both(("one_hot", 3), ("glove", 3)) | TABLES,
    ),
    "a variant taken from the list": ({"active_variants": ["one_hot"]}, TABLES),
    "a seed taken from the list": ({"seeds": [2]}, TABLES),
    "max_tokens": ({"vectorizers": {"words": {"max_tokens": 200}}}, FROM_VECTORIZER),
    "the seed of the split": ({"split": {"seed": 1}}, FROM_VECTORIZER | {"split_corpus"}),
    "what is unlabelled": ({"corpus": {"unlabelled": None}}, FROM_VECTORIZER | {"split_corpus"}),
    "the figure of the chapter": ({"variants": {"one_hot": {"chapter_accuracy": 0.9}}}, {"summarize_runs"}),
    "the resamples of the comparison": ({"statistics": {"resamples": 500}}, BOOTSTRAPS),
    "the seed of the comparison": ({"statistics": {"seed": 1}}, BOOTSTRAPS),
    "a mirror added": ({"corpus": {"sources": ["https://example.org/aclImdb_v1.tar.gz"]}}, set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_of_the_config(pipeline, run, change):
    # Catches: a setting that no rule passes on, so that its change goes unnoticed; one that is passed on too widely.
    config, expected = CHANGES[change]
    assert planned(pipeline.snakemake(run, "results/summary.csv", "-n", config=config)) == expected


CODE = {
    "wordorder/models.py": ONE_HOT | GLOVE | TABLES,
    "wordorder/layers.py": ONE_HOT | GLOVE | TABLES,
    "wordorder/batching.py": ONE_HOT | GLOVE | TABLES,
    "wordorder/training.py": ONE_HOT | GLOVE | TABLES,
    "wordorder/backup.py": ONE_HOT | GLOVE | TABLES,
    "train_model.py": ONE_HOT | GLOVE | TABLES,
    "wordorder/glove.py": GLOVE | {"build_glove_matrix"} | TABLES,
    "build_glove_matrix.py": GLOVE | {"build_glove_matrix"} | TABLES,
    "wordorder/download.py": set(),
    "wordorder/formats.py": FROM_VECTORIZER | {"split_corpus"},
    "wordorder/metrics.py": EVALUATIONS | TABLES,
    "wordorder/predictions.py": EVALUATIONS | TABLES,
    "wordorder/summary.py": {"summarize_runs"},
    "wordorder/comparison.py": BOOTSTRAPS,
    "wordorder/claims.py": {"decide_claims"},
    "wordorder/lengths.py": {"tabulate_lengths"},
}


@pytest.mark.parametrize("name", CODE)
def test_change_of_the_code(pipeline, run, code, name):
    # Catches: a module that decides a result and is no input of its rule; one that is the input of too many.
    path = code(name)
    path.write_text(path.read_text(encoding="utf-8") + "# Changed.\n", encoding="utf-8")
    assert planned(pipeline.snakemake(run, "results/summary.csv", "-n")) == CODE[name]


@pytest.mark.parametrize("target", ["results/summary.csv", "all"])
def test_deleted_model(pipeline, run, target):
    # Catches: Snakemake's own behaviour, which is not to look for what is missing behind a file that is there.
    (run / "results/runs/glove/all/seed2/model.keras").unlink()
    expected = both(("glove", 2)) | TABLES
    assert planned(pipeline.snakemake(run, target, "-n")) == expected


def test_deleted_product(pipeline, run):
    # Catches: a product that the target forgets, so that after a step that failed the old summary counts as up to date.
    expected = sorted(str(path.relative_to(run)) for path in products(run))
    (run / "results/vectorizers/words/vocabulary.json").unlink()
    result = pipeline.snakemake(run, "results/summary.csv", "-n")
    assert planned(result) == FROM_VECTORIZER
    (inputs,) = re.findall(r"^rule results/summary.csv:\n +input: (.*)$", result.stdout, re.MULTILINE)
    assert sorted(inputs.split(", ")) == expected


# The products of the small run.


def test_reviews(finished):
    # Catches: a split of the wrong size, a review in two of them, a column that later steps miss.
    splits = {split: pd.read_parquet(finished / f"results/reviews/{split}.parquet") for split in SPLIT_SIZES}
    assert {split: len(table) for split, table in splits.items()} == SPLIT_SIZES
    assert all(list(table) == ["id", "label", "text"] for table in splits.values())
    assert pd.concat(splits.values())["id"].is_unique
    assert all(
        table["label"].value_counts().to_dict() == {"neg": len(table) / 2, "pos": len(table) / 2}
        for table in splits.values()
    )


SPLIT_SIZES = {"train": 1600, "validation": 400, "test": TEST_REVIEWS}


@pytest.mark.parametrize(("variant", "seed"), RUNS)
def test_files_of_a_run(finished, variant, seed):
    # Catches: a record that does not say what was run; an evaluation that is not that of the predictions beside it;
    # a best epoch that is not the best of the history.
    folder = finished / f"results/runs/{variant}/all/seed{seed}"
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    history = pd.read_csv(folder / "history.csv")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    test = pd.read_parquet(finished / "results/reviews/test.parquet")

    columns = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert list(history) == columns
    assert list(history["epoch"]) == [1, 2]
    costs = pd.read_csv(folder / "costs.csv")
    assert list(costs) == ["epoch", "seconds", "peak_memory_mb"]
    assert list(costs["epoch"]) == [1, 2]
    assert record["best_epoch"] == history.loc[history["validation_loss"].idxmin(), "epoch"]
    assert (record["variant"], record["seed"], record["settings"]["units"]) == (variant, seed, 2)
    assert record["optimizer"]["epsilon"] == 1e-14

    assert list(predictions) == ["id", "label", "probability"]
    assert list(predictions["id"]) == list(test["id"])
    assert list(predictions["label"]) == list(test["label"])
    assert predictions["probability"].between(0, 1).all()
    assert evaluation["test_accuracy"] == ((predictions["probability"] > 0.5) == (predictions["label"] == "pos")).mean()
    assert "Total params" in (folder / "summary.txt").read_text(encoding="utf-8")


def test_tables(finished):
    # Catches: rows that are missing or stand twice, means that are not those of the runs, variants mixed up.
    runs = pd.read_csv(finished / "results/runs.csv")
    assert list(zip(runs["variant"], runs["seed"], strict=True)) == RUNS
    for row in runs.itertuples():
        text = (finished / f"results/runs/{row.variant}/all/seed{row.seed}/evaluation.json").read_text(encoding="utf-8")
        assert row.test_accuracy == pytest.approx(json.loads(text)["test_accuracy"])
    assert {"settings.units", "optimizer.epsilon", "versions.keras", "backend"} <= set(runs)

    summary = pd.read_csv(finished / "results/summary.csv", index_col="variant")
    assert list(summary.index) == ["one_hot", "glove"]
    assert list(summary["seeds"]) == [2, 2]
    for variant, row in summary.iterrows():
        accuracies = runs.loc[runs["variant"] == variant, "test_accuracy"]
        assert row["test_accuracy"] == pytest.approx(accuracies.mean(), abs=1e-6)
        assert row["test_accuracy_std"] == pytest.approx(accuracies.std(), abs=1e-6)
    # 300 tokens, 2 units: 8 numbers a token in each direction, or the vectors and their 100 rows of them; then the
    # recurrent kernels (2 x 2 x 8), the biases (2 x 8) and the classifier (5).
    assert list(summary["parameters"]) == [300 * 16 + 53, 300 * 100 + 100 * 16 + 53]
    assert list(summary["trainable_parameters"]) == [300 * 16 + 53, 100 * 16 + 53]
    assert (summary[["seconds_per_epoch", "peak_memory_mb"]] > 0).all(axis=None)
    for metric in ("roc_auc", "f1", "brier_score", "expected_calibration_error"):
        means = runs.groupby("variant")[metric].mean()
        assert list(summary[metric]) == pytest.approx([means["one_hot"], means["glove"]], abs=1e-6)


def test_comparisons(finished):
    # Catches: rows that are missing or stand twice; differences and accuracies that are not those of the summary;
    # lengths that are not those of the encoded reviews.
    summary = pd.read_csv(finished / "results/summary.csv", index_col="variant")
    (row,) = pd.read_csv(finished / "results/comparisons.csv").itertuples(index=False)
    assert (row.variant, row.other) == ("one_hot", "glove")
    accuracies = summary["test_accuracy"]
    assert row.difference == pytest.approx(accuracies["one_hot"] - accuracies["glove"], abs=2e-6)
    assert row.difference_low <= row.difference <= row.difference_high
    assert 0 <= row.mcnemar_p <= 1

    lengths = pd.read_csv(finished / "results/accuracy_by_length.csv")
    runs = pd.read_csv(finished / "results/runs.csv")
    groups = lengths.groupby(["variant", "seed"], sort=False)
    assert list(groups.groups) == RUNS
    for (_, rows), accuracy in zip(groups, runs["test_accuracy"], strict=True):
        assert rows["reviews"].sum() == TEST_REVIEWS
        assert (rows["reviews"] * rows["accuracy"]).sum() == pytest.approx(TEST_REVIEWS * accuracy, abs=0.01)
    with pa.ipc.open_file(finished / "results/vectorizers/words/test.arrow") as file:
        tokens = [len(sequence) for sequence in file.read_all()["tokens"]]
    assert (lengths["min_tokens"].min(), lengths["max_tokens"].max()) == (min(tokens), max(tokens))


def test_glove_matrix(finished):
    # Catches: rows that belong to other tokens, vectors for padding and unknown.
    tokens = json.loads((finished / "results/vectorizers/words/vocabulary.json").read_text(encoding="utf-8"))
    matrix = np.load(finished / "results/vectorizers/words/glove.npy")
    assert matrix.shape == (300, 100)
    vectors = {}
    with (finished / "resources/glove.txt").open(encoding="utf-8") as file:
        for line in file:
            word, *numbers = line.split(" ")
            vectors[word] = np.array(numbers, np.float32)
    assert not matrix[:2].any()
    np.testing.assert_array_equal(matrix[2:], [vectors.get(token, np.zeros(100)) for token in tokens[2:]])


def test_logs_and_benchmarks(finished):
    # Catches: a rule whose log is empty, which leaves its user in the dark; a path that does not follow the product.
    single = {
        *("download_corpus", "download_glove", "split_corpus", *TABLES),
        *(f"{rule}/words" for rule in ("adapt_vectorizer", "encode_reviews", "build_glove_matrix")),
    }
    expected = single | {f"{rule}/{variant}/all/seed{seed}" for rule in VERBS.values() for variant, seed in RUNS}
    for folder in ("logs", "benchmarks"):
        files = [path for path in (finished / folder).rglob("*") if path.is_file()]
        assert {str(path.relative_to(finished / folder).with_suffix("")) for path in files} == expected
        assert all(path.read_text(encoding="utf-8").strip() for path in files)


def test_log_of_a_training(finished):
    # Catches: progress bars that fill the log with control characters; epochs that are not reported, or twice.
    # Not read_text, which takes a carriage return for the end of a line.
    log = (finished / "logs/train_model/glove/all/seed2.log").read_bytes().decode()
    assert re.findall(r"epoch (\d+): loss \d", log) == ["1", "2"]
    assert all(character.isprintable() for character in log.replace("\n", ""))
    assert "glove, 1600 reviews, seed 2" in log.splitlines()[0]
    assert log.splitlines()[-1].startswith("Best epoch")


def test_no_file_is_left_over(finished):
    # Catches: temporary files that stay beside the products.
    products = {path.name for path in (finished / "results").rglob("*") if path.is_file()}
    assert products == {
        *("train.parquet", "validation.parquet", "test.parquet", "unlabelled.parquet"),
        *("vocabulary.json", "settings.json"),
        *("train.arrow", "validation.arrow", "test.arrow", "glove.npy"),
        *("model.keras", "history.csv", "costs.csv", "summary.txt", "training.json"),
        *("evaluation.json", "predictions.parquet"),
        *("runs.csv", "summary.csv", "comparisons.csv", "claims.csv", "accuracy_by_length.csv"),
    }
    assert sorted(path.name for path in (finished / "resources").iterdir()) == ["aclImdb_v1.tar.gz", "glove.txt"]
    assert not [path for path in (finished / "backups").rglob("*") if path.is_file()]


# A training that goes wrong.

DIVERGING = {"variants": {"one_hot": {"optimizer": {"learning_rate": 1.0e38}}}, "seeds": [1]}


@pytest.fixture(scope="module")
def diverged(pipeline, finished):
    """A folder in which a training diverged after everything else had once been finished, and what was said."""
    directory = finished.with_name("diverged")
    shutil.copytree(finished, directory)
    return directory, pipeline.snakemake(directory, config=DIVERGING)


def test_diverged_training_fails(diverged):
    # Catches: a loss that is not a number and ends as a model; an error that is only in a log file, or no error.
    directory, result = diverged
    assert result.returncode == 1
    assert "The training diverged: the loss in epoch 1 is nan" in result.stdout
    assert "optimizer.learning_rate" in result.stdout
    assert "Traceback" not in result.stdout
    left = sorted(path.name for path in (directory / "results/runs/one_hot/all/seed1").iterdir())
    assert left == ["evaluation.json", "predictions.parquet"]


def test_diverged_training_is_not_forgotten(pipeline, diverged):
    # Catches: "Nothing to be done" after a failure, because the summary of the run before is still there.
    directory, _ = diverged
    expected = both(("one_hot", 1)) | TABLES
    assert planned(pipeline.snakemake(directory, "results/summary.csv", "-n", config=DIVERGING)) == expected


# Where and how it is started.

EVERYTHING = FROM_VECTORIZER | DOWNLOADS | {"split_corpus"}


def test_dry_run_needs_no_tensorflow(pipeline, finished, tmp_path):
    # Catches: an import of TensorFlow, JAX or Keras in a Snakefile, which every dry run would pay for.
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name in ("tensorflow", "jax", "keras"):
        (stubs / f"{name}.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    environment = {"PYTHONPATH": str(stubs)}
    probe = [sys.executable, "-c", "import keras"]
    assert b"not here" in subprocess.run(probe, env={**os.environ, **environment}, capture_output=True).stderr
    result = pipeline.snakemake(tmp_path / "run", "results/summary.csv", "-n", environment=environment)
    assert planned(result) == EVERYTHING


def test_start_from_another_folder(pipeline, run, tmp_path):
    # Catches: paths that hold only in the folder of the project. A job really runs there, and nothing else has to.
    start_in = tmp_path / "elsewhere"
    start_in.mkdir()
    (run / "results/summary.csv").unlink()
    result = pipeline.snakemake(run, start_in=start_in)
    assert result.returncode == 0, result.stdout
    assert "summarize_runs" in result.stdout
    assert (run / "results/summary.csv").is_file()
    assert list(start_in.iterdir()) == []
    assert planned(pipeline.snakemake(run, "results/summary.csv", "-n")) == set()


def test_moved_project(pipeline, finished, tmp_path):
    # Catches: absolute paths among the inputs, so that a project that is moved as a whole would run from the start.
    shutil.copytree(pipeline.repository, tmp_path / "repository")
    shutil.copytree(finished, tmp_path / "finished")
    moved = pipeline._replace(repository=tmp_path / "repository")
    assert planned(moved.snakemake(tmp_path / "finished", "results/summary.csv", "-n")) == set()


def command(*arguments, cwd):
    """Run Snakemake in `cwd` with the given arguments and no others."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def clone(pipeline, tmp_path):
    """The repository as it is on a machine where nothing has been run."""
    return shutil.copytree(pipeline.repository, tmp_path / "clone", ignore=shutil.ignore_patterns(".snakemake"))


def all_jobs(variants, seeds=(1,), vectorizers=("words",)):
    """Every job, where these variants are trained with these seeds."""
    data = DOWNLOADS | {"split_corpus", "build_glove_matrix"} | TABLES
    data |= {f"{rule} {vectorizer}" for rule in ("adapt_vectorizer", "encode_reviews") for vectorizer in vectorizers}
    return data | both(*itertools.product(variants, seeds))


BAGS_OF_WORDS = ["binary_unigram", "binary_bigram", "tfidf_bigram"]
LSTMS = ["one_hot", "embedding", "embedding_masked", "glove"]
CHAPTER = all_jobs(BAGS_OF_WORDS + LSTMS, vectorizers=["words", "bigrams"])


@pytest.mark.parametrize("target", [["results/summary.csv"], []])
def test_config_of_the_chapter(clone, target):
    # Catches: a config.yaml that does not pass its own checks, or asks for something else than the chapter's models.
    assert planned(command("-n", "--cores", "4", *target, cwd=clone)) == CHAPTER


def test_config_of_the_demo(pipeline, clone):
    # Catches: a demo.yaml that does not fit config.yaml any more, or leaves out a variant.
    files = ["config/config.yaml", "config/demo.yaml", pipeline.config_files[2]]
    result = command("-n", "--cores", "4", "--directory", "demo", "--configfile", *files, cwd=clone)
    assert planned(result) == CHAPTER
    base, demo = (yaml.safe_load((clone / name).read_text(encoding="utf-8")) for name in files[:2])
    assert demo["variants"].keys() <= base["variants"].keys()


def test_config_of_the_grouping(clone):
    # Catches: a grouping.yaml that does not fit config.yaml any more.
    files = ["config/config.yaml", "config/grouping.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", "results/summary.csv", cwd=clone)
    variants = ["embedding_masked", "embedding_masked_uniform", "glove", "glove_uniform"]
    assert planned(result) == all_jobs(variants, seeds=(1, 2, 3))


def test_config_of_the_study(clone):
    # Catches: a study.yaml that does not fit config.yaml any more, that misses a variant or trains one too often; a
    # vectorizer or vectors that are made for nothing, or twice.
    files = ["config/config.yaml", "config/study.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", "results/summary.csv", cwd=clone)
    once = ["transformer", "one_hot_pooled", "cbow_pooled_taught", "nbsvm"]
    text = ["embedding_masked_whole", "embedding_masked_no_html"]
    keras3 = ["embedding_keras3", "embedding_masked_keras3"]
    variants = [*BAGS_OF_WORDS, *LSTMS, "cbow", "cbow_pooled", *text, *keras3]
    vectorizers = ["words", "words_no_html", "bigrams", "trigrams"]
    expected = all_jobs(variants, (1, 2, 3), vectorizers) | both(*itertools.product(once, (1,)))
    curve = ["embedding_masked", "glove", "cbow", "binary_bigram"]
    sizes = [200, 500, 1000, 2000, 5000, 10000, 20000]
    expected |= {f"{rule} {v} {n} {i}" for rule in VERBS.values() for v in curve for n in sizes for i in (1, 2, 3)}
    expected |= {"train_cbow", "time_steps", "tabulate_learning_curve"}
    expected |= {f"encode_unlabelled {vectorizer}" for vectorizer in ("words", "trigrams")}
    expected |= {f"label_reviews {teacher} 1" for teacher in ("nbsvm", "cbow_pooled")}
    assert planned(result) == expected
    defined = yaml.safe_load((clone / files[0]).read_text(encoding="utf-8"))["variants"]
    assert {*variants, *once} == defined.keys()


def test_every_config_file_is_exercised(clone):
    # Catches: a config file that no test runs. What the profile sets shows in the tests of touched files (they are
    # compared by content) and of the diverged training (its log is shown).
    files = {
        str(path.relative_to(clone)) for folder in ("config", "profiles") for path in clone.rglob(f"{folder}/**/*.yaml")
    }
    assert files == {
        "config/config.yaml",
        "config/demo.yaml",
        "config/claims.yaml",
        "config/grouping.yaml",
        "config/study.yaml",
        "profiles/default/config.yaml",
        "profiles/slurm/config.yaml",
    }
    assert "Using workflow specific profile profiles/default" in command("-n", "--cores", "4", cwd=clone).stdout


def test_no_glove_without_a_variant_that_uses_it(pipeline, tmp_path):
    # Catches: 134 MB of vectors downloaded for nothing.
    config = {"active_variants": ["one_hot"], "seeds": [1]}
    jobs = planned(pipeline.snakemake(tmp_path / "run", "results/summary.csv", "-n", config=config))
    assert jobs == all_jobs(["one_hot"]) - {"download_glove", "build_glove_matrix"}


def test_repository_is_left_alone(pipeline, finished):
    # Catches: products written beside the code and not into the given folder.
    names = {path.name for path in Path(pipeline.repository).iterdir()} - {".snakemake"}
    assert names == {"Snakefile", "environment.yml", "config", "profiles", "workflow"}
