"""Word vectors from the reviews: what they learn, for which tokens, and that a seed decides them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import train_cbow
from wordorder.data.encoded import read_encoded, write_encoded
from wordorder.vectors.cbow import TokenStreams, cbow_matrix

SETTINGS = {"dimension": 8, "window": 2, "negative": 5, "epochs": 20}
# Tokens 2 to 5 stand between tokens 10 to 13, tokens 6 to 9 between tokens 14 to 17.
VOCABULARY = 20


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Labelled and unlabelled reviews: the tokens 6 to 9 and what is around them occur in the latter only."""
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("encoded")
    paths = [folder / "train.arrow", folder / "unlabelled.arrow"]
    for path, group, label in zip(paths, (0, 1), (1, -1), strict=True):
        sequences = [np.empty(0, np.int32)]
        for _ in range(600):
            review = rng.integers(10 + 4 * group, 14 + 4 * group, 9)
            review[1::3] = rng.integers(2 + 4 * group, 6 + 4 * group, 3)
            sequences.append(review.astype(np.int32))
        # A token that is met once.
        sequences.append(np.array([18], np.int32))
        write_encoded(
            path,
            [str(i) for i in range(len(sequences))],
            [label] * len(sequences),
            sequences,
            ["neg", "pos"] if label == 1 else [],
        )
    return paths


def matrix_of(files, seed=1, **changes):
    return cbow_matrix([read_encoded(path) for path in files], VOCABULARY, **{**SETTINGS, **changes}, seed=seed)


def test_tokens_that_stand_in_like_places_are_alike(files):
    # Catches: rows of other tokens (gensim sorts them by frequency), unlabelled reviews that are not read, a skip-gram
    # or a training that does not train.
    matrix = matrix_of(files)
    assert matrix.dtype == np.float32
    assert matrix.shape == (VOCABULARY, 8)
    unit = matrix[2:10] / np.linalg.norm(matrix[2:10], axis=1, keepdims=True)
    alike = unit @ unit.T
    within = np.concatenate([alike[:4, :4].ravel(), alike[4:, 4:].ravel()])
    assert within.min() > alike[:4, 4:].max() + 0.2


def test_rows_of_padding_and_of_rare_tokens(files):
    # Catches: a vector for padding, an error where a token never occurs, a rare token left without a start or given a
    # row as large as those that were learned.
    matrix = matrix_of(files)
    norms = np.linalg.norm(matrix, axis=1)
    assert not matrix[[0, 1, 19]].any()
    assert 0 < norms[18] < 0.5 * norms[2:18].min()
    assert matrix[2:19].std() == pytest.approx(0.3, rel=1e-3)


def test_a_seed_decides_all_bytes(files, tmp_path, capsys):
    # Catches: vectors that hang on the hash seed of the process or on threads, and a seed or settings without effect.
    (tmp_path / "vocabulary.json").write_text(json.dumps(["", "[UNK]", *map(str, range(2, VOCABULARY))]))
    code = (
        "import sys, json; from pathlib import Path; import train_cbow; a = json.loads(sys.argv[1]); "
        "train_cbow.main([Path(p) for p in a[0]], Path(a[1]), Path(a[2]), **a[3], seed=1)"
    )
    scripts = str(Path(train_cbow.__file__).parent)
    for seed in ("1", "2"):
        arguments = [[*map(str, files)], str(tmp_path / "vocabulary.json"), str(tmp_path / f"{seed}.npy"), SETTINGS]
        run = subprocess.run(
            [sys.executable, "-B", "-c", code, json.dumps(arguments)],
            env={**os.environ, "PYTHONPATH": scripts, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stdout == "1204 reviews with 10802 tokens\n"
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()
    first = np.load(tmp_path / "1.npy")
    np.testing.assert_array_equal(first, matrix_of(files))
    for changes in ({"seed": 2}, {"window": 1}, {"negative": 2}, {"epochs": 2}):
        assert not np.array_equal(first, matrix_of(files, **changes))


def test_an_empty_file_of_unlabelled_reviews(files, tmp_path):
    # Catches: an error where the archive has none.
    write_encoded(tmp_path / "unlabelled.arrow", [], [], [], [])
    np.testing.assert_array_equal(matrix_of([files[0], tmp_path / "unlabelled.arrow"]), matrix_of(files[:1]))


def test_long_reviews_are_read_to_their_end(files, tmp_path):
    # Catches: what gensim leaves out of a text of more than 10,000 tokens, without a word.
    tokens = np.arange(25_000, dtype=np.int32)
    write_encoded(tmp_path / "long.arrow", ["0"], [1], [tokens], ["neg", "pos"])
    pieces = list(TokenStreams([read_encoded(path) for path in (tmp_path / "long.arrow", files[0])]))
    assert list(map(len, pieces[:3])) == [10_000, 10_000, 5_000]
    assert np.concatenate(pieces[:3]).tolist() == tokens.tolist()
    assert len(pieces) == 3 + 601
