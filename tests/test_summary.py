"""The two tables at the end, against figures worked out by hand."""

import csv
import json

import numpy as np
import pytest
from made_up_runs import TRAINING, measured_of, write_answers, write_run

import summarize_runs
from wordorder.evaluation.metrics import METRICS
from wordorder.io.errors import InputError


def answers_of(accuracies):
    """Right answers to the first of 1,000 reviews."""
    return np.arange(1000) < 1000 * np.array(accuracies)[:, None]


def tables(folder, runs, chapter, accuracies=(0.86, 0.85, 0.88, 0.87, 0.875)):
    """Run the script, and read what it wrote without pandas; the predictions are as right as `accuracies` say."""
    inputs = [list(paths) for paths in zip(*runs, strict=True)]
    predictions = write_answers(folder, answers_of(accuracies[: len(runs)]))
    variants = {path.parents[1].name for path in inputs[0]}
    alike = {"chapter": chapter, "ensembles": [], "varies_like": dict.fromkeys(variants, "lstm")}
    summarize_runs.main(*inputs, *predictions, folder / "runs.csv", folder / "summary.csv", **alike)
    result = []
    for name in ("runs.csv", "summary.csv"):
        with (folder / name).open(newline="") as file:
            result.append(list(csv.DictReader(file)))
    return result


@pytest.fixture
def chapter_runs(tmp_path):
    """Runs of three variants, of which one has three seeds and one has no embedding."""
    return [
        write_run(tmp_path, 0.86, seed=2, best_epoch=3, seconds=[20.0, 30.0], peak_memory_mb=900.4),
        write_run(tmp_path, 0.85, seed=1, best_epoch=4, seconds=[26.5], peak_memory_mb=950.6),
        write_run(tmp_path, 0.88, seed=5, best_epoch=4, seconds=[25.0, 24.0, 23.0], peak_memory_mb=910.0),
        write_run(
            tmp_path,
            0.87,
            variant="one_hot",
            parameters=5128513,
            trainable_parameters=5128513,
            settings={"features": "one_hot", "dimension": "absent", "sequence_length": None},
        ),
        write_run(tmp_path, 0.875, variant="a_glove", parameters=2034113, trainable_parameters=34113),
    ]


CHAPTER = {"embedding": 0.87, "one_hot": 0.87, "a_glove": None}


def test_summary_has_a_row_for_each_variant(tmp_path, chapter_runs):
    # Catches: rows in another order than that of the config, means over the runs of several variants, the standard
    # deviation of a population, a figure of the chapter that goes to another variant, the best run in place of the
    # mean, a peak that is an average; and a figure where there is none.
    _, summary = tables(tmp_path, chapter_runs, CHAPTER)
    assert [row["variant"] for row in summary] == ["embedding", "one_hot", "a_glove"]
    embedding, one_hot, glove = summary
    # Distances from the mean 0.86333: -1/300, -4/300, 5/300; the root of (1 + 16 + 25) / 300² / 2.
    assert embedding["test_accuracy"] == "0.863333"
    assert embedding["test_accuracy_std"] == "0.015275"
    assert embedding["seeds"] == "3"
    assert embedding["chapter_accuracy"] == "0.87"
    assert embedding["parameters"] == embedding["trainable_parameters"] == "5194049"
    assert embedding["best_epoch"] == "3.7"
    assert (embedding["training_seconds"], embedding["seconds_per_epoch"]) == ("50.0", "25.0")
    assert embedding["peak_memory_mb"] == "951"
    assert (one_hot["test_accuracy"], one_hot["test_accuracy_std"], one_hot["seeds"]) == ("0.87", "", "1")
    assert (glove["parameters"], glove["trainable_parameters"]) == ("2034113", "34113")
    assert (glove["test_accuracy"], glove["chapter_accuracy"]) == ("0.875", "")


def test_intervals_are_those_of_the_measurements(tmp_path, chapter_runs):
    # Catches: the interval of another variant or metric, of the seeds of one variant alone.
    _, rows = tables(tmp_path, chapter_runs, CHAPTER)
    correct = answers_of([0.86, 0.85, 0.88, 0.87, 0.875])
    runs = [("embedding", "all", seed) for seed in (2, 1, 5)] + [("one_hot", "all", 1), ("a_glove", "all", 1)]
    measured = measured_of(correct, runs)
    for row in rows:
        for metric, column in (("accuracy", "test_accuracy"), ("roc_auc", "roc_auc")):
            interval = measured[metric].estimate({row["variant"]: 1}).interval()
            found = float(row[f"{column}_low"]), float(row[f"{column}_high"])
            assert found == pytest.approx(interval, abs=1e-6)


def test_one_training_of_each_variant_has_no_interval(tmp_path):
    # Catches: an interval of the reviews alone.
    _, rows = tables(tmp_path, [write_run(tmp_path), write_run(tmp_path, variant="one_hot")], {})
    ends = [f"{column}_{end}" for column in ("test_accuracy", "roc_auc") for end in ("low", "high")]
    assert {row[name] for row in rows for name in ends} == {""}


def test_metrics_are_means_over_the_seeds(tmp_path):
    # Catches: a metric that is missing, rounded to nothing, of one seed only or under the name of another.
    first = {"roc_auc": 0.9, "f1": 0.8, "brier_score": 0.1, "expected_calibration_error": 0.00001}
    second = {"roc_auc": 0.95, "f1": 0.83, "brier_score": 0.16, "expected_calibration_error": 0.00005}
    paths = [write_run(tmp_path, seed=seed, metrics=metrics) for seed, metrics in ((1, first), (2, second))]
    runs, (row,) = tables(tmp_path, paths, {})
    assert [{name: float(run[name]) for name in first} for run in runs] == [first, second]
    means = {"roc_auc": 0.925, "f1": 0.815, "brier_score": 0.13, "expected_calibration_error": 0.00003}
    assert {name: float(row[name]) for name in first} == pytest.approx(means)


def test_columns_of_the_summary(tmp_path, chapter_runs):
    # Catches: a column that those who read the table look for in vain.
    _, summary = tables(tmp_path, chapter_runs, CHAPTER)
    assert list(summary[0]) == [
        "variant",
        "test_accuracy",
        "test_accuracy_std",
        "test_accuracy_low",
        "test_accuracy_high",
        "seeds",
        "chapter_accuracy",
        "roc_auc",
        "roc_auc_low",
        "roc_auc_high",
        *list(METRICS)[1:],
        "parameters",
        "trainable_parameters",
        "best_epoch",
        "training_seconds",
        "seconds_per_epoch",
        "peak_memory_mb",
    ]


@pytest.mark.parametrize("chapter", [{}, {"embedding": None}, {"other": 0.9}])
def test_chapter_gives_no_figure(tmp_path, chapter):
    # Catches: a failure, or a figure of another variant, where the config gives none at all.
    _, summary = tables(tmp_path, [write_run(tmp_path)], chapter)
    assert summary[0]["chapter_accuracy"] == ""


def test_runs_have_a_row_each_with_all_of_their_records(tmp_path, chapter_runs):
    # Catches: rounding, a run without its settings, optimizer, seed or versions, an evaluation that goes to another
    # run, whole numbers that become 256.0 because a variant lacks the setting, and a setting of another variant in
    # its place.
    runs, _ = tables(tmp_path, chapter_runs, CHAPTER)
    assert [(row["variant"], row["seed"], row["test_accuracy"]) for row in runs] == [
        ("embedding", "2", "0.86"),
        ("embedding", "1", "0.85"),
        ("embedding", "5", "0.88"),
        ("one_hot", "1", "0.87"),
        ("a_glove", "1", "0.875"),
    ]
    assert [row["settings.dimension"] for row in runs] == ["256", "256", "256", "", "256"]
    assert [row["settings.sequence_length"] for row in runs] == ["600", "600", "600", "", "600"]
    for row in runs:
        assert float(row["optimizer.epsilon"]) == 1e-14
        assert row["optimizer.name"] == "rmsprop"
        assert (row["settings.mask"], row["settings.dropout"]) == ("False", "0.5")
        assert (row["versions.python"], row["versions.keras"]) == ("3.11.7", "3.15.1")
        assert (row["backend"], row["threads"], row["test_loss"]) == ("jax", "1", "0.34")
    assert runs[1]["peak_memory_mb"] == "950.6"


def test_every_value_of_a_record_is_in_the_table(tmp_path):
    # Catches: a value that is added to the records later and gets lost, or stops the table.
    extra = {"settings": {"note": "x"}, "device": "cpu", "data": {"split_seed": 1337}}
    (row,), _ = tables(tmp_path, [write_run(tmp_path, **extra)], {})
    assert (row["settings.note"], row["device"], row["data.split_seed"]) == ("x", "cpu", "1337")
    assert set(TRAINING) - {"settings", "optimizer", "versions"} <= set(row)


def test_columns_of_the_runs(tmp_path, chapter_runs):
    # Catches: a setting that only a later variant has, put behind the versions; results that are hard to find.
    columns = list(tables(tmp_path, [chapter_runs[3], chapter_runs[0]], {})[0][0])
    assert columns[:4] == ["variant", "seed", "test_accuracy", "test_loss"]
    groups = [column.split(".")[0] for column in columns if "." in column]
    assert groups == sorted(groups, key=["settings", "optimizer", "versions"].index)
    assert "settings.dimension" in columns


def test_mixed_versions_and_backends(tmp_path):
    # Catches: runs of before and after an update that cannot be told apart, or cannot be put into one table.
    first = write_run(tmp_path, 0.86, seed=1)
    second = write_run(
        tmp_path,
        0.88,
        seed=2,
        backend="tensorflow",
        versions={"python": "3.12.1", "keras": "3.16.0", "tensorflow": "2.21"},
    )
    runs, summary = tables(tmp_path, [first, second], {})
    assert [row["versions.keras"] for row in runs] == ["3.15.1", "3.16.0"]
    assert [row["versions.tensorflow"] for row in runs] == ["", "2.21"]
    assert [row["backend"] for row in runs] == ["jax", "tensorflow"]
    assert float(summary[0]["test_accuracy"]) == pytest.approx(0.87)


def test_whole_accuracies(tmp_path):
    # Catches: a type of column that changes with its values: on a made-up corpus accuracies of exactly 1 occur; no
    # interval where the accuracies do not differ.
    runs = [write_run(tmp_path, 1.0, seed=seed) for seed in (1, 2)]
    _, (row,) = tables(tmp_path, runs, {"embedding": 1.0}, (1.0, 1.0))
    names = ["test_accuracy", "test_accuracy_std", "test_accuracy_low", "test_accuracy_high"]
    assert [row[name] for name in names] == ["1.0", "0.0", "1.0", "1.0"]


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("content", [None, b"", b'{"variant": "embedd', b"\xff\xfe", b"[]", b"null", b"3", b"{}"])
def test_damaged_records_are_refused(tmp_path, which, content):
    # Catches: an exception that does not say which of the files it was, and a table that lacks a run.
    good = write_run(tmp_path, seed=1)
    bad = write_run(tmp_path, seed=2)
    if content is None:
        bad[which].unlink()
    else:
        bad[which].write_bytes(content)
    with pytest.raises(InputError) as caught:
        tables(tmp_path, [good, bad], {})
    assert str(bad[which]) in str(caught.value)
    assert "Delete it and run again" in str(caught.value)
    assert not (tmp_path / "summary.csv").exists()


@pytest.mark.parametrize(("which", "key"), [(0, "seed"), (2, "test_accuracy"), (2, "f1")])
def test_records_that_lack_a_value_are_refused(tmp_path, which, key):
    # Catches: a record of another version of the code that ends in an empty cell, or is called damaged: where a metric
    # has been added, nothing is wrong with the disk.
    paths = write_run(tmp_path)
    record = json.loads(paths[which].read_text())
    del record[key]
    paths[which].write_text(json.dumps(record))
    with pytest.raises(InputError, match=rf"has no {key}; it is from another version.*Delete it and run") as caught:
        tables(tmp_path, [paths], {})
    assert str(paths[which]) in str(caught.value)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["epoch,seconds\n1,2.5\n", "epoch,seconds,peak_memory_mb\n", "epoch,seconds,peak_memory_mb\n1,,\n"]
)
def test_costs_that_lack_a_value_are_refused(tmp_path, content):
    # Catches: a training without a price in the table.
    paths = write_run(tmp_path)
    paths[1].write_text(content)
    with pytest.raises(InputError, match=r"costs\.csv is damaged"):
        tables(tmp_path, [paths], {})


def test_ensembles_have_rows_without_a_training(chapter_runs, tmp_path):
    # Catches: an ensemble that takes the costs of another run, whole numbers that become fractions beside its gaps.
    inputs = [list(paths) for paths in zip(*chapter_runs, strict=True)]
    inputs[2].append(write_run(tmp_path, 0.9, variant="both", seed=1)[2])
    evaluated = [json.loads(path.read_text())["test_accuracy"] for path in inputs[2]]
    predictions = write_answers(tmp_path, answers_of(evaluated))
    variants = {path.parents[1].name for path in inputs[0]} | {"both"}
    alike = {"chapter": {}, "ensembles": [("both", "all", 1)], "varies_like": dict.fromkeys(variants, "lstm")}
    summarize_runs.main(*inputs, *predictions, tmp_path / "runs.csv", tmp_path / "summary.csv", **alike)
    for name in ("runs.csv", "summary.csv"):
        with (tmp_path / name).open(newline="") as file:
            *others, both = list(csv.DictReader(file))
        assert (both["variant"], float(both["test_accuracy"])) == ("both", 0.9)
        assert (both["parameters"], both["training_seconds"], both["peak_memory_mb"]) == ("", "", "")
        assert all(row["parameters"].isdigit() and row["peak_memory_mb"] for row in others)
