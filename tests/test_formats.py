"""What a corpus may be: how folders, archives and tables are read, and what is said of those that cannot be."""

import bz2
import csv
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import FILES, LAYOUT, tar_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.data import corpus, formats
from wordorder.data.corpus import ADVICE, Text, Wanted, read_corpus
from wordorder.data.reviews import read_reviews
from wordorder.data.split import split_corpus, warnings_about
from wordorder.io.errors import InputError


def read(path, **layout):
    return read_corpus([path], [], **LAYOUT | layout)


def zip_bytes(members):
    """Pack pairs of name, or ZipInfo, and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


PACK = {"tar": tar_bytes, "zip": zip_bytes}
CLASSES = ["bad", "fair", "good"]
PLAIN = [(f"{label}/{i}.txt", f"{label} {i}".encode()) for label in CLASSES for i in range(3)]
SPLIT = [(f"{part}/{name}", content) for part in ("train", "test") for name, content in PLAIN]


def under(prefix, members):
    return [(prefix + name, content) for name, content in members]


@pytest.fixture(params=PACK)
def corpus_of(request, tmp_path):
    """A function that packs members as a tar or zip archive and reads it."""

    def read_members(members, **layout):
        path = tmp_path / "corpus.archive"
        path.write_bytes(PACK[request.param](members))
        return read(path, **layout)

    return read_members


@pytest.mark.parametrize("prefix", ["", "./", "corpus/", "a/b/c/"])
@pytest.mark.parametrize("members", [PLAIN, SPLIT], ids=["plain", "split"])
def test_folders_around_the_corpus_do_not_matter(corpus_of, members, prefix):
    # Catches: a corpus that must lie in a folder of a certain name or depth; identifiers that hang on it.
    corpus = corpus_of([*under(prefix, members), (f"{prefix}README.txt", b"no"), ("__MACOSX/1.txt", b"no")])
    assert corpus.classes == CLASSES
    expected = []
    for name, content in members:
        *part, label, _ = name.split("/")
        expected.append(Text(name.removesuffix(".txt"), *(part or ["train"]), label, content.decode()))
    assert corpus.texts == expected


def test_own_validation_split(corpus_of):
    # Catches: a folder validation/ that is not read, or is read as a class; other folders beside the splits as well.
    members = [*SPLIT, *under("validation/", PLAIN), ("docs/a/1.txt", b"no"), ("train/README.txt", b"no")]
    corpus = corpus_of(members)
    assert {text.split for text in corpus.texts} == {"train", "validation", "test"}
    assert len(corpus.texts) == 27


def test_a_class_may_be_called_train(corpus_of):
    # Catches: a topic that is taken for a split.
    corpus = corpus_of([("train/1.txt", b"a"), ("bus/1.txt", b"b"), ("plane/1.txt", b"c")])
    assert corpus.classes == ["bus", "plane", "train"]


@pytest.mark.parametrize("unlabelled", [None, "fair", "other"])
def test_unlabelled_texts(corpus_of, unlabelled):
    # Catches: a class of all that has none, or a class that is lost.
    corpus = corpus_of(PLAIN, unlabelled=unlabelled)
    assert corpus.classes == (["bad", "good"] if unlabelled == "fair" else CLASSES)
    assert [text.label for text in corpus.texts].count("") == (3 if unlabelled == "fair" else 0)


def test_groups_of_folders(corpus_of):
    # Catches: a line too far, the lines of another class or split, a number that is read as text.
    urls = [(f"{part}/urls_bad.txt", f"{part}0\n{part}1\n{part}2\n".encode()) for part in ("train", "test")]
    corpus = corpus_of([*SPLIT, *urls, ("docs/urls_bad.txt", b"no")])
    groups = {text.id: text.group for text in corpus.texts}
    assert groups["train/bad/1"] == "train1"
    assert groups["test/bad/2"] == "test2"
    assert groups["train/good/1"] == ""
    assert {text.group for text in corpus_of([*SPLIT, *urls], group_files=None).texts} == {""}


def test_groups_of_a_table(tmp_path):
    # Catches: the column of the split for that of the group, numbers that are refused, a group that is missing.
    rows = {"text": ["a", "b", "c"], "label": ["x", "y", ""], "part": ["train", "test", "train"], "movie": [7, 7, 8]}
    pd.DataFrame(rows | {"label": ["x", "y", "x"]}).to_parquet(tmp_path / "a.parquet")
    read_as = {"format": "parquet", "split_column": "part", "group_column": "movie"}
    assert [text.group for text in read(tmp_path / "a.parquet", **read_as).texts] == ["7", "7", "8"]
    assert [text.split for text in read(tmp_path / "a.parquet", **read_as).texts] == ["train", "test", "train"]


REFUSED_MEMBERS = {
    "a group too few": ([*PLAIN, ("urls_good.txt", b"a\nb\n")], "good/2.txt.*no line for it.*corpus.group_files"),
    "a name without a number": (
        [*PLAIN, ("good/x.txt", b""), ("urls_good.txt", b"a\n" * 9)],
        "good/x.txt.*no line for it",
    ),
    "two corpora": ([*under("a/", SPLIT), *under("b/", SPLIT)], "more than one folder there are train/ and test/"),
    "a folder in a class": ([*PLAIN, ("good/more/1.txt", b"")], "good/more/1.txt.*no classes within classes"),
    "no file of that name": (
        [(name.removesuffix(".txt"), content) for name, content in PLAIN],
        r"named \*\.txt, but 9 others, such as 'bad/0'\. Set corpus\.pattern in the config, to \"\*\"",
    ),
    "no folders": ([("1.txt", b""), ("2.txt", b"")], r"no folder of a class has a file named .* set corpus\.format"),
    "another encoding": ([*PLAIN, ("good/9.txt", "schön".encode("latin-1"))], "good/9.txt.*not UTF-8 at byte 3"),
    "up": ([*PLAIN, ("good/../../9.txt", b"")], "not a plain path"),
    "root": ([*PLAIN, ("/good/9.txt", b"")], "not a plain path"),
}


@pytest.mark.parametrize("name", REFUSED_MEMBERS)
def test_what_is_no_corpus_of_folders(corpus_of, name):
    # Catches: texts that are left out without a word, or read from where they do not belong.
    members, message = REFUSED_MEMBERS[name]
    with pytest.raises(InputError, match=rf"corpus\.archive.*{message}"):
        corpus_of(members)


def test_a_link_in_a_zip_archive_is_refused(tmp_path):
    # Catches: the path that a link leads to, taken for a text.
    link = zipfile.ZipInfo("good/link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    (tmp_path / "corpus.zip").write_bytes(zip_bytes([*PLAIN, (link, b"/etc/passwd")]))
    with pytest.raises(InputError, match=r"good/link\.txt': not a regular file"):
        read(tmp_path / "corpus.zip")


def test_a_zip_archive_that_ends_early_is_refused(tmp_path):
    # Catches: a BadZipFile of Python; bytes that are not compared with their checksum.
    content = zip_bytes(PLAIN)
    place = content.index(b"fair 1")
    for damaged in (content[:-30], content[:place] + b"fare" + content[place + 4 :]):
        (tmp_path / "corpus.zip").write_bytes(damaged)
        with pytest.raises(InputError, match="not a complete zip archive"):
            read(tmp_path / "corpus.zip")


# Tables.

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# A class whose name cannot be seen is refused.
labels = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=3).filter(
    lambda label: label != "unsup"
)
tables = st.lists(st.tuples(cells, labels, st.sampled_from(["train", "validation", "test"])), min_size=1, max_size=12)


def write(path, frame):
    """Write a table as another library does."""
    if path.suffix == ".csv":
        # With the line ends of RFC 4180: with others pandas does not quote a carriage return.
        frame.to_csv(path, index=False, lineterminator="\r\n")
    else:
        frame.to_parquet(path)


@settings(max_examples=200)
@given(tables, st.sampled_from(["csv", "parquet"]), st.booleans())
def test_tables_of_pandas_come_through(tmp_path_factory, rows, format, with_splits):
    # Catches: line ends, quotes or commas in a text that are lost or split it, labels that are trimmed, rows of other
    # texts, a split that is not read, or is read where the config names none.
    path = tmp_path_factory.mktemp("table") / f"corpus.{format}"
    write(path, pd.DataFrame(rows, columns=["text", "label", "part"]))
    corpus = read(path, format=format, split_column="part" if with_splits else None)
    assert [(text.text, text.label) for text in corpus.texts] == [row[:2] for row in rows]
    assert [text.split for text in corpus.texts] == [row[2] if with_splits else "train" for row in rows]
    assert corpus.classes == sorted({row[1] for row in rows})
    assert [text.id for text in corpus.texts] == sorted({text.id for text in corpus.texts})


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8"])
def test_csv_of_excel(tmp_path, encoding):
    # Catches: a byte order mark in the name of the first column, carriage returns in the last.
    content = 'label,text\r\ngood,"a, ""b"""\r\n\r\nbad,\r\n'
    (tmp_path / "a.csv").write_bytes(content.encode("utf-8-sig"))
    texts = read(tmp_path / "a.csv", format="csv", encoding=encoding).texts
    assert [(text.label, text.text) for text in texts] == [("good", 'a, "b"'), ("bad", "")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_a_csv(tmp_path, end):
    # Catches: lines that end in carriage returns alone taken for one line, ends within a text that are changed.
    (tmp_path / "a.csv").write_text(f'text,label{end}good,a{end}"b\nc\rd\r\n",e{end}', encoding="utf-8", newline="")
    texts = read(tmp_path / "a.csv", format="csv").texts
    assert [(text.text, text.label) for text in texts] == [("good", "a"), ("b\nc\rd\r\n", "e")]


def test_long_text_in_a_csv(tmp_path):
    # Catches: Python's limit of 131,072 characters.
    pd.DataFrame({"text": ["a" * 200_000], "label": ["x"]}).to_csv(tmp_path / "a.csv")
    assert len(read(tmp_path / "a.csv", format="csv").texts[0].text) == 200_000


LABELS = {
    "whole numbers": (pa.array([10, 9, -1]), ["-1", "10", "9"]),
    "booleans": (pa.array([True, False, True]), ["false", "true"]),
    "categories": (pa.array(["b", "a", "b"]).dictionary_encode(), ["a", "b"]),
    "floats": (pa.array([1.0, 5.0, 1.0]), ["1.0", "5.0"]),
    "large text": (pa.array(["b", "a", "b"], pa.large_string()), ["a", "b"]),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_in_parquet(tmp_path, name):
    # Catches: labels of another type that are refused, or named otherwise than they are written.
    column, classes = LABELS[name]
    pq.write_table(pa.table({"text": ["a"] * 3, "label": column}), tmp_path / "a.parquet")
    corpus = read(tmp_path / "a.parquet", format="parquet")
    assert corpus.classes == classes
    assert [text.label for text in corpus.texts] == [str(x).lower() for x in column.to_pylist()]


REFUSED_CSV = {
    "no column": (b"text,sentiment\na,b\n", r"no column 'label'; its columns are: 'text', 'sentiment'.*label_column"),
    "another separator": (b"text#label\na#b\n", "no column 'text'.*its columns are: 'text#label'"),
    "one column twice": (b"text,label,text\na,b,c\n", "more than one column is called 'text'"),
    "empty": (b"", "its columns are: none"),
    "an extra field": (b"text,label\na,b\nc, d,e\n", "line 3: 3 fields, but 2"),
    "an open quote": (b'text,label\n"a,b\n', "line 2: unexpected end of data.*double quotes"),
    "a stray quote": (b'text,label\n"a"b,c\n', "line 2: .* double quotes"),
    "another encoding": (b"text,label\na,b\nsch\xf6n,b\n", "line 3: not UTF-8 .*Save it as UTF-8"),
    "no label": (b"text,label\na,b\nc,\n", "row 2 .*nothing in the column label"),
    "another split": (b"text,label,part\na,b,train\nc,d,rest\n", "row 2 .*'rest' in the column part. Write train"),
}


@pytest.mark.parametrize("name", REFUSED_CSV)
def test_csv_that_cannot_be_read(tmp_path, name):
    # Catches: rows that are lost or shifted without a word, errors without their place.
    content, message = REFUSED_CSV[name]
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.csv.*{message}"):
        read(tmp_path / "a.csv", format="csv", split_column="part" if name == "another split" else None)


REFUSED_PARQUET = {
    "no column": ({"text": ["a"], "stars": [1]}, "no column 'label'; its columns are: 'text', 'stars'"),
    "numbers for texts": ({"text": [1], "label": ["a"]}, "column text holds int64 and not text.*corpus.text_column"),
    "lists for labels": ({"text": ["a"], "label": [["a", "b"]]}, "column label holds list.*has one class here"),
    "a missing text": ({"text": ["a", None], "label": ["a", "b"]}, "row 2 .*nothing in the column text"),
    "a missing label": ({"text": ["a", "b"], "label": [None, 1]}, "row 1 .*nothing in the column label"),
}


@pytest.mark.parametrize("name", REFUSED_PARQUET)
def test_parquet_that_cannot_be_read(tmp_path, name):
    # Catches: values that are made up where one is missing or of another type.
    columns, message = REFUSED_PARQUET[name]
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=rf"a\.parquet.*{message}"):
        read(tmp_path / "a.parquet", format="parquet")


def test_memory_of_a_parquet_file_is_that_of_a_few_rows(tmp_path):
    # Catches: a column of a row group that is read as a whole; a file may have a single one.
    letters = np.random.default_rng(1).integers(97, 123, size=(20_000, 1000), dtype=np.uint8)
    texts = letters.view("S1000").ravel().astype(str)
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=len(texts))
    most, before = 0, pa.total_allocated_bytes()
    wanted = Wanted(["text"], ADVICE)
    for count, (text,) in enumerate(formats.named("parquet").rows(tmp_path / "a.parquet", wanted), 1):
        if count % 2048 == 0:
            assert text == texts[count - 1]
            most = max(most, pa.total_allocated_bytes() - before)
    assert count == len(texts)
    assert 2**20 < most < 2**23


@pytest.mark.parametrize("format", ["csv", "parquet", "folders"])
def test_another_file_than_the_config_says(tmp_path, format):
    # Catches: an exception of a library that does not say which file it was.
    for path in (tmp_path / "none", tmp_path / "an image"):
        if path.name != "none":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" * 20)
        with pytest.raises(InputError, match=re.escape(str(path))):
            read(path, format=format)


# What cannot be split.


def split_rows(folder, rows, **changes):
    """Split a table; return the labels of each split, in order."""
    pd.DataFrame(rows, columns=["text", "label", "part"][: len(rows[0])]).to_csv(folder / "a.csv", index=False)
    layout = LAYOUT | {"format": "csv", "split_column": "part" if len(rows[0]) == 3 else None}
    paths = [folder / f"{name}.parquet" for name in FILES]
    arguments = {"test_fraction": 0.25, "validation_fraction": 0.25, "seed": 1} | changes
    arguments = {"min_texts_per_class": 0, "keep_copies_together": False} | arguments
    split_corpus([folder / "a.csv"], *paths, folder / "sizes", splits=[], layout=layout, **arguments)
    return {path.stem: read_reviews(path).to_pylist() for path in paths}


NOT_TO_BE_SPLIT = {
    "one class": ([(f"text {i}", "a") for i in range(9)], "the only class is 'a'; .* two or more.*label_column"),
    "no class": ([(f"text {i}", "unsup") for i in range(9)], "there is no class"),
    "as many classes as rows": ([(f"text {i}", str(i)) for i in range(9)], "9 classes are too many for 9 reviews"),
    "empty texts": ([(" ", "ab"[i % 2]) for i in range(20)], "all texts are empty.*text_column"),
    "a rare class": (
        [(f"text {i}", "ab"[i == 0]) for i in range(20)],
        r"too few training reviews of 'b' \(1\): each class needs 3.*set corpus.min_texts_per_class: 2",
    ),
    "a class that is in one split": (
        [*((f"text {i}", "ab"[i % 2], ["train", "test"][i > 9]) for i in range(20)), ("text", "c", "test")],
        "no review of the class 'c' in its train split",
    ),
}


@pytest.mark.parametrize("name", NOT_TO_BE_SPLIT)
def test_what_cannot_be_split_is_refused(tmp_path, name):
    # Catches: a training on one class, a split that lacks one, a traceback; half of the files.
    rows, message = NOT_TO_BE_SPLIT[name]
    with pytest.raises(InputError, match=rf"a\.csv: .*{message}"):
        split_rows(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_splits_that_are_missing_are_held_back(tmp_path):
    # Catches: a split of its own that is mixed with others, a share of something else, classes out of proportion, a
    # test split that hangs on the validation's share, a review in two splits.
    rows = [(f"text {i}", "abc"[i % 3 if i < 30 else 0]) for i in range(100)]
    splits = split_rows(tmp_path, rows)
    counts = {name: [[row["label"] for row in part].count(label) for label in "abc"] for name, part in splits.items()}
    # Of 80, 10 and 10 a quarter for the test, and of the rest another, rounded down.
    assert counts["test"] == [20, 2, 2]
    assert counts["validation"] == [15, 2, 2]
    assert counts["train"] == [45, 6, 6]
    assert sorted(row["text"] for part in splits.values() for row in part) == sorted(row[0] for row in rows)
    assert split_rows(tmp_path, rows, validation_fraction=0.5)["test"] == splits["test"]
    assert split_rows(tmp_path, rows, seed=2)["test"] != splits["test"]
    own = [(*row, ["train", "validation", "test"][i // 3 % 3]) for i, row in enumerate(rows)]
    kept = split_rows(tmp_path, own)
    for name in ("train", "validation", "test"):
        assert {row["text"] for row in kept[name]} == {text for text, _, part in own if part == name}
    # No validation split of its own: from the training reviews alone.
    own = [(text, label, "test" if part == "test" else "train") for text, label, part in own]
    assert split_rows(tmp_path, own)["test"] == kept["test"]


def test_split_of_a_table_hangs_on_its_rows_alone(tmp_path):
    # Catches: random numbers from elsewhere, hash seeds, names that do not sort as the rows do.
    rows = [(f"text {i}", "ab"[i % 2]) for i in range(40)]
    np.random.seed(1)  # noqa: NPY002
    first = split_rows(tmp_path, rows)
    np.random.seed(2)  # noqa: NPY002
    assert split_rows(tmp_path, rows) == first
    assert [row["id"] for row in first["train"]][:2] == sorted(
        row["id"] for row in first["train"] if row["label"] == "a"
    )[:2]


OBJECTS = '''
"""JSON Lines."""

import json

from wordorder.data.corpus import Table


class Objects(Table):
    """An object on each line."""

    def rows(self, path, wanted):
        """Yield rows."""
        for line in path.read_text(encoding="utf-8").splitlines():
            yield [json.loads(line).get(name) for name in wanted.columns]

    def columns(self, path, encoding):
        """Return the keys."""
        return list(json.loads(path.read_text(encoding=encoding).splitlines()[0]))
'''


def test_a_format_is_a_file(tmp_path):
    # Catches: a list of formats, endings or readers elsewhere, which a new format would have to be added to.
    shutil.copytree(Path(corpus.__file__).parents[1], tmp_path / "scripts/wordorder")
    (tmp_path / "scripts/wordorder/data/formats/objects_format.py").write_text(OBJECTS)
    (tmp_path / "a.objects").write_text('{"text": "good", "label": "pos"}\n{"text": "bad", "label": "neg"}\n')
    code = f"""
from pathlib import Path
from wordorder.app.texts import rows_of
from wordorder.config import Corpus
from wordorder.data.corpus import read_corpus
path = Path({str(tmp_path / "a.objects")!r})
print(Corpus(sources=[str(path)], checksum=None).read_as, *(row[0] for row in rows_of(path, "text")))
print(*(text.label for text in read_corpus([path], [], **{LAYOUT | {"format": "objects"}!r}).texts))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "scripts")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("objects good bad\npos neg\n", "")


COMPRESS = {"": lambda content: content, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text("aé;,|\t\"\n '", max_size=12), st.sampled_from(["pos", "neg"])), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252"]),
    st.sampled_from(sorted(COMPRESS)),
    st.booleans(),
)
def test_tables_in_any_dialect(tmp_path_factory, rows, separator, end, encoding, compression, label_first):
    # Catches: a separator that is not found out, a file that has to be unpacked or saved anew first, columns by place.
    columns = ["label", "text"] if label_first else ["text", "label"]
    table = io.StringIO()
    writer = csv.writer(table, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow([*columns, "more"])
    writer.writerows([*((label, text) if label_first else (text, label)), "x"] for text, label in rows)
    path = tmp_path_factory.mktemp("table") / f"a.csv{compression}"
    path.write_bytes(COMPRESS[compression](table.getvalue().encode(encoding)))
    for format in ("csv", "tsv"):
        found = read(path, format=format, encoding=encoding.removesuffix("-sig")).texts
        assert [(text.text, text.label) for text in found] == rows


def test_json_lines(tmp_path):
    # Catches: numbers that are no classes, a line that is not read, one that is no object and goes unnoticed.
    path = tmp_path / "a.jsonl"
    path.write_text('{"stars": 5.0, "text": "good"}\n\n{"text": "bad", "stars": 1}\n', encoding="utf-8")
    found = read(path, format="jsonl", label_column="stars")
    assert [(text.text, text.label) for text in found.texts] == [("good", "5.0"), ("bad", "1")]
    for line, message in [
        ("[1]", "line 2: not a JSON object"),
        ("{", "line 2: not JSON"),
        ('{"text": 5, "stars": 1}', "line 2: text is 5 and not text"),
        (r'{"text": "a \ud83d", "stars": 1}', r"line 2: text has half of a character \(\\ud83d\)"),
        ('{"text": "a"}', r"row 2 .*nothing in the column stars"),
    ]:
        path.write_text('{"stars": 5, "text": "good"}\n' + line + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read(path, format="jsonl", label_column="stars")


def test_a_table_in_a_zip_archive(tmp_path):
    # Catches: an archive that is taken for a table, one of several files that is chosen without a word.
    path = tmp_path / "archive.zip"
    path.write_bytes(zip_bytes([("Reviews Dataset.csv", "text,label\na,pos\nb,neg\n")]))
    assert [text.label for text in read(path, format="csv").texts] == ["pos", "neg"]
    path.write_bytes(zip_bytes([("a.csv", "text,label\n"), ("b.csv", "text,label\n")]))
    with pytest.raises(InputError, match=r"holds 2 files: 'a\.csv', 'b\.csv'"):
        read(path, format="csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"text,label\na,pos\n")[:-9])
    with pytest.raises(InputError, match="is damaged"):
        read(tmp_path / "cut.csv.gz", format="csv")


@pytest.mark.parametrize(("name", "split"), [("dev", "validation"), ("VAL", "validation"), ("eval", "validation")])
def test_splits_by_other_names(corpus_of, tmp_path, name, split):
    # Catches: texts of a split that is called otherwise and left out without a word.
    members = [*under("Train/", PLAIN), *under(f"{name}/", PLAIN), *under("TEST/", PLAIN)]
    assert Counter(text.split for text in corpus_of(members).texts) == {"train": 9, split: 9, "test": 9}
    (tmp_path / "a.csv").write_text(f"text,label,part\na,b,Train\nc,d,{name}\n")
    found = read(tmp_path / "a.csv", format="csv", split_column="part").texts
    assert [text.split for text in found] == ["train", split]


def test_what_is_not_read_is_named(corpus_of, capsys):
    # Catches: files that are left out without a word.
    corpus_of([*SPLIT, ("train/urls_bad.txt", b"a\nb\nc\n")])
    assert capsys.readouterr().err == ""
    corpus_of([*SPLIT, ("held_out/bad/1.txt", b"a"), ("train/bad/1.md", b"a")])
    told = capsys.readouterr().err
    assert "not in the folder of a class: 1 files, such as ['held_out/bad/1.txt']" in told
    assert "not named like corpus.pattern, *.txt: 1 files, such as ['train/bad/1.md']" in told


def test_texts_in_another_encoding(corpus_of):
    # Catches: an encoding that is not passed on, a message that does not name the key.
    members = [*PLAIN, ("good/9.txt", "schön".encode("latin-1"))]
    assert "schön" in [text.text for text in corpus_of(members, encoding="latin-1").texts]
    with pytest.raises(InputError, match=r"corpus\.encoding"):
        corpus_of(members)


def test_warnings_about_a_corpus():
    # Catches: copies, classes and texts that are probably not meant, and that nobody hears of.
    def split(*rows):
        return [Text(str(i), "train", label, text) for i, (text, label) in enumerate(rows)]

    good = {"train": split(("a b c", "pos"), ("d e f", "neg")), "validation": [], "test": split(("g h i", "pos"))}
    assert list(warnings_about(good)) == []
    (copies,) = warnings_about(good | {"test": split(("a b c", "pos"), ("x y z", "neg"))})
    assert copies.startswith("1 of the 2 test reviews are also training reviews")
    (alike,) = warnings_about(good | {"train": split(("a b c", "pos"), ("d e f", "Pos "))})
    assert "'Pos ', 'pos' differ in capitals or spaces only" in alike
    (alike,) = warnings_about(good | {"train": split(("a b c", "1"), ("d e f", "1.0"))})
    assert "'1', '1.0' differ" in alike
    (short,) = warnings_about(good | {"train": split(("很好看的电影我喜欢", "pos"), ("太无聊了浪费时间", "neg"))})
    assert "1.0 words" in short
