"""Files that are either complete or not there, whatever happens while they are written."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wordorder.io import atomic as files
from wordorder.io.atomic import atomic_write, replacing
from wordorder.io.errors import InputError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_when_it_is_complete(tmp_path):
    # Catches: writing under the final name, a leftover beside it, folders that have to be there before.
    target = tmp_path / "some" / "folder" / "table.csv"
    with atomic_write(target) as part:
        part.write_text("first half, ")
        assert not target.exists()
        with part.open("a") as file:
            file.write("second half")
    assert target.read_text() == "first half, second half"
    assert names(target.parent) == ["table.csv"]


def test_temporary_name_keeps_folder_and_suffix(tmp_path):
    # Catches: a temporary file on another file system, where it cannot be moved into place at once; a suffix by which
    # Keras would save in another format; and a name that Snakemake or a reader could take for a product.
    with atomic_write(tmp_path / "model.keras") as part:
        part.touch()
        assert part.parent == tmp_path
        assert part.suffix == ".keras"
        assert part.name.startswith(".")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_failure_leaves_what_was_there(tmp_path, error, old):
    # Catches: half a file under the final name, the last good file lost, a leftover, an exception swallowed.
    target = tmp_path / "table.csv"
    if old:
        target.write_text(old)

    def write():
        with atomic_write(target) as part:
            part.write_text("half")
            raise error("message")

    with pytest.raises(error, match="message"):
        write()
    assert names(tmp_path) == (["table.csv"] if old else [])
    assert not old or target.read_text() == old


def write_folder(target, content, error=None):
    """Write a folder with a file in it, and fail after that if there is an error."""
    with atomic_write(target) as part:
        (part / "variables").mkdir(parents=True)
        (part / "variables/data").write_text(content)
        assert not target.exists() or (target / "old").exists()
        if error:
            raise error


def test_a_folder_appears_when_it_is_complete(tmp_path):
    # Catches: half an export under the final name; files of an older one, or of one that was killed, among the new.
    target = tmp_path / "saved_model"
    (tmp_path / ".part-saved_model/variables").mkdir(parents=True)
    (tmp_path / ".part-saved_model/variables/leftover").touch()
    write_folder(target, "new")
    assert [path.relative_to(target).as_posix() for path in sorted(target.rglob("*"))] == [
        "variables",
        "variables/data",
    ]
    shutil.rmtree(target)
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(ValueError, match="message"):
        write_folder(target, "half", ValueError("message"))
    assert names(tmp_path) == ["saved_model"]
    assert names(target) == ["old"]
    write_folder(target, "new")
    assert names(tmp_path) == ["saved_model"]
    assert names(target) == ["variables"]


def test_failure_before_anything_is_written(tmp_path):
    # Catches: an error about the missing temporary file in the place of the real one.
    with pytest.raises(ValueError, match="message"), atomic_write(tmp_path / "table.csv"):
        raise ValueError("message")


def test_nothing_written_is_an_error(tmp_path):
    # Catches: a step that wrote nothing, or elsewhere, taken for finished.
    with pytest.raises(InputError, match=r"table\.csv cannot be written"), atomic_write(tmp_path / "table.csv"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("other", ["other.csv", "folder/other.csv"])
def test_the_file_at_fault_is_named(tmp_path, other):
    # Catches: the file that is being written blamed for another one that cannot be read.
    target, other = tmp_path / "table.csv", tmp_path / other
    with pytest.raises(InputError) as raised, atomic_write(target) as part:
        part.write_text(other.read_text())
    assert str(raised.value).startswith(f"{other} cannot be opened: No such file or directory.")
    assert str(target) not in str(raised.value)
    assert names(tmp_path) == []


def broken_part(target):
    target.write_text("old")
    with atomic_write(target) as part:
        part.mkdir()
        part.write_text("half")


def no_folder(target):
    target.parent.write_text("a file")
    with atomic_write(target) as part:
        part.write_text("whole")


def folder_in_place(target):
    (target / "full").mkdir(parents=True)
    with atomic_write(target) as part:
        part.write_text("whole")


def full_disk(target):
    # Every write to this device finds the disk full.
    with atomic_write(target) as part, Path("/dev/full").open("w") as file:
        part.touch()
        file.write("half")
        file.flush()


@pytest.mark.parametrize("write", [broken_part, no_folder, folder_in_place, full_disk])
def test_the_target_is_named_where_it_is_at_fault(tmp_path, write):
    # Catches: the temporary file, its folder or nothing at all blamed for what is wrong with the target.
    target = tmp_path / "results" / "table.csv"
    if write is not no_folder:
        target.parent.mkdir()
    with pytest.raises(InputError) as raised:
        write(target)
    assert str(raised.value).startswith(f"{target} cannot be written: ")


def test_readers_see_the_old_file_or_the_new_one(tmp_path):
    # Catches: deleting or emptying the old file before the new one takes its place.
    target = tmp_path / "table.csv"
    contents = [letter * 100_000 for letter in "ab"]
    target.write_text(contents[0])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            try:
                seen.add(target.read_text())
            except FileNotFoundError as error:
                seen.add(error)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(200):
        with atomic_write(target) as part:
            part.write_text(contents[i % 2])
    done.set()
    reader.join()
    assert seen <= set(contents)


def test_killed_in_the_middle(tmp_path):
    # Catches: half a file under the final name after a kill, and a next try that stumbles over what is left.
    target = tmp_path / "table.csv"
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(files.__file__).parents[2])!r})
from pathlib import Path
from wordorder.io.atomic import atomic_write, replacing
with atomic_write(Path({str(target)!r})) as part:
    part.write_text("half of a long file")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert not target.exists()
    with atomic_write(target) as part:
        part.write_text("new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["table.csv"]


def test_a_file_of_the_user_is_replaced_as_it_is(tmp_path):
    # Catches: a link that becomes a file, a mode that is lost, another's temporary file, a leftover.
    target, link = tmp_path / "answers.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with replacing(link) as part:
        part.write_text("new")
        # Another process that writes the file at the same time has another name.
        assert str(os.getpid()) in part.name
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["answers.csv", "link.csv"]


def test_a_pipe_is_written_as_it_is(tmp_path):
    # Catches: a file in place of a pipe, whose reader would wait for ever.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with replacing(pipe) as part:
        part.write_text("answers")
    reader.join(10)
    assert read == ["answers"]
    assert names(tmp_path) == ["pipe"]
