"""Encoded reviews on disk: what was written comes back, without being loaded, or the file is refused."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.data.encoded import SCHEMA, EncodedReviews, read_encoded, write_encoded
from wordorder.io.errors import InputError

INT32_MAXIMUM = 2**31 - 1
CLASSES = ["neg", "pos"]
reviews = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(0, 1),
    st.lists(st.integers(0, INT32_MAXIMUM), max_size=30),
)


def write(path, rows):
    ids, labels, sequences = zip(*rows, strict=True)
    write_encoded(path, list(ids), list(labels), [np.array(sequence, np.int32) for sequence in sequences], CLASSES)


def rows_of(data):
    bounds = zip(data.offsets[:-1], data.offsets[1:], strict=True)
    sequences = [data.tokens[start:stop].tolist() for start, stop in bounds]
    return list(zip(data.ids, data.labels.tolist(), sequences, strict=True))


@pytest.fixture
def good(tmp_path):
    """A file of 30 reviews."""
    path = tmp_path / "good.arrow"
    write(path, [(f"train/pos/{i}_9", i % 2, list(range(i))) for i in range(30)])
    return path


@settings(max_examples=100)
@given(st.lists(reviews, min_size=1, max_size=20))
def test_what_was_written_comes_back(tmp_path_factory, rows):
    # Catches: reviews that run into each other, empty ones lost, names or big numbers changed, labels of another type.
    path = tmp_path_factory.mktemp("encoded") / "train.arrow"
    write(path, rows)
    data = read_encoded(path)
    assert rows_of(data) == rows
    assert (data.tokens.dtype, data.labels.dtype, data.offsets.dtype) == (np.int32, np.int32, np.int64)


def test_nothing_but_empty_reviews(tmp_path):
    # Catches: an empty array of tokens, which cannot be mapped, taken for damage.
    path = tmp_path / "train.arrow"
    write(path, [("a", 0, []), ("b", 1, [])])
    assert rows_of(read_encoded(path)) == [("a", 0, []), ("b", 1, [])]


@given(st.lists(st.integers(0, 50), max_size=20), st.none() | st.integers(1, 60))
def test_lengths(lengths, cut):
    # Catches: lengths of the whole reviews where they are cut, or the other way round.
    data = EncodedReviews([], np.zeros(0), np.zeros(0), np.cumsum([0, *lengths]), CLASSES)
    assert data.lengths(cut).tolist() == [len(range(length)[:cut]) for length in lengths]


def test_tokens_stay_on_disk(tmp_path):
    # Catches: a file read into memory, by any of the libraries, or one that has to be (compressed).
    path = tmp_path / "train.arrow"
    sequence = np.arange(10_000_000, dtype=np.int32)
    write_encoded(path, ["a", "b"], [0, 1], [sequence, sequence[::-1]], CLASSES)
    arrow_before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        data = read_encoded(path)
        held = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - arrow_before
    finally:
        tracemalloc.stop()
    assert held < 1_000_000
    assert not data.tokens.flags.owndata
    assert not data.tokens.flags.writeable
    np.testing.assert_array_equal(data.tokens, np.concatenate([sequence, sequence[::-1]]))


def test_file_can_be_replaced_while_it_is_read(good):
    # Catches: writing into the file that is there, under the feet of a training that has it mapped.
    data = read_encoded(good)
    before = rows_of(data)
    write(good, [("other", 1, [7] * 10_000)])
    assert rows_of(data) == before
    assert rows_of(read_encoded(good)) == [("other", 1, [7] * 10_000)]


def test_columns_of_different_lengths(tmp_path):
    # Catches: a file in which the labels belong to other reviews.
    with pytest.raises(ValueError, match="same length"):
        write_encoded(tmp_path / "train.arrow", ["a", "b"], [0], [np.array([1], np.int32)] * 2, CLASSES)
    assert list(tmp_path.iterdir()) == []


def refused(path):
    with pytest.raises(InputError) as caught:
        read_encoded(path)
    assert str(path) in str(caught.value)
    assert "Delete it and run again" in str(caught.value)
    return str(caught.value)


def test_every_truncation_is_refused(good):
    # Catches: half a file taken for a small one, and exceptions that do not name it.
    content = good.read_bytes()
    for size in [*range(0, len(content), 61), len(content) - 1]:
        good.with_name("half.arrow").write_bytes(content[:size])
        refused(good.with_name("half.arrow"))


def write_table(path, columns, schema=None):
    table = pa.table(columns, schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    "columns",
    [
        {"text": ["a"]},
        {"id": ["a"], "label": [1]},
        {"id": ["a"], "label": [1], "tokens": ["a"]},
        {"id": ["a"], "label": [1], "tokens": [[1, 2]]},
        {"id": [1], "label": ["a"], "tokens": [[1, 2]]},
    ],
)
def test_other_columns_are_refused(tmp_path, columns):
    # Catches: a file of something else, or of numbers of another size, that fails or misleads further on.
    path = tmp_path / "train.arrow"
    write_table(path, columns)
    message = refused(path)
    assert all(name in message for name in columns)


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ('["neg", "pos"]', [0, 2]),
        ('["neg", "pos"]', [-1, 1]),
        ("[]", [0, 1]),
        ('["pos", "neg"]', [0, 1]),
        ('["neg", "neg"]', [0, 1]),
        ('["neg", 1]', [0, 1]),
        ('{"neg": 0}', [0, 1]),
        ('["neg", "\\ud800"]', [0, 1]),
        ("[" * 100_000, [0, 1]),
        ("neg", [0, 1]),
        (None, [0, 1]),
    ],
)
def test_labels_of_no_class_are_refused(tmp_path, classes, labels):
    # Catches: labels that number no class, or classes in another order; unlabelled reviews among the others.
    columns = {"id": ["a", "b"], "label": labels, "tokens": [[1], [2]]}
    write_table(tmp_path / "train.arrow", columns, SCHEMA.with_metadata({"classes": classes} if classes else None))
    refused(tmp_path / "train.arrow")


@pytest.mark.parametrize("missing", ["id", "label", "tokens"])
def test_missing_values_are_refused(tmp_path, missing):
    # Catches: a review without tokens or name that is taken for an empty one, or fails further on.
    path = tmp_path / "train.arrow"
    columns = {"id": ["a", "b"], "label": [0, 1], "tokens": [[1], [2]]}
    columns[missing][1] = None
    write_table(path, columns, SCHEMA.with_metadata({"classes": '["neg", "pos"]'}))
    refused(path)


def test_no_file_is_refused(tmp_path):
    # Catches: an exception that does not say which file was wanted.
    refused(tmp_path / "train.arrow")
    refused(tmp_path)


def test_no_reviews_are_not_half_a_file(tmp_path):
    # Catches: an archive without unlabelled reviews that is refused, and a file that ends after its schema that is not.
    write_encoded(tmp_path / "unlabelled.arrow", [], [], [], [])
    assert rows_of(read_encoded(tmp_path / "unlabelled.arrow")) == []
    schema = SCHEMA.with_metadata({"classes": "[]"})
    write_table(tmp_path / "none.arrow", {"id": [], "label": [], "tokens": []}, schema)
    refused(tmp_path / "none.arrow")
