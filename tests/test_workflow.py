"""The pipeline as a user meets it: a small run through the real command, and the ways to ask for something."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from conftest import DIVERGING, SMALL
from plans import EVERYTHING, after, planned, trainings

from wordorder import paths

VARIANTS = SMALL["active_variants"]
RUNS = [
    *((variant, seed) for variant in ("one_hot", "glove") for seed in (1, 2)),
    *((variant, 1) for variant in ("binary_unigram", "cbow", "taught")),
]
TEST_REVIEWS = 1000
SUMMARY = paths.csv("summary")
MODEL = paths.run("model.keras", "glove", "all", 2)
# What follows every evaluation.
TABLES = {"summarize_runs", "compare_variants", "tabulate_lengths", "decide_claims"}


# What is missing.


@pytest.mark.parametrize("target", [[SUMMARY], []])
def test_deleted_model(pipeline, run, target):
    # Catches: Snakemake's own behaviour, which is not to look for what is missing behind a file that is there.
    (run / MODEL).unlink()
    plan = planned(pipeline.snakemake(run, "-n", *target))
    assert {
        job for job in plan if not re.match("tabulate_diagnostics|plot|render|show|write|compare_emb", job)
    } == after("train_model glove 2")


def products(directory):
    """The results that a run has left, without the last table's two files."""
    files = {str(path.relative_to(directory)) for path in (directory / "results").rglob("*.*")}
    return files - {SUMMARY, paths.csv("runs")}


def test_deleted_products(pipeline, run):
    # Catches: a product that the target forgets, so that after a step that failed the old summary counts as up to date.
    whole = products(run)
    (run / paths.vocabulary("words")).unlink()
    result = pipeline.snakemake(run, SUMMARY, "-n")
    assert planned(result) == after("adapt_vectorizer words")
    (inputs,) = re.findall(r"^rule summarize_runs:\n +input: (.*)$", result.stdout, re.MULTILINE)
    inputs = set(inputs.split(", "))
    # What a student reads of its teacher is no result.
    assert inputs == whole - {paths.run(paths.SOFT_LABELS, "binary_unigram", "all", 1)}


def test_half_a_run(pipeline, run):
    # Catches: "Nothing to be done" after a step that failed, because the tables of the run before are still there.
    shutil.rmtree(run / "results/runs/taught")
    (run / paths.csv("claims")).unlink()
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == after("train_model taught 1")


def test_deleted_table_of_runs(pipeline, run):
    # Catches: "Nothing to be done" because the other table of the same rule is still there.
    (run / paths.csv("runs")).unlink()
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == {"summarize_runs"}


# Ways to ask for it.


def test_forced_summary(pipeline, run):
    # Catches: `-f` that means a rule of the name of the file, or everything.
    assert planned(pipeline.snakemake(run, "-n", "-f", SUMMARY)) == {"summarize_runs"}


def test_path_with_a_dot(pipeline, run):
    # Catches: `./results/summary.csv` that is another file.
    (run / MODEL).unlink()
    assert planned(pipeline.snakemake(run, f"./{SUMMARY}", "-n")) == after("train_model glove 2")


def test_rules_have_names_of_rules(pipeline, run):
    # Catches: a rule named like a file, which `as`, `-f` and generated unit tests take for something else.
    result = pipeline.snakemake(run, "--list-rules")
    rules = [line.strip() for line in result.stdout.splitlines() if re.fullmatch(r" *[\w/.]+ *", line)]
    assert {"all", "train_model", "summarize_runs"} <= set(rules)
    assert [rule for rule in rules if not rule.isidentifier()] == []


@pytest.mark.parametrize(
    ("target", "config", "message"),
    [
        # No second path for the same run.
        (paths.run("model.keras", "glove", "all", "07"), {}, "No rule to produce results/runs/glove/all/seed07/"),
        (paths.run("model.keras", "glove", "0500", 1), {}, "No rule to produce results/runs/glove/0500/seed1/"),
        (paths.run("model.keras", "glove", "1", 1), {}, "No rule to produce results/runs/glove/1/seed1/"),
        (
            paths.run("model.keras", "glove", "all", 2**31),
            {},
            "The seed 2147483648 is too large; the largest is 2147483647.",
        ),
        (
            paths.csv("learning_curve"),
            {"learning_curve": {"variants": []}},
            "There is no learning curve: learning_curve.variants is empty in the config.",
        ),
        (paths.csv("step_times"), {}, "There is nothing to time: timed_variants is empty in the config."),
        (paths.csv("padding"), {}, "no two active variants differ in nothing but their mask."),
        (paths.csv("embeddings/analogies"), {"active_variants": ["one_hot"]}, "There are no word vectors: "),
    ],
)
def test_what_there_cannot_be(pipeline, finished, target, config, message):
    # Catches: a table of nothing, a job that fails after all others, a message that does not say what is missing.
    result = pipeline.snakemake(finished, target, "-n", config=config)
    assert result.returncode == 1
    assert message in result.stdout
    assert "Traceback (most recent call last)" not in result.stdout


def test_the_largest_seed(pipeline, finished):
    # Catches: a limit that is one off.
    target = paths.run("model.keras", "one_hot", "all", 2**31 - 1)
    assert planned(pipeline.snakemake(finished, target, "-n")) == {"train_model one_hot 2147483647"}


def test_lists_on_the_command_line(pipeline, finished):
    # Catches: numbers that Snakemake has turned into text, refused or taken for other seeds.
    result = pipeline.snakemake(finished, SUMMARY, "-n", "--config", "seeds=[1,3]", 'learning_curve={"sizes": [200]}')
    assert planned(result) == trainings("one_hot 3", "glove 3") | TABLES


# The products of the small run.


def test_reviews(finished):
    # Catches: a split of the wrong size, a review in two of them, a column that later steps miss.
    splits = {split: pd.read_parquet(finished / f"results/reviews/{split}.parquet") for split in SPLIT_SIZES}
    assert {split: len(table) for split, table in splits.items()} == SPLIT_SIZES
    assert all(list(table) == ["id", "label", "group", "text"] for table in splits.values())
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
    assert (record["variant"], record["seed"]) == (variant, seed)
    assert record["settings"]["units"] == (16 if variant == "binary_unigram" else 2)
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
    assert list(summary.index) == VARIANTS
    assert list(summary["seeds"]) == [2, 2, 1, 1, 1]
    for variant, row in summary.iterrows():
        accuracies = runs.loc[runs["variant"] == variant, "test_accuracy"]
        assert row["test_accuracy"] == pytest.approx(accuracies.mean(), abs=1e-6)
        assert row["test_accuracy_std"] == pytest.approx(accuracies.std(), abs=1e-6, nan_ok=True)
    # 300 tokens, 2 units: 8 numbers a token in each direction, or the vectors and their 100 or 4 rows of them; then the
    # recurrent kernels (2 x 2 x 8), the biases (2 x 8) and the classifier (5). The bag of words has 16 units.
    one_hot, glove, cbow = 300 * 16 + 53, 300 * 100 + 100 * 16 + 53, 300 * 4 + 4 * 16 + 53
    assert list(summary["parameters"]) == [one_hot, glove, 300 * 16 + 16 + 17, cbow, one_hot]
    assert list(summary["trainable_parameters"]) == [one_hot, glove - 300 * 100, 300 * 16 + 16 + 17, cbow, one_hot]
    assert (summary[["seconds_per_epoch", "peak_memory_mb"]] > 0).all(axis=None)
    for metric in ("roc_auc", "f1", "brier_score", "expected_calibration_error"):
        means = runs.groupby("variant")[metric].mean()
        assert list(summary[metric]) == pytest.approx([means[variant] for variant in VARIANTS], abs=1e-6)


def test_comparisons(finished):
    # Catches: rows that are missing or stand twice; differences and accuracies that are not those of the summary;
    # lengths that are not those of the encoded reviews.
    summary = pd.read_csv(finished / "results/summary.csv", index_col="variant")
    accuracies = summary["test_accuracy"]
    rows = list(pd.read_csv(finished / "results/comparisons.csv").itertuples(index=False))
    assert [{row.variant, row.other} for row in rows] == [set(pair) for pair in itertools.combinations(VARIANTS, 2)]
    for row in rows:
        assert row.difference == pytest.approx(accuracies[row.variant] - accuracies[row.other], abs=2e-6)
        # The bag of words is trained once.
        certain = "binary_unigram" not in (row.variant, row.other)
        assert (row.difference_low <= row.difference <= row.difference_high) == certain
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
    vectorizing = ["adapt_vectorizer", "encode_reviews", "encode_unlabelled", "train_cbow", "build_glove_matrix"]
    folders = [*(f"{variant}/all/seed{seed}" for variant, seed in RUNS), "binary_unigram/200/seed1"]
    expected = {
        *("download_corpus", "download_glove", "split_corpus", "tabulate_learning_curve", "answer_questions", *TABLES),
        *(f"{rule}/words" for rule in vectorizing),
        *(f"{rule}/{folder}" for rule in ("train_model", "evaluate_model") for folder in folders),
        "label_reviews/binary_unigram/seed1",
    }
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
        *("train.arrow", "validation.arrow", "test.arrow", "unlabelled.arrow", "glove.npy", "cbow.npy"),
        *("model.keras", "history.csv", "costs.csv", "summary.txt", "training.json"),
        *("evaluation.json", "predictions.parquet", "soft_labels.parquet"),
        *("runs.csv", "summary.csv", "comparisons.csv", "claims.csv", "accuracy_by_length.csv"),
        *("learning_curve.csv", "crossings.csv", "questions.csv", "corpus.csv"),
    }
    downloads = (paths.CORPUS, paths.GLOVE)
    resources = {str(path.relative_to(finished)) for path in (finished / "resources").iterdir()}
    assert resources == {*downloads, *map(paths.checksums, downloads)}
    assert not [path for path in (finished / "checkpoints").rglob("*") if path.is_file()]
    folders = {path.name for path in finished.iterdir() if not path.name.startswith(".")}
    assert folders - {"checkpoints"} == {"benchmarks", "logs", "resources", "results"}


# A training that goes wrong.


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
    assert planned(pipeline.snakemake(directory, SUMMARY, "-n", config=DIVERGING)) == after("train_model one_hot 1")


def test_a_student_without_unlabelled_reviews(pipeline, tmp_path):
    # Catches: hours of training for teachers of a student that has nothing to learn from.
    rows = [f"The film was {word} {i},{label}" for i in range(50) for word, label in (("good", "pos"), ("bad", "neg"))]
    (tmp_path / "corpus.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    corpus = {"sources": [str(tmp_path / "corpus.csv")], "checksum": None, "format": "csv"}
    config = {"corpus": corpus, "vectorizers": {"words": {"max_tokens": 20}}}
    directory = tmp_path / "run"
    result = pipeline.snakemake(directory, SUMMARY, "-n", config=config | {"corpus": corpus | {"unlabelled": None}})
    assert result.returncode == 1
    assert "variants.taught.teachers: corpus.unlabelled is null" in result.stdout
    result = pipeline.snakemake(directory, SUMMARY, config=config | {"active_variants": ["taught"], "seeds": [1]})
    assert result.returncode == 1
    assert "taught would learn from teachers, but the corpus has no unlabelled reviews." in result.stdout
    assert "Traceback" not in result.stdout
    assert (directory / "results/vectorizers/words/vocabulary.json").exists()
    assert not list(directory.glob("results/runs/*/*/*/model.keras"))


# Where and how it is started.


def test_dry_run_needs_no_tensorflow(pipeline, finished, tmp_path):
    # Catches: an import of TensorFlow, JAX or Keras in a Snakefile, which every dry run would pay for.
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name in ("tensorflow", "jax", "keras"):
        (stubs / f"{name}.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    environment = {"PYTHONPATH": str(stubs)}
    probe = [sys.executable, "-c", "import keras"]
    assert b"not here" in subprocess.run(probe, env={**os.environ, **environment}, capture_output=True).stderr
    result = pipeline.snakemake(tmp_path / "run", SUMMARY, "-n", environment=environment)
    assert planned(result) == EVERYTHING


def test_start_from_another_folder(pipeline, run, tmp_path):
    # Catches: paths that hold only in the folder of the project. A job really runs there, and nothing else has to.
    start_in = tmp_path / "elsewhere"
    start_in.mkdir()
    (run / SUMMARY).unlink()
    result = pipeline.snakemake(run, start_in=start_in)
    assert result.returncode == 0, result.stdout
    assert "summarize_runs" in result.stdout
    assert (run / SUMMARY).is_file()
    assert list(start_in.iterdir()) == []
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()


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
    data = {"download_corpus", "download_glove", "split_corpus", "build_glove_matrix", "answer_questions", *TABLES}
    data |= {f"{rule} {vectorizer}" for rule in ("adapt_vectorizer", "encode_reviews") for vectorizer in vectorizers}
    return data | trainings(*(f"{variant} {seed}" for variant in variants for seed in seeds))


BAGS_OF_WORDS = ["binary_unigram", "binary_bigram", "tfidf_bigram"]
LSTMS = ["one_hot", "embedding", "embedding_masked", "glove"]
CHAPTER = all_jobs(BAGS_OF_WORDS + LSTMS, vectorizers=["words", "bigrams"])
FIGURES = ["accuracy", "effects", "claims", "accuracy_by_length", "training_time", "roc", "calibration", "word_map"]
FIGURES += ["padding", "history"]
LOOKED_AT = {
    *("tabulate_diagnostics", "compare_embeddings", "measure_padding", "show_disagreements"),
    *(f"plot_figure {figure}" for figure in FIGURES),
    *(f"render_table {table}" for table in ("corpus", "summary", "comparisons", "claims", "neighbours", "analogies")),
    *(f"write_model_card {variant}" for variant in BAGS_OF_WORDS + LSTMS),
}


def test_config_of_the_chapter(clone):
    # Catches: a config.yaml that does not pass its own checks, or asks for something else than the chapter's models; a
    # default target that leaves out something to look at.
    assert planned(command("-n", "--cores", "4", SUMMARY, cwd=clone)) == CHAPTER
    assert planned(command("-n", "--cores", "4", cwd=clone)) == CHAPTER | LOOKED_AT


def test_config_of_the_demo(pipeline, clone):
    # Catches: a demo.yaml that does not fit config.yaml any more, or leaves out a variant.
    files = ["config/config.yaml", "config/demo.yaml", pipeline.config_files[2]]
    result = command("-n", "--cores", "4", "--directory", "demo", "--configfile", *files, cwd=clone)
    expected = all_jobs([*BAGS_OF_WORDS, *LSTMS, "embedding_masked_shuffled"], vectorizers=["words", "bigrams"])
    expected |= LOOKED_AT | {"tabulate_word_order", "plot_figure word_order"}
    expected |= {f"measure_word_order {variant} 1" for variant in ("binary_unigram", "embedding_masked")}
    expected |= {f"render_table {table}" for table in ("word_order", "contrasts")}
    expected |= {"write_model_card embedding_masked_shuffled"}
    assert planned(result) == expected
    base, demo = (yaml.safe_load((clone / name).read_text(encoding="utf-8")) for name in files[:2])
    assert demo["variants"].keys() <= base["variants"].keys()


def test_config_of_the_grouping(clone):
    # Catches: a grouping.yaml that does not fit config.yaml any more.
    files = ["config/config.yaml", "config/grouping.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", SUMMARY, cwd=clone)
    variants = ["embedding_masked", "embedding_masked_uniform", "glove", "glove_uniform"]
    assert planned(result) == all_jobs(variants, seeds=(1, 2, 3))


def test_config_of_the_study(clone):
    # Catches: a study.yaml that does not fit config.yaml any more, that misses a variant or trains one too often; a
    # vectorizer or vectors that are made for nothing, or twice.
    files = ["config/config.yaml", "config/study.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", SUMMARY, cwd=clone)
    ten, reordered = range(1, 11), [*BAGS_OF_WORDS[:2], *LSTMS]
    variants = [*BAGS_OF_WORDS, *LSTMS, *(f"{variant}_shuffled" for variant in LSTMS)]
    expected = all_jobs(variants, ten, ["words", "bigrams", "trigrams"]) | trainings("nb_lr 1")
    expected |= {"time_steps", "tabulate_word_order"}
    expected |= {f"measure_word_order {variant} {seed}" for variant in reordered for seed in ten}
    assert planned(result) == expected


CURVE = "binary_bigram averaged_glove averaged_cbow embedding_masked glove cbow"
# Of each study, variants by the number of their seeds, vectorizers, and the rules that only some configs need.
FURTHER_STUDIES = {
    "texts": (
        {
            10: "binary_bigram binary_bigram_cut embedding_masked embedding_masked_whole embedding_masked_no_html",
            1: "nb_lr nb_lr_punctuation",
        },
        "words words_no_html bigrams bigrams_cut trigrams trigrams_punctuation",
        {"answer_questions"},
    ),
    "optimizer": (
        {10: "embedding embedding_masked embedding_keras3 embedding_masked_keras3"},
        "words",
        {"answer_questions"},
    ),
    "learning_curve": (
        {5: "binary_bigram"},
        "words bigrams",
        {"train_cbow", "encode_unlabelled words", "tabulate_learning_curve", "download_glove", "build_glove_matrix"},
    ),
    "transformer": (
        {5: "binary_bigram embedding_masked transformer", 3: "transformer_shuffled"},
        "words bigrams",
        {"answer_questions"},
    ),
    "readers": (
        {
            3: "embedding_masked glove glove_trained glove_pooled cbow cbow_frozen embedding_pooled one_hot_pooled "
            "convolution convolution_shuffled cbow_pooled cbow_pooled_taught cbow_pooled_shuffled",
            1: "nb_lr nb_lr_punctuation nb_lr_taught averaged_glove averaged_cbow",
        },
        "words trigrams trigrams_punctuation",
        {"answer_questions", "download_glove", "build_glove_matrix", "train_cbow"}
        | {f"evaluate_ensemble teachers {seed}" for seed in (1, 2, 3)}
        | {f"encode_unlabelled {vectorizer}" for vectorizer in ("words", "trigrams", "trigrams_punctuation")}
        | {"label_reviews nb_lr 1", "label_reviews nb_lr_punctuation 1"}
        | {f"label_reviews cbow_pooled {seed}" for seed in (1, 2, 3)},
    ),
}


@pytest.mark.parametrize("study", FURTHER_STUDIES)
def test_configs_of_further_studies(clone, study):
    # Catches: a study that does not fit config.yaml any more, or trains something too often or not at all.
    variants, vectorizers, more = FURTHER_STUDIES[study]
    files = ["config/config.yaml", f"config/{study}.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", SUMMARY, cwd=clone)
    expected = all_jobs([], vectorizers=vectorizers.split())
    expected -= {"download_glove", "build_glove_matrix", "answer_questions"}
    runs = {
        f"{name} {seed}" for last, names in variants.items() for name in names.split() for seed in range(1, last + 1)
    }
    if study == "learning_curve":
        last_seeds = {200: 5, 1000: 10, 5000: 5, 20000: 5}
        runs |= {
            f"{name} {size} {seed}"
            for name in CURVE.split()
            for size, last in last_seeds.items()
            for seed in range(1, last + 1)
        }
    assert planned(result) == expected | trainings(*runs) | more


def test_every_variant_is_in_a_study(clone):
    # Catches: a variant of config.yaml that nobody has ever compared with anything.
    studies = [
        yaml.safe_load((clone / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("study", *FURTHER_STUDIES)
    ]
    defined = yaml.safe_load((clone / "config/config.yaml").read_text(encoding="utf-8"))["variants"]
    assert {name for study in studies for name in study["active_variants"]} == defined.keys()


def test_config_of_the_best_classifier(clone):
    # Catches: a best.yaml that does not fit config.yaml any more; a student without its teachers' labels, or one that
    # is taught by models that are trained otherwise.
    files = ["config/config.yaml", "config/best.yaml"]
    result = command("-n", "--cores", "4", "--configfile", *files, "--", SUMMARY, cwd=clone)
    teachers = ["nb_lr_punctuation", "cbow_pooled_punctuation", "convolution_punctuation"]
    students = ["cbow_pooled_student", "nb_lr_student"]
    vectorizers = ["words_punctuation", "trigrams_punctuation"]
    # By words alone, reviews are told long or short.
    expected = all_jobs([*teachers, *students], vectorizers=["words", *vectorizers]) | {"train_cbow"}
    expected -= {"download_glove", "build_glove_matrix", "answer_questions"}
    expected |= {f"encode_unlabelled {vectorizer}" for vectorizer in vectorizers}
    expected |= {f"label_reviews {teacher} 1" for teacher in teachers}
    expected |= {"evaluate_ensemble teachers 1", "evaluate_ensemble students 1"}
    assert planned(result) == expected


def test_every_config_file_is_exercised(clone):
    # Catches: a config file that no test runs. What the profile sets shows in the tests of touched files (they are
    # compared by content) and of the diverged training (its log is shown).
    folders = [clone / name for name in ("config", "profiles")]
    files = {str(path.relative_to(clone)) for folder in folders for path in folder.rglob("*.yaml")}
    assert files == {
        "config/config.yaml",
        "config/demo.yaml",
        "config/claims.yaml",
        "config/best.yaml",
        "config/grouping.yaml",
        "config/study.yaml",
        "config/texts.yaml",
        "config/optimizer.yaml",
        "config/learning_curve.yaml",
        "config/transformer.yaml",
        "config/readers.yaml",
        "profiles/default/config.yaml",
        "profiles/slurm/config.yaml",
    }
    assert "Using workflow specific profile profiles/default" in command("-n", "--cores", "4", cwd=clone).stdout


def test_no_glove_without_a_variant_that_uses_it(pipeline, tmp_path):
    # Catches: 134 MB of vectors downloaded for nothing.
    config = {"active_variants": ["one_hot"], "seeds": [1], "learning_curve": {"variants": []}}
    jobs = planned(pipeline.snakemake(tmp_path / "run", SUMMARY, "-n", config=config))
    assert jobs == all_jobs(["one_hot"]) - {"download_glove", "build_glove_matrix", "answer_questions"}


def test_repository_is_left_alone(pipeline, finished):
    # Catches: products written beside the code and not into the given folder.
    names = {path.name for path in Path(pipeline.repository).iterdir()} - {".snakemake"}
    assert names == {"Snakefile", "environment.yml", "config", "profiles", "workflow"}
