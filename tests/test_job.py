"""What surrounds a job, each in a process of its own: the log, the exit status, the number of cores."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from wordorder.io import log as job

SCRIPTS = Path(job.__file__).parents[1]


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": str(SCRIPTS), **environment},
        capture_output=True,
        text=True,
    )


def logged_run(log, body, **environment):
    """Run `body` under `logged`, with the names that it may need."""
    code = "import ctypes, logging, os, subprocess, sys\nfrom wordorder.io.errors import InputError\n"
    code += f"from wordorder.io.log import logged\nwith logged({str(log)!r}):\n"
    return run(code + textwrap.indent(textwrap.dedent(body), "    "), **environment)


def test_sigterm_ends_the_job_at_once_and_tidily(tmp_path):
    # Catches: a scheduler's warning that is waited out until the kill; a temporary file left behind; a log without a
    # word of it; a success.
    log = tmp_path / "log"
    result = logged_run(
        log,
        f"""
        import signal, time
        from pathlib import Path
        from wordorder.io.atomic import atomic_write
        start = time.monotonic()
        with atomic_write(Path({str(tmp_path / "table.csv")!r})) as part:
            part.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        """,
    )
    assert result.returncode == 128 + signal.SIGTERM
    assert log.read_text(encoding="utf-8") == "Ended by SIGTERM. Run again to go on.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_lack_of_memory_is_named(tmp_path):
    # Catches: a failure for want of memory that looks like a defect of the program, and a limit that nobody thinks of.
    log = tmp_path / "log"
    limited = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
        with logged({str(log)!r}):
            bytearray(2**30)
    """
    result = run("from wordorder.io.log import logged\n" + textwrap.dedent(limited))
    lines = log.read_text(encoding="utf-8").splitlines()
    assert result.returncode == 1
    assert lines[0].startswith("Memory is limited to 512 MB (ulimit -v).")
    assert lines[-1].startswith("Error: out of memory.")


def test_two_processes_are_never_at_the_same_job(tmp_path):
    # Catches: a job of a Snakemake that was killed, which lives on and writes the same files as the one that does it
    # again; a log in which the two mix.
    log, stages = tmp_path / "log", tmp_path / "stages"
    body = f"""
    import time
    with open({str(stages)!r}, "a") as file:
        print(os.environ["NAME"], "begins", file=file, flush=True)
        time.sleep(1.5)
        print(os.environ["NAME"], "ends", file=file)
    print(os.environ["NAME"])
    """
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda name: logged_run(log, body, NAME=name), ["one", "two"]))
    assert [result.returncode for result in results] == [0, 0]
    words = stages.read_text().split()
    assert words[1::2] == ["begins", "ends"] * 2
    assert words[0] == words[2] != words[4] == words[6]
    assert log.read_text() == f"{words[4]}\n"


def test_log_holds_all_that_the_process_says(tmp_path):
    # Catches: output of C++ code or of a child process lost; one stream overwriting the other; an order other than that
    # in which it was said; output left on the terminal; a folder of the log that has to be there before.
    log = tmp_path / "train" / "seed1.log"
    result = logged_run(
        log,
        """
        print("from print")
        os.write(1, b"from descriptor 1\\n")
        os.write(2, b"from descriptor 2\\n")
        print("from stderr", file=sys.stderr)
        subprocess.run([sys.executable, "-c", "print('from a child')"])
        ctypes.CDLL(None).perror(b"from C")
        logging.getLogger("wordorder.training").info("from a module")
        print("last")
        """,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines[:5] == ["from print", "from descriptor 1", "from descriptor 2", "from stderr", "from a child"]
    assert lines[5].startswith("from C")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d from a module", lines[6])
    assert lines[7:] == ["last"]


def test_new_log_replaces_the_old_one(tmp_path):
    # Catches: the log of an earlier run taken for that of this one.
    log = tmp_path / "job.log"
    log.write_text("a long line of an earlier run\n" * 10)
    assert logged_run(log, "print('new')").returncode == 0
    assert log.read_text() == "new\n"


def test_log_can_be_followed(tmp_path):
    # Catches: lines that wait in a buffer while the job works, and are lost if it is killed.
    log = tmp_path / "job.log"
    assert logged_run(log, "print('epoch 1')\nos._exit(3)").returncode == 3
    assert log.read_text() == "epoch 1\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_log_is_utf8_whatever_the_locale(tmp_path, encoding):
    # Catches: a job that fails, or a log that cannot be read, because a token has a character that the locale has not.
    log = tmp_path / "job.log"
    body = """
        print("caf\\xe9 \\x85 \\u4e2d")
        print("\\udcff", "caf\\xe9", file=sys.stderr)
        print("\\udcff")
        raise InputError("caf\\xe9 \\udcff")
        """
    assert logged_run(log, body, PYTHONIOENCODING=encoding).returncode == 1
    expected = "caf\xe9 \x85 \u4e2d\n\\udcff caf\xe9\n\\udcff\nError: caf\xe9 \\udcff\n"
    assert log.read_bytes().decode("utf-8") == expected


def test_input_error_is_one_message(tmp_path):
    # Catches: a traceback around a message that is written for people, and a failure that ends like a success.
    log = tmp_path / "job.log"
    result = logged_run(log, "raise InputError('a.zip is damaged. Delete it and run again.') from ValueError('deep')")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
    assert log.read_text() == "Error: a.zip is damaged. Delete it and run again.\n"


def test_other_errors_have_a_traceback(tmp_path):
    # Catches: a mistake in the program that is reported without the place where it happened.
    log = tmp_path / "job.log"
    result = logged_run(log, "def divide(x): return x / 0\nprint('before')\ndivide(1)")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
    text = log.read_text()
    assert text.startswith("before\nTraceback (most recent call last):\n")
    assert "in divide" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize("status", [0, 3])
def test_exit_status_is_kept(tmp_path, status):
    # Catches: sys.exit reported as an error, or with another status.
    log = tmp_path / "job.log"
    assert logged_run(log, f"sys.exit({status})").returncode == status
    assert log.read_text() == ""


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
    # Catches: XLA_FLAGS of the environment thrown away.
    result = run(
        "import os\nfrom wordorder.training.backend import start_backend\nstart_backend('jax', 1)\nprint(os.environ['XLA_FLAGS'])",
        XLA_FLAGS="--xla_dump_to=/nowhere",
    )
    assert result.stdout.split() == ["--xla_dump_to=/nowhere", "--xla_cpu_multi_thread_eigen=false"]


def test_versions():
    # Catches: a record with the version of another package, or without that of Python.
    assert job.versions("keras", "numpy") == {
        "python": platform.python_version(),
        "keras": version("keras"),
        "numpy": version("numpy"),
    }


def test_released_memory_is_free_for_others():
    # Catches: what was freed and still counts as memory of the process, on top of what saving a model takes.
    code = """
        import os
        from wordorder.io.log import release_memory

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6

        # Small blocks, of which the last stays: what lies below it is not given back of itself.
        blocks = [bytes(1000) for _ in range(200_000)]
        keep = blocks[-1]
        before = resident()
        del blocks
        release_memory()
        print(before - resident())
    """
    result = run(code)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) > 100
