"""What the backends are told at their start, and what is asked of them, each in a process of its own."""

import json
import os
import platform
import subprocess
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path

import pytest

from wordorder.training.backend import versions

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": str(SCRIPTS), **environment},
        capture_output=True,
        text=True,
    )


# The share of the busiest thread in the processor time of a second. Unlike time by the clock it does not depend
# on what else the machine does.
MEASURE = """
import json, os, pathlib, sys, time
from wordorder.training.backend import start_backend
start_backend({backend!r}, {threads})
import keras, numpy as np
from keras import ops

def work(x):
    for _ in range(3):
        x = ops.tanh(x @ x)
    return ops.sum(ops.sort(x[:100], axis=0)) + x

def used():
    times = {{}}
    for task in pathlib.Path("/proc/self/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        times[task.name] = int(fields[11]) + int(fields[12])
    return times

if {backend!r} == "jax":
    import jax
    compiled = jax.jit(work)
else:
    import tensorflow
    compiled = tensorflow.function(work)
x = ops.convert_to_tensor(np.full((1000, 1000), 1e-3, "float32"))
np.asarray(compiled(x))
before, start = used(), time.process_time()
while time.process_time() - start < 1:
    np.asarray(compiled(x))
spent = [time - before.get(task, 0) for task, time in used().items()]
print(json.dumps([keras.backend.backend(), max(spent) / sum(spent)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the time of each thread in /proc")
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_backend_keeps_to_its_threads(backend):
    # Catches: a setting that the backend does not know or no longer knows, so that trainings side by side get in each
    # other's way; and one that keeps it to one thread always.
    shares = {}
    for threads in (1, 2):
        result = run(MEASURE.format(backend=backend, threads=threads))
        assert result.returncode == 0, result.stderr
        started, shares[threads] = json.loads(result.stdout)
        assert started == backend
    assert shares[1] > 0.9
    assert shares[2] < 0.8


def test_flags_of_the_user_are_kept():
    # Catches: XLA_FLAGS of the environment thrown away, or set back: XLA takes the last.
    result = run(
        """
        import os
        from wordorder.training.backend import start_backend
        start_backend("jax", 1)
        print(os.environ["XLA_FLAGS"])
        """,
        XLA_FLAGS="--xla_dump_to=/nowhere",
    )
    *ours, users = result.stdout.split()
    assert "--xla_cpu_multi_thread_eigen=false" in ours
    assert users == "--xla_dump_to=/nowhere"


def test_versions():
    # Catches: a record with the version of another package, or without that of Python.
    assert versions("keras", "numpy") == {
        "python": platform.python_version(),
        "keras": version("keras"),
        "numpy": version("numpy"),
    }


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_what_is_not_needed_is_not_loaded(backend, tmp_path):
    # Catches: seconds in which a job on JAX loads TensorFlow: to encode texts, or because Keras asks whether what it
    # saves is of TensorFlow; in which any job loads scikit-learn and pandas, because Keras works with them; and that
    # they cannot be loaded any more by those who need them.
    result = run(
        f"""
        import sys
        from pathlib import Path
        from wordorder.training.backend import start_backend
        start_backend({backend!r}, 1)
        from plain_keras import VOCABULARY, complete
        from wordorder.data.vectorizer import text_encoder
        from wordorder.inference import load_model, save_model
        from wordorder.models.network import build_model
        path = Path({str(tmp_path)!r}) / "model.keras"
        save_model(build_model(complete(features="one_hot"), VOCABULARY, ["no", "yes"], 1), path)
        load_model(path)
        list(text_encoder(["", "[UNK]", "a"], standardize="lower")(["a"]))
        print(*(name for name in ("tensorflow", "sklearn", "pandas") if sys.modules.get(name)))
        import pandas, sklearn
        """,
        PYTHONPATH=f"{SCRIPTS}:{Path(__file__).parent}",
    )
    assert result.stdout.split() == ["tensorflow"] * (backend == "tensorflow"), result.stderr
