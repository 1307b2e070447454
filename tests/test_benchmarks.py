"""The benchmarks at a tiny size, so that they keep working; their times are no test."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"


def run(script, *arguments):
    command = [sys.executable, SCRIPTS / script, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_benchmarks_write_their_tables_and_plots(finished, tmp_path):
    # Catches: a benchmark that the code has left behind, a row or column that is missing, a plot that cannot be drawn.
    results = finished / "results"
    # On a machine that does other things, too.
    anyway = ["--others", 99]
    # The bag of words that reads the tokens of the run.
    variants = ["binary_unigram", "one_hot", "embedding", "embedding_masked", "embedding_masked_pooled", "glove"]
    sizes = ["--rounds", 1, "--sample", 1, "--variants", ",".join(variants)]
    run("benchmark_training.py", results, tmp_path / "benchmark.csv", *sizes, *anyway)
    run("benchmark_scaling.py", results, tmp_path / "scaling.csv", "--steps", 1, "--small", *anyway)
    glove = finished / "resources/glove.txt"
    run("benchmark_glove.py", glove, results, tmp_path / "glove.csv", "--rounds", 1, *anyway)
    run("plot_benchmarks.py", tmp_path)
    speed = pd.read_csv(tmp_path / "benchmark.csv")
    columns = ["variant", "implementation", "setting", "ms_per_step", "processor_ms", "peak_mb", "speedup", "processor"]
    assert list(speed) == columns
    for variant in variants:
        rows = speed[speed["variant"] == variant].set_index("implementation")
        assert {"wordorder on JAX", "wordorder on TensorFlow", "Keras on TensorFlow"} <= set(rows.index)
        assert rows.loc["Keras on TensorFlow", "speedup"] == 1
        assert (rows[["ms_per_step", "processor_ms", "peak_mb", "speedup"]] > 0).all(axis=None)
    scaling = pd.read_csv(tmp_path / "scaling.csv")
    assert list(scaling["axis"]) == ["sequence_length", "vocabulary", "batch_size", "units", "reviews"]
    assert (scaling[["seconds", "peak_mb"]] > 0).all(axis=None)
    assert list(pd.read_csv(tmp_path / "glove.csv")["reader"]) == ["wordorder", "the chapter's loop"]
    for name in ("benchmark.svg", "scaling.svg"):
        assert "<svg" in (tmp_path / name).read_text(encoding="utf-8")
