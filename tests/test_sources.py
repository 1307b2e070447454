"""Source strings of the config: which path they name, and what is known of what is there."""

import os
import subprocess
import sys

import pytest

from wordorder.data.sources import checksum_problem, local_digest, local_path, source_problem

SHA256 = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("https://example.org/a.tar.gz", None),
        ("http://example.org/a.tar.gz", None),
        ("ftp://example.org/a.tar.gz", None),
        ("file:///data/my%20reviews.csv?#", "/data/my reviews.csv"),
        ("/data/a%20b.csv", "/data/a%20b.csv"),
        ("a:b/c.csv", "a:b/c.csv"),
        ("../c.csv", "../c.csv"),
    ],
)
def test_path_of_a_source(source, path):
    # Catches: an address taken for a path, a path that is unquoted as an address is, a colon taken for a scheme.
    found = local_path(source)
    assert (found and str(found)) == path


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("https://example.org/a", None),
        ("https:///a", "names no server"),
        ("http://[", "is not an address"),
        ("s3://bucket/a", "is neither"),
        ("none.csv", "there is no file "),
        ("folder", "folder is a folder; name the file in it"),
        ("\0", "there is no file "),
        ("x" * 5000, "there is no file "),
        ("a.csv", None),
    ],
)
def test_what_is_wrong_with_a_source(tmp_path, monkeypatch, source, problem):
    # Catches: a source that no job can use, an error in place of a message about one.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").touch()
    (tmp_path / "folder").mkdir()
    found = source_problem(source, folders=False)
    assert found is None if problem is None else problem in found
    if source == "folder":
        assert source_problem(source, folders=True) is None


def test_what_is_wrong_with_a_checksum(tmp_path):
    # Catches: a file from a server that nothing checks, a checksum that no folder can have.
    path, address = str(tmp_path), "https://example.org/a"
    assert checksum_problem([path], None) is None
    assert checksum_problem([address, path + "/a"], SHA256) is None
    assert "null is for a single file" in checksum_problem([address], None)
    assert "null is for a single file" in checksum_problem([path, path], None)
    assert "a folder has no checksum" in checksum_problem([path], SHA256)


def test_digest_is_of_names_and_contents(tmp_path):
    # Catches: an edited, added, moved or renamed file of a corpus, or a new empty class, that goes unnoticed.
    folder = tmp_path / "one"
    (folder / "pos").mkdir(parents=True)
    (folder / "neg").mkdir()
    file = folder / "pos/a.txt"
    file.write_text("a")
    digests = [local_digest(str(folder))]

    def changed(change):
        change()
        digests.append(local_digest(str(folder)))

    changed(lambda: file.write_text("b"))
    changed(lambda: (folder / "pos/b.txt").touch())
    changed(lambda: file.rename(folder / "pos/c.txt"))
    changed(lambda: (folder / "pos/c.txt").rename(folder / "neg/c.txt"))
    changed(lambda: (folder / "fair").mkdir())
    assert len(set(digests)) == len(digests) == 6


def test_digest_is_of_nothing_else(tmp_path):
    # Catches: a digest of dates, of the place, of the order of a directory, or of hidden files, which are not packed.
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in "abc" if name == "one" else "cab":
            (tmp_path / name / file).write_text(file)
    os.utime(tmp_path / "two/a", (1, 1))
    (tmp_path / "two/.DS_Store").write_text("hidden")
    assert local_digest(str(tmp_path / "one")) == local_digest((tmp_path / "two").as_uri())


def test_digest_of_a_file_is_its_checksum(tmp_path):
    # Catches: a product that is taken for outdated when the checksum is written into the config.
    (tmp_path / "a.csv").write_text("text,label\n")
    sha256sum = subprocess.run(["sha256sum", tmp_path / "a.csv"], capture_output=True, text=True, check=True).stdout
    assert local_digest(str(tmp_path / "a.csv")) == f"sha256:{sha256sum.split()[0]}"


def test_what_cannot_be_read_has_a_digest_that_says_why(tmp_path):
    # Catches: a traceback at the start of Snakemake, a pipe that is waited for.
    assert local_digest(str(tmp_path / "none")) == "No such file or directory"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path)
    assert local_digest(str(tmp_path)).startswith("sha256:")


def test_nothing_heavy_is_imported():
    # Catches: seconds at every start of Snakemake.
    code = "import sys; from wordorder.data import formats, sources; formats.names(); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    modules = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "pyarrow", "keras", "requests"} & set(modules.stdout.split())
