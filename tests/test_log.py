"""The log and the exit status of jobs, each in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"


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


def start(code):
    """Start a process that can import what jobs can."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": str(SCRIPTS)}
    )


def wait_for(path):
    """Wait until a file is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_are_never_at_the_same_job(tmp_path):
    # Catches: a job of a Snakemake that was killed, which lives on and writes the same files as the one that does it
    # again; a lock that goes with the log, which Snakemake deletes before it starts a job; a log in which the two mix.
    log, stages = tmp_path / "log", tmp_path / "stages"
    code = f"""
        import time
        from wordorder.io.log import logged
        with logged({str(log)!r}), open({str(stages)!r}, "a") as file:
            print("begins", file=file, flush=True)
            time.sleep(1.5)
            print("ends", file=file)
            print("done")
        """
    processes = [start(code)]
    wait_for(stages)
    log.unlink()
    processes += [start(code), start(code)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert stages.read_text().split() == ["begins", "ends"] * 3
    assert log.read_text() == "done\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "stages"]


def test_sigterm_ends_a_job_whose_libraries_lose_it(tmp_path):
    # Catches: a job that goes on because the exception was raised where nothing can take it further.
    begun = tmp_path / "begun"
    code = f"""
        import time
        from pathlib import Path
        from wordorder.io import log
        log.GRACE = 1

        class Callback:
            def __del__(self):
                Path({str(begun)!r}).touch()
                time.sleep(60)

        with log.logged({str(tmp_path / "log")!r}):
            Callback()
            time.sleep(60)
        """
    process = start(code)
    wait_for(begun)
    process.terminate()
    assert process.wait(30) == -signal.SIGALRM


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
    # A control character is shown as what it is.
    expected = "caf\xe9 \\x85 \u4e2d\n\\udcff caf\xe9\n\\udcff\nError: caf\xe9 \\udcff\n"
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


@pytest.mark.parametrize("strict", [True, False])
def test_warnings_may_be_errors(tmp_path, strict):
    # Catches: a job that goes on in spite of `strict`, or ends before all warnings are told; a warning that is only in
    # the log, or ends a job that is not strict.
    code = f"""
    from wordorder.io.log import logged, tell, warn
    with logged({str(tmp_path / "log")!r}, strict={strict}):
        warn("one")
        tell("two")
        warn("three")
    """
    result = run(code)
    told = ["Warning: one", "two", "Warning: three"]
    assert result.stderr.splitlines() == told
    end = ["Error: strict is true in the config, and there are warnings: 2, as above."] if strict else []
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == told + end
    assert result.returncode == strict
