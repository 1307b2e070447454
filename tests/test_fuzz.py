"""Anything from outside that is damaged, made up or hostile gives the right result or the documented error, in time.

Deterministic, with few examples. `FUZZ=50 python -m pytest tests/test_fuzz.py` tries 50 times as many, other ones each
time.
"""

import io
import json
import os
import re
import signal
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from configs import CONFIG, LEAVES, PATHS, changed, problems_of, value_at
from corpora import COMPRESS, FOLDERS, LAYOUT, excel, small_members, tar_bytes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_up_runs import EVALUATION, TRAINING

from wordorder.config_check import load_config
from wordorder.data import formats
from wordorder.data.corpus import SPLITS, read_corpus
from wordorder.data.encoded import read_encoded, write_encoded
from wordorder.data.reviews import Review, read_reviews, write_reviews
from wordorder.data.vectorizer import read_vocabulary, write_vocabulary
from wordorder.evaluation.intervals import METRICS, Measurements, Scores
from wordorder.evaluation.predictions import read_predictions, write_predictions
from wordorder.evaluation.summary import (
    COSTS,
    EVALUATION_KEYS,
    TRAINING_KEYS,
    read_costs,
    read_record,
    read_runs,
    summarize,
)
from wordorder.inference import load_model
from wordorder.io.errors import InputError
from wordorder.io.tables import write_table
from wordorder.io.terminal import printable
from wordorder.models.network import TokenClassifier, build_model
from wordorder.vectors.glove import glove_matrix
from wordorder.vectors.matrix import read_matrix

FACTOR = int(os.environ.get("FUZZ", "1"))
SECONDS = 20


def fuzz(examples):
    # A time limit that also ends what would never end is in `attempt`.
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def too_slow(*_):
    # Not an Exception: that could be taken for an error of a library, and be turned into the documented one.
    pytest.fail(f"more than {SECONDS} seconds")


def attempt(read, *arguments):
    """What `read` returns; None if it raises an InputError that names one of the files."""
    signal.signal(signal.SIGALRM, too_slow)
    signal.alarm(SECONDS)
    try:
        return read(*arguments)
    except InputError as error:
        message = str(error)
    finally:
        signal.alarm(0)
    assert any(str(path) in message for path in arguments if isinstance(path, Path))
    return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for files that are overwritten; the working directory, so that ".." leads to where it is noticed."""
    folder = tmp_path_factory.mktemp("fuzz") / "inner"
    folder.mkdir()
    with chdir(folder):
        yield folder


def put(path, content):
    """Write a new file: the old one may still be mapped into the memory."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return path


# The readers. Each has a file that is right, its content, and a check of what is read from a damaged copy. Formats with
# checksums must give the same content or be refused. In the others a changed number, or a letter of a text, cannot be
# noticed; what is read must still be of the right form.


class Reader(NamedTuple):
    """A file format: `write(path)` makes a good file, `read(path)` its content, `check(content, good content)`."""

    name: str
    write: Callable
    read: Callable
    check: Callable


def same(content, good):
    assert content == good


def is_corpus(corpus, _):
    assert corpus.classes == sorted(set(corpus.classes))
    assert "" not in corpus.classes
    assert len({text.id for text in corpus.texts}) == len(corpus.texts)
    for text in corpus.texts:
        assert text.label in ("", *corpus.classes)
        assert text.split in SPLITS or not text.label
        json.dumps(text, ensure_ascii=False).encode()


def is_vocabulary(tokens, _):
    assert tokens[:2] == ["", "[UNK]"]
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        token.encode()


def is_encoded(data, _):
    assert len(data.ids) == len(data.labels) == len(data.offsets) - 1
    assert all(isinstance(name, str) for name in data.ids)
    assert data.offsets[0] >= 0
    assert data.offsets[-1] <= len(data.tokens)
    assert (np.diff(data.offsets) >= 0).all()
    assert (data.tokens.dtype, data.labels.dtype) == (np.int32, np.int32)
    assert set(data.labels) <= set(range(len(data.classes)))


def is_matrix(matrix, good):
    assert matrix.dtype == np.float32
    assert matrix.shape == good.shape


def is_record(record, _):
    assert all(np.isfinite(record[key]) for key in EVALUATION_KEYS)


def is_costs(costs, _):
    assert list(costs) == list(COSTS)
    assert all(np.isfinite(value) for value in costs.values())


def write_archive(compression):
    return lambda path: path.write_bytes(tar_bytes(small_members(), compression))


def write_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in small_members():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def read_archive(path):
    return read_corpus([path], [], **LAYOUT)


def table_reader(format, split_column="part"):
    return lambda path: read_corpus([path], [], **LAYOUT | {"format": format, "split_column": split_column})


def write_lines(path):
    texts = {"pos.txt": "A fine film\n\nWarm\n", "neg.txt": "Dull\n"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in texts.items():
            archive.writestr(zipfile.ZipInfo(f"train/{name}"), content, zipfile.ZIP_DEFLATED)


def write_small_model(path):
    shape = {"model": "lstm", "features": "embedding", "dimension": 3, "mask": True, "units": 2, "dropout": 0.5}
    build_model(shape, 10, CLASSES, seed=1).save(path)


def model_content(path):
    model = load_model(path)
    assert isinstance(model, TokenClassifier)
    return model.variant.settings(), model.classes, [weight.tolist() for weight in model.get_weights()]


CLASSES = ["neg", "pos"]
LABELS = np.arange(20) % 2
REVIEWS = [Review(f"train/pos/{i}_9", CLASSES[i % 2], f"movie {i % 3}", f"text {i} \x85" * i) for i in range(20)]
ROWS = {"text": [row.text for row in REVIEWS], "label": [row.label for row in REVIEWS], "part": ["train", "test"] * 10}
SEQUENCES = [np.arange(i, dtype=np.int32) for i in range(20)]
EPOCHS = b"epoch,loss,seconds,peak_memory_mb\n1,0.5,25.125,900.5\n2,0.4,24,910\n"
READERS = [
    Reader("plain.tar", write_archive(""), read_archive, is_corpus),
    Reader("reviews.tar.gz", write_archive("gz"), read_archive, same),
    Reader("reviews.tar.bz2", write_archive("bz2"), read_archive, same),
    Reader("reviews.tar.xz", write_archive("xz"), read_archive, same),
    Reader("reviews.zip", write_zip, read_archive, is_corpus),
    Reader("reviews.csv", lambda path: pd.DataFrame(ROWS).to_csv(path), table_reader("csv"), is_corpus),
    Reader("reviews.parquet", lambda path: write_table(path, pa.table(ROWS)), table_reader("parquet"), same),
    Reader("reviews.tsv", lambda path: pd.DataFrame(ROWS).to_csv(path, sep="\t"), table_reader("tsv"), is_corpus),
    Reader(
        "reviews.jsonl",
        lambda path: pd.DataFrame(ROWS).to_json(path, orient="records", lines=True),
        table_reader("jsonl"),
        is_corpus,
    ),
    Reader(
        "reviews.xlsx",
        lambda path: path.write_bytes(
            excel([list(zip(*([name, *column] for name, column in ROWS.items()), strict=True))])
        ),
        table_reader("xlsx"),
        is_corpus,
    ),
    Reader(
        "reviews.fasttext",
        lambda path: path.write_text("".join(f"__label__{CLASSES[i % 2]} text {i} \x85\n" for i in range(20))),
        table_reader("fasttext", None),
        is_corpus,
    ),
    Reader("lines.zip", write_lines, lambda path: read_corpus([path], [], **LAYOUT | {"format": "lines"}), is_corpus),
    # Their own checksums tell, where they have one.
    *(
        Reader(
            f"reviews.csv{ending}",
            lambda path, compress=compress: path.write_bytes(compress(pd.DataFrame(ROWS).to_csv().encode())),
            table_reader("csv"),
            is_corpus if ending == ".zst" else same,
        )
        for ending, compress in COMPRESS.items()
    ),
    Reader(
        "train.parquet", lambda path: write_reviews(path, REVIEWS), lambda path: read_reviews(path).to_pylist(), same
    ),
    Reader(
        "train.arrow",
        lambda path: write_encoded(path, [row.id for row in REVIEWS], LABELS, SEQUENCES, CLASSES),
        read_encoded,
        is_encoded,
    ),
    Reader(
        "vocabulary.json",
        lambda path: write_vocabulary(path, ["", "[UNK]", "the", "a\x85", "\U0001f600", '"']),
        read_vocabulary,
        is_vocabulary,
    ),
    Reader(
        "matrix.npy",
        lambda path: np.save(path, np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)),
        lambda path: read_matrix(path, 10),
        is_matrix,
    ),
    Reader(
        "evaluation.json",
        lambda path: path.write_text(json.dumps(EVALUATION, indent=2)),
        lambda path: read_record(path, EVALUATION_KEYS),
        is_record,
    ),
    Reader(
        "predictions.parquet",
        lambda path: write_predictions(path, [row.id for row in REVIEWS], LABELS, np.float32(LABELS) / 3, CLASSES),
        lambda path: read_predictions(path).to_pylist(),
        same,
    ),
    Reader("costs.csv", lambda path: path.write_bytes(EPOCHS), read_costs, is_costs),
    Reader("model.keras", write_small_model, model_content, same),
]


@pytest.fixture(scope="module", params=READERS, ids=[reader.name for reader in READERS])
def case(request, folder):
    """A reader, and the bytes and the content of its good file."""
    path = folder / f"good-{request.param.name}"
    request.param.write(path)
    content = path.read_bytes()
    return request.param, content, request.param.read(path)


@st.composite
def damaged(draw, content):
    """The bytes cut short; or with one bit changed; or with up to three pieces lost, changed, put in or doubled."""
    place = st.integers(0, len(content) - 1)
    kind = draw(st.sampled_from(["cut", "bit", "pieces"]))
    if kind == "cut":
        return content[: draw(place)]
    result = bytearray(content)
    if kind == "bit":
        result[draw(place)] ^= 1 << draw(st.integers(0, 7))
        return bytes(result)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(place)
        stop = start + draw(st.integers(0, 8))
        result[start:stop] = draw(st.just(result[start:stop] * 2) | st.binary(max_size=8))
    return bytes(result)


@fuzz(150)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_rightly(folder, case, data):
    # Catches: any exception of a library that reaches the user, files that never end, checksums that are not compared,
    # columns or values that are made up where one is missing.
    reader, content, good = case
    path = put(folder / reader.name, data.draw(damaged(content)))
    result = attempt(reader.read, path)
    if result is not None:
        reader.check(result, good)


def test_one_bit_of_each_byte_of_a_parquet_file(folder):
    # Catches: a count of rows that is not that of the file, which only few bits can cause.
    write_reviews(folder / "good.parquet", REVIEWS)
    good = (folder / "good.parquet").read_bytes()
    for place in range(len(good)):
        path = put(folder / "train.parquet", good[:place] + bytes([good[place] ^ 8]) + good[place + 1 :])
        table = attempt(read_reviews, path)
        assert table is None or table.to_pylist() == [
            row._asdict() for row in sorted(REVIEWS, key=lambda row: (row.label, row.id))
        ]


# Beginnings by which libraries tell a format, and what stops parsers: depth, long numbers, halves of surrogate pairs.
STARTS = [
    b"",
    b"\x1f\x8b\x08\x00",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"ARROW1\0\0",
    b"PAR1",
    b"PK\x03\x04",
    b"\x93NUMPY\x01\x00",
    b"\x89HDF\r\n\x1a\n",
    b"seconds,peak_memory_mb\n",
    b"\x80\x04",
]
EXTREMES = [
    *(start * 100_000 for start in (b"[", b'{"a":', b"[{", b"\0", b"9")),
    b'["", "[UNK]", "\\ud800"]',
    b'["", "[UNK]", %s]' % (b"9" * 5000),
    b'["test_accuracy", "test_loss"]',
    b'"test_accuracy test_loss"',
    *(
        json.dumps(EVALUATION).replace(str(EVALUATION["test_accuracy"]), number).encode()
        for number in ("NaN", "1e999", "9" * 400)
    ),
    b"PK\x05\x06" + bytes(18),
]


@fuzz(100)
@given(
    st.sampled_from(EXTREMES) | st.builds("".encode) | st.builds(bytes.__add__, st.sampled_from(STARTS), st.binary())
)
@example(b"\r\0")
def test_other_files_are_refused(folder, case, content):
    # Catches: exceptions of parsers that reach the user as they are, and a file of another format taken for this one.
    reader, _, _ = case
    assert attempt(reader.read, put(folder / reader.name, content)) is None


# The archive, beyond damage: members of all kinds under all names, in archives that are themselves in order.

KINDS = {
    "regular": [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE],
    "other": [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
}
ALL_FOLDERS = (*FOLDERS, "train/unsup")
review_names = st.builds("{}/{}_{}.txt".format, st.sampled_from(ALL_FOLDERS), st.integers(0, 5), st.integers(0, 11))
odd_names = st.sampled_from(
    [
        "../../evil",
        "../evil_9.txt",
        "/tmp/../evil",
        "aclImdb/train/pos/../../../../evil",
        "aclImdb/train/pos//0_9.txt",
        "aclImdb/./train/pos/0_9.txt",
        "/aclImdb/train/pos/0_9.txt",
        "aclImdb/train/pos/0_9.txt ",
        "aclImdb/test/neg/\u0663_9.txt",
        "aclImdb/train/unsup/" + "x" * 300,
    ]
)
any_names = st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=8)
names = review_names.map("aclImdb/{}".format) | odd_names | any_names.map("aclImdb/test/pos/{}".format) | any_names
contents = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.encode) | st.binary(max_size=20)
kinds = st.sampled_from(KINDS["regular"] * 4 + KINDS["other"])
links = st.sampled_from(["", "../../evil", "/etc/passwd", "aclImdb/train/pos/0_1.txt"])
members = st.lists(st.tuples(names, kinds, contents, links), max_size=6)


def entry(name, kind, size=0, link="", **headers):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.pax_headers = kind, size, link, headers
    return info


def archive_of(entries, form):
    """Pack members; `form` is the dialect of tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
        for name, kind, content, link in entries:
            content = content if kind in KINDS["regular"] else b""
            tar.addfile(entry(name, kind, len(content), link), io.BytesIO(content))
    return buffer.getvalue()


def reviews_of(entries):
    """The text of each review by its path; None if the archive has to be refused."""
    reviews = {}
    for name, kind, content, _ in entries:
        parts = name.removeprefix("./").split("/")
        if kind not in (*KINDS["regular"], tarfile.DIRTYPE) or {"", ".", ".."} & set(parts):
            return None
        if any(part[0] == "." for part in parts):
            continue
        if re.search("[\ud800-\udfff]", name):
            return None
        if name.startswith(tuple(f"aclImdb/{folder}/" for folder in ALL_FOLDERS)):
            path = name.removeprefix("aclImdb/").removesuffix(".txt")
            if kind == tarfile.DIRTYPE or len(parts) != 4:
                return None
            # Of another pattern, and told.
            if name[-4:] != ".txt":
                continue
            if path in reviews:
                return None
            try:
                reviews[path] = content.decode()
            except UnicodeDecodeError:
                return None
    return reviews


@fuzz(400)
@given(
    members,
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.none() | st.randoms(use_true_random=False),
)
@example([("aclImdb/train/pos/9_9.txt", tarfile.SYMTYPE, b"", "aclImdb/train/pos/0_1.txt")], tarfile.GNU_FORMAT, None)
@example([("aclImdb/train/pos/9_9.txt", tarfile.LNKTYPE, b"", "aclImdb/train/pos/0_1.txt")], tarfile.GNU_FORMAT, None)
@example([("aclImdb/train/pos/0_1.txt", tarfile.REGTYPE, b"", "")], tarfile.GNU_FORMAT, None)
def test_archives_of_any_members(folder, entries, form, rng):
    # Catches: links that are followed, names that are normalized into a class folder or out of it, reviews lost or
    # doubled, a member that is unpacked by its own path.
    entries = [(name, tarfile.REGTYPE, content, "") for name, content in small_members()] + entries
    if rng:
        rng.shuffle(entries)
    try:
        content = archive_of(entries, form)
    except UnicodeEncodeError:
        # A half of a surrogate pair that stands for no byte.
        return
    path = put(folder / "aclImdb_v1.tar", content)
    before = sorted(folder.parent.rglob("*"))
    result = attempt(read_archive, path)
    assert sorted(folder.parent.rglob("*")) == before
    expected = reviews_of(entries)
    if expected is None:
        assert result is None
    else:
        assert {text.id: text.text for text in result.texts} == expected
        for text in result.texts:
            assert (text.split, text.label or "unsup") == tuple(text.id.split("/")[:2])


def numbered(info, size):
    """The header of a member with a size that tarfile itself would not write."""
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (size & (2**96 - 1) if size < 0 else size | 1 << 95).to_bytes(12, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)


@fuzz(150)
@given(
    st.sampled_from(["aclImdb/train/pos/99_9.txt", "aclImdb/README"]),
    st.sampled_from([*KINDS["regular"], *KINDS["other"], b"S", b"L", b"K", b"x", b"g", b"Z"]),
    st.integers(-40, 0).map((512).__mul__) | st.integers(-(2**87), 2**87) | st.integers(0, 87).map((2).__pow__),
)
@example("aclImdb/README", tarfile.REGTYPE, -512)
def test_a_size_that_cannot_be_is_refused(folder, name, kind, size):
    # Catches: reading the same headers again and again, because a negative size leads back to them; an OverflowError
    # or MemoryError. (Of a link, a folder or a device the size says nothing, and a sparse file has another one.)
    good = tar_bytes(small_members(), "")[: 2 * 512 * len(small_members())]
    path = put(folder / "aclImdb_v1.tar", good + numbered(entry(name, kind), size) + bytes(10240))
    result = attempt(read_archive, path)
    if result is not None:
        is_corpus(result, None)
        assert kind in [*KINDS["other"], tarfile.GNUTYPE_SPARSE] or 0 <= size <= 10240


@pytest.mark.parametrize("size", [0, 100, 2**28])
def test_a_sparse_file_is_no_review(folder, size):
    # Catches: a member of a few bytes that is read as gigabytes of zeros.
    headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0", "GNU.sparse.size": str(size)}
    sparse = entry("aclImdb/train/pos/99_9.txt", tarfile.REGTYPE, **headers).tobuf(tarfile.PAX_FORMAT)
    good = tar_bytes(small_members(), "")[: 2 * 512 * len(small_members())]
    path = put(folder / "aclImdb_v1.tar", good + sparse + bytes(10240))
    with pytest.raises(InputError, match="not a regular file"):
        read_archive(path)


# GloVe.


def read_strictly(content: bytes, dimension: int):
    """The vectors by a regular expression; a line that does not match, as a header does not, has none."""
    pattern = re.compile(rb"(.*?)" + rb" ([^ ]*)" * dimension + rb" ?\r*", re.DOTALL)
    lines = content.removesuffix(b"\n").split(b"\n")
    # Fields may be further apart, or stand between tabs.
    lines = [
        b" ".join(line.split())
        if len(line.split()) == dimension + 1 and line.rstrip(b"\r").removesuffix(b" ").count(b" ") != dimension
        else line
        for line in lines
    ]
    matches = [pattern.fullmatch(line) for line in lines]
    return [(match[1], match.groups()[1:]) for match in matches if match]


GLOVE = b"the 0.25 -3e2\na b 1 2\n\xc2\x85 1e-45 -0\n. . 5 6\nab .5 7.\r\nother 3 4\n"
pieces = st.sampled_from(
    [b"a", b"b", b" ", b" ", b"\n", b" 1 2\n", b" .5", b"1e9", b"nan", b"\r", b"\x85", b"\xff", b"_", b"9" * 400]
)
glove_words = st.sampled_from([b"the", b"a", b"b", b"\xc2\x85", b"other", b"a b", b"."])
glove_numbers = st.sampled_from([b"1", b"-2.5", b".5", b"1e-50", b"1e38", b"4e38", b"nan", b"inf", b"x", b"", b"1_0"])
glove_lines = st.builds(b"%s %s %s\n".__mod__, st.tuples(glove_words, glove_numbers, glove_numbers))


@fuzz(500)
@given(st.binary() | st.lists(pieces).map(b"".join) | st.lists(glove_lines).map(b"".join) | damaged(GLOVE))
@example(b"a 1 2\nb 1 2\n\xc2\x85 3 4")
@example(b"the 1 2" + b" 3" * 100_000)
def test_any_bytes_give_the_right_vectors_or_an_input_error(folder, content):
    # Catches: any other exception, and rows that no line holds.
    tokens = ["", "[UNK]", "the", "a", "b", "\x85", "ab", "a b"]
    result = attempt(glove_matrix, put(folder / "glove.txt", content), tokens, 2)
    if result is None:
        return
    expected = read_strictly(content.removeprefix(b"\xef\xbb\xbf"), 2)
    for row, has_vector, token in zip(result[0][2:], result[1][2:], tokens[2:], strict=True):
        # The first alone is parsed.
        vector = next((fields for word, fields in expected if word == token.encode()), None)
        assert has_vector == (vector is not None)
        assert not has_vector or [np.float32(float(x)) for x in vector] == row.tolist()
        assert has_vector or not row.any()


VECTORS = np.random.default_rng(1).normal(size=(5, 3)).astype("<f4")
# In word2vec's binary form.
BINARY = b"5 3\n" + b"".join(f"word{i} ".encode() + row.tobytes() + b"\n" for i, row in enumerate(VECTORS))


@fuzz(300)
@given(damaged(BINARY))
def test_damaged_binary_vectors_are_refused_or_read(folder, content):
    # Catches: numbers that are read beyond the end, or are none.
    words = [f"word{i}" for i in range(5)]
    result = attempt(glove_matrix, put(folder / "vectors.bin", content), ["", "[UNK]", *words], 3)
    if result is not None:
        matrix, found = result
        assert (matrix.dtype, matrix.shape) == (np.float32, (7, 3))
        assert np.isfinite(matrix).all()
        assert not matrix[~found].any()


# Files of JSON.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


# With one half of a surrogate pair; of two halves JSON makes a character.
half_pairs = st.text(max_size=2).map("\ud800".__add__)
token_texts = st.text(max_size=3) | half_pairs
token_lists = st.lists(token_texts) | st.lists(token_texts | json_values)


@fuzz(300)
@given(json_values | token_lists.map(["", "[UNK]"].__add__), st.booleans())
def test_a_vocabulary_is_a_list_of_different_texts(folder, value, ascii_only):
    # Catches: values that fail or mislead further on, and halves of surrogate pairs, which no text can have in UTF-8.
    content = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    result = attempt(read_vocabulary, put(folder / "vocabulary.json", content))
    right = isinstance(value, list) and value[:2] == ["", "[UNK]"] and all(isinstance(token, str) for token in value)
    right = right and len(set(value)) == len(value) and not re.search("[\ud800-\udfff]", "".join(value))
    assert result == (value if right and content.isascii() else None)


def record_values(record):
    """Records like a good one, with up to two of its values replaced and some added under short names."""
    changes = st.dictionaries(st.sampled_from(list(record)), json_values, max_size=2)
    more = st.dictionaries(st.text(max_size=3), json_values, max_size=2)
    return st.builds(lambda changes, more: more | record | changes, changes, more)


@fuzz(200)
@given(record_values(TRAINING), record_values(EVALUATION))
def test_records_with_any_values(folder, training, evaluation):
    # Catches: values that stop the tables with a traceback, or are lost from them.
    paths = [
        put(folder / "training.json", json.dumps(training).encode()),
        put(folder / "costs.csv", EPOCHS),
        put(folder / "evaluation.json", json.dumps(evaluation).encode()),
    ]
    table = attempt(lambda *paths: read_runs(*[[path] for path in paths], []), *paths)
    numbers = [training[key] for key in TRAINING_KEYS[1:]] + [evaluation[key] for key in EVALUATION_KEYS]
    limits = {int: 2**63 - 1, float: sys.float_info.max}
    right = all(type(value) in limits and abs(value) <= limits[type(value)] for value in numbers)
    assert (table is not None) == (right and type(training["variant"]) is str)
    if table is None:
        return
    scores = Scores(np.array([0.5]), np.zeros((1, 1)), 1)
    measured = dict.fromkeys(
        METRICS, Measurements(scores, [(training["variant"], "all", 1)], {training["variant"]: None})
    )
    (row,) = summarize(table, {}, measured).to_dict("records")
    assert row["variant"] == training["variant"]
    assert row["test_accuracy"] == round(float(evaluation["test_accuracy"]), 6)


# Matrices and models, in files that are in order but hold something else.


@fuzz(150)
@given(
    st.sampled_from(["<f4", ">f4", "<f8", "<i4", "|O", "|S4", "<U1", "|V4", "[('a', '<f4')]", "?", "<m8[s]"]),
    st.booleans(),
    st.just([10, 3]) | st.lists(st.sampled_from([-1, 0, 1, 3, 10, 2**31, 2**62, 10**30]), max_size=3),
    st.just(120) | st.sampled_from([0, 4, 119, 121, 240]),
)
@example("<f4", False, [10, 3], 120)
@example("<f4", True, [10, 3], 120)
@example(">f4", False, [10, 3], 120)
@example("<f4", False, [10, 1], 120)
@example("?", False, [2**62], 120)
def test_a_matrix_of_another_kind_is_refused(folder, kind, transposed, shape, size):
    # Catches: numbers of another type or byte order, a payload that is longer or shorter than the shape says, memory
    # that is asked for by the shape alone.
    header = (
        f"{{'descr': {kind if kind[0] == '[' else repr(kind)}, 'fortran_order': {transposed}, 'shape': {tuple(shape)}}}"
    )
    payload = np.arange(60, dtype=np.float32).tobytes()[:size]
    length = len(header).to_bytes(2, "little")
    path = put(folder / "matrix.npy", b"\x93NUMPY\x01\x00" + length + header.encode() + payload)
    result = attempt(read_matrix, path, 10)
    if kind == "<f4" and len(shape) == 2 and shape[0] == 10 and 4 * shape[0] * shape[1] == size:
        order = "F" if transposed else "C"
        np.testing.assert_array_equal(result, np.arange(size // 4).reshape(shape, order=order))
    else:
        assert result is None


def places(value, path=()):
    """The path of every value in nested mappings and lists."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@pytest.fixture(scope="module")
def model_parts(folder):
    """The members of a saved model."""
    write_small_model(folder / "parts.keras")
    with zipfile.ZipFile(folder / "parts.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


small_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 12)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["keras", "Lambda"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@fuzz(100)
@given(st.data())
def test_a_model_of_another_kind_is_refused(folder, model_parts, data):
    # Catches: exceptions of Keras and HDF5 that do not name the file, a model of another class; with checksums that are
    # right. (Other weights cannot be noticed.)
    parts = dict(model_parts)
    name = data.draw(st.sampled_from(list(parts)))
    if name == "config.json" and data.draw(st.booleans()):
        config = json.loads(parts[name])
        path = data.draw(st.sampled_from([path for path in places(config) if path]))
        place = config
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = data.draw(small_values)
        parts[name] = json.dumps(config).encode()
    else:
        parts[name] = data.draw(damaged(parts[name]))
    path = folder / "model.keras"
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in parts.items():
            archive.writestr(member, content)
    model = attempt(load_model, path)
    assert model is None or type(model) is TokenClassifier


# The config. YAML has more than JSON: dates, bytes, keys of all types, numbers of any length, and values within
# themselves.

endless = []
endless.append(endless)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


odd = st.sampled_from([endless, [endless, endless], b"\xff", {1, 2}])
# Made when they are drawn, because Hypothesis cannot print them.
huge = st.just(5000).map((10).__pow__)
deep = st.sampled_from([400, 5000]).map(nested)
near = [
    0,
    1,
    -1,
    2**32,
    1.0,
    0.0,
    1.5,
    "1",
    "glove",
    "http://[",
    "http://a",
    "file://",
    "\0",
    "~",
    "x50d",
    "9" * 5000 + "d",
    2**63,
    -(2**63),
    10**400,
    -(10**400),
]
keys = st.text(max_size=5) | st.integers() | st.booleans() | st.none() | huge | st.dates() | st.floats()
yaml_values = st.recursive(
    st.sampled_from(near)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | odd
    | huge
    | deep,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.sampled_from(list(CONFIG)), inner, max_size=3)
    ),
    max_leaves=6,
)


def problems_in_time(config):
    problems = attempt(problems_of, config)
    assert isinstance(problems, list)
    assert all(printable(line) == line for line in problems)
    return problems


def check_ranges(config):
    """What the jobs rely on, whatever the classes of the config say."""

    def whole(value, least=1):
        assert type(value) is int
        assert value >= least

    assert config.backend in ("jax", "tensorflow")
    assert 0 < config.split.validation_fraction < 1
    for vectorizer in config.vectorizers.values():
        if vectorizer.max_tokens is not None:
            whole(vectorizer.max_tokens, 3)
        whole(vectorizer.min_documents)
        whole(vectorizer.ngrams)
        assert type(vectorizer.strip_html) is bool
    whole(config.glove.dimension)
    for section in (config.corpus, config.glove):
        assert section.sources
        if section.checksum is not None:
            algorithm, digest = section.checksum.split(":")
            assert len(bytes.fromhex(digest)) == {"md5": 16, "sha256": 32}[algorithm]
        else:
            (source,) = section.sources
            assert Path(source.removeprefix("file://")).exists()
    corpus = config.corpus
    assert corpus.read_as in formats.names()
    assert corpus.label_column not in corpus.text_column or corpus.read_as in formats.OF_FOLDERS
    for value in (*corpus.text_column, corpus.label_column, corpus.split_column, corpus.unlabelled):
        assert value != ""
    assert config.seeds
    assert len(set(config.seeds)) == len(config.seeds)
    assert all(type(seed) is int and 0 <= seed < 2**31 for seed in config.seeds)
    assert config.active_variants
    for name in config.active_variants:
        assert config.variants[name].vectorizer in config.vectorizers
        variant = config.variants[name].settings()
        for key in ("units", "batch_size", "epochs", "sequence_length", "patience", "dimension"):
            if variant.get(key) is not None:
                whole(variant[key])
        assert type(variant.get("mask", False)) is type(variant.get("group_by_length", False)) is bool
        assert (variant.get("dimension") is not None) == (variant["features"] == "embedding")
        if "optimizer" in variant:
            assert 0 <= variant["dropout"] < 1
            assert 0 < float(variant["optimizer"]["learning_rate"]) < float("inf")
            assert 0 < float(variant["optimizer"]["epsilon"]) < float("inf")
            assert 0 <= variant["optimizer"]["rho"] < 1


def check_config(config):
    if not problems_in_time(config):
        check_ranges(load_config(config))


places_in_config = [*PATHS, *((*path, 0) for path in LEAVES if type(value_at(path)) is list and value_at(path))]


@pytest.mark.parametrize("path", places_in_config, ids=str)
def test_values_at_the_limits(path):
    # Catches: a limit of the schema that is off by one, or that is missing.
    for value in near:
        check_config(changed(path, value))


@fuzz(800)
@given(st.sampled_from(places_in_config), yaml_values, st.none() | st.tuples(st.sampled_from(PATHS), yaml_values))
@example(("glove", "member"), "9" * 5000 + "d", None)
@example(("glove", "dimension"), 10**5000, None)
@example(("defaults", "optimizer", "learning_rate"), 10**400, None)
def test_any_value_is_right_or_refused(path, value, more):
    # Catches: a value at which the checks themselves fail, with a traceback instead of a message; and a value that they
    # let through though no job can use it.
    config = changed(path, value)
    if more and more[0][: len(path)] != path[: len(more[0])]:
        place = config
        for key in more[0][:-1]:
            place = place[key]
        place[more[0][-1]] = more[1]
    check_config(config)


@fuzz(300)
@given(yaml_values | st.dictionaries(st.sampled_from(list(CONFIG)) | keys, yaml_values))
@example({"defaults": None, "variants": None})
@example({"defaults": None})
def test_anything_else_than_a_config_is_refused(value):
    # Catches: a file that is no mapping at all, or hardly one.
    assert problems_in_time(value)
