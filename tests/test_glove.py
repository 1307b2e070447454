"""Looking up pretrained vectors: the right numbers for the right tokens, or the number of the bad line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build_glove_matrix
from wordorder.data.vectorizer import write_vocabulary
from wordorder.io.errors import InputError
from wordorder.vectors.glove import glove_matrix, missing_tokens

SPECIAL = ["", "[UNK]"]
MAXIMUM = float(np.finfo(np.float32).max)
numbers = st.floats(-MAXIMUM, MAXIMUM)
vectors_of_three = st.tuples(numbers, numbers, numbers)
# Characters at which str.split and str.splitlines break are among the likely ones.
characters = st.one_of(
    st.sampled_from("ab.\x85\xa0\u2028\x1c\x0b\t"), st.characters(exclude_categories=["Cs"], exclude_characters=" \n")
)
words = st.text(characters, min_size=1)


def lookup(folder, content: bytes, tokens, dimension=2):
    path = folder / "glove.txt"
    path.write_bytes(content)
    return glove_matrix(path, [*SPECIAL, *tokens], dimension)


def lines(entries, end="\n"):
    return "".join(f"{word} {' '.join(map(repr, vector))}{end}" for word, vector in entries).encode()


def chapter_matrix(path, vocabulary, embedding_dim):
    """The two loops of listings 11.18 and 11.19."""
    embeddings_index = {}
    with path.open(encoding="utf-8", newline="\n") as f:
        for line in f:
            word, coefs = line.split(maxsplit=1)
            embeddings_index[word] = np.fromstring(coefs, "f", sep=" ")
    embedding_matrix = np.zeros((len(vocabulary), embedding_dim))
    for i, word in enumerate(vocabulary):
        if word in embeddings_index:
            embedding_matrix[i] = embeddings_index[word]
    return embedding_matrix


@settings(max_examples=100)
@given(
    # The chapter would give the unknown token a vector, if the file had one of its name.
    st.dictionaries(
        words.filter(lambda word: word.split() == [word] and word not in SPECIAL), vectors_of_three, min_size=1
    ),
    st.data(),
)
def test_same_matrix_as_the_loops_of_the_chapter(tmp_path_factory, entries, data):
    # Catches: rows of other tokens, numbers in another order, other rounding.
    folder = tmp_path_factory.mktemp("glove")
    tokens = data.draw(st.lists(words | st.sampled_from(sorted(entries)), unique=True))
    tokens = [token for token in tokens if token not in SPECIAL]
    matrix, _ = lookup(folder, lines(entries.items()), tokens, 3)
    np.testing.assert_array_equal(matrix, chapter_matrix(folder / "glove.txt", [*SPECIAL, *tokens], 3))


@settings(max_examples=100)
@given(st.dictionaries(words, vectors_of_three, min_size=1), st.sampled_from(["\n", "\r\n"]), st.data())
def test_values_are_those_of_float_rounded_to_float32(tmp_path_factory, entries, end, data):
    # Catches: words broken or stripped at Unicode whitespace, line ends taken for numbers, a lost last line.
    tokens = data.draw(st.lists(words | st.sampled_from(sorted(entries)), unique=True))
    tokens = [token for token in tokens if token not in SPECIAL]
    content = lines(entries.items(), end)
    if data.draw(st.booleans()):
        content = content.removesuffix(end.encode())
    matrix, found = lookup(tmp_path_factory.mktemp("glove"), content, tokens, 3)
    assert matrix.dtype == np.float32
    assert found.dtype == bool
    assert found.tolist() == [False, False, *(token in entries for token in tokens)]
    for row, token in zip(matrix[2:], tokens, strict=True):
        assert row.tolist() == [np.float32(float(repr(x))) for x in entries.get(token, (0, 0, 0))]


def test_padding_and_unknown_are_zero_even_if_the_file_has_them(tmp_path):
    # Catches: a vector for padding, which would no longer be nothing, or for all unknown words.
    matrix, found = lookup(tmp_path, b"[UNK] 1 2\n 3 4\na 5 6\n", ["a"])
    assert matrix.tolist() == [[0, 0], [0, 0], [5, 6]]
    assert found.tolist() == [False, False, True]


def test_words_may_hold_spaces(tmp_path):
    # Catches: refusing or misreading glove.840B, where a few words do.
    content = b". . . 1 2\nat name@domain.com 3 4\nat 5 6\n. 7 8\nto infinity 9 0\n"
    matrix, found = lookup(tmp_path, content, ["at", ". . .", ".", "to infinity"])
    assert matrix[2:].tolist() == [[5, 6], [1, 2], [7, 8], [9, 0]]
    assert found.tolist() == [False, False, True, True, True, True]


def test_lines_of_other_words_are_not_parsed(tmp_path):
    # Catches: decoding or parsing the whole file, which takes many times as long.
    matrix, _ = lookup(tmp_path, b"\xff\xfe 1 2\nb c d\na 3 4\n", ["a"])
    assert matrix[2].tolist() == [3, 4]


@pytest.mark.parametrize("end", [b"\n", b" \n", b" \r\n"])
@pytest.mark.parametrize("header", [b"", b"3 2", b"007 2", b"0 2"])
def test_text_files_of_word2vec_and_fasttext(tmp_path, header, end):
    # Catches: a header taken for a word or refused, a word that is a number taken for a header, spaces at the ends of
    # lines, which word2vec writes, taken for numbers.
    content = end.join([*([header] if header else []), b"a 1 2", b"3 4 5", b"b 6 7", b""])
    matrix, found = lookup(tmp_path, content, ["b", "3", "a", "7"])
    assert matrix[2:].tolist() == [[6, 7], [4, 5], [1, 2], [0, 0]]
    assert found.tolist() == [False, False, True, True, True, False]


def test_a_vector_of_one_number_is_no_header(tmp_path):
    # Catches: the vector of the word "7" lost.
    matrix, _ = lookup(tmp_path, b"7 1\na 2\n", ["a", "7"], dimension=1)
    assert matrix[2:].tolist() == [[2], [1]]


def test_the_first_of_several_vectors_counts(tmp_path):
    # Catches: a file of fastText refused for a word that it has twice, and the rarer of two spellings in its place.
    matrix, _ = lookup(tmp_path, b"a 1 2\nb 3 4\na 5 6\na x y\n", ["a", "b"])
    assert matrix[2:].tolist() == [[1, 2], [3, 4]]


def test_file_without_any_token_gives_zeros(tmp_path):
    # Catches: taking "no token has a vector" for an error.
    matrix, found = lookup(tmp_path, b"b 1 2\n", ["a"])
    assert not matrix.any()
    assert not found.any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Of wanted words (a) and others (b): wrong number of fields.
        (b"b 1 2\na 1\n", "line 2: .* 1 numbers, but glove.dimension in the config is 2"),
        (b"b 1 2\nb 1\n", "line 2: .* 1 numbers, but glove.dimension in the config is 2"),
        (b"a 1 2 3\n", "line 1: .* 3 numbers, but glove.dimension in the config is 2"),
        (b"b -1.5 2e-3 3 4\r\n", "line 1: .* 4 numbers, but glove.dimension in the config is 2"),
        (b". . 1 2 3\n", "line 1: .* 3 numbers, but glove.dimension in the config is 2"),
        (b"7 1 2 3\n", "line 1: .* 3 numbers, but glove.dimension in the config is 2"),
        (b"a 1 2\n400000 2\n", "line 2: .* 1 numbers"),
        (b"400000 300\na 1 2\n", "line 1: the vectors have 300 numbers, but glove.dimension in the config is 2"),
        (b"400000 2 \na 1 2 3 \n", "line 2: .* 3 numbers, but glove.dimension in the config is 2"),
        (b"9" * 5000 + b" 300\n", "line 1: the vectors have 300 numbers"),
        (b"1 " + b"9" * 5000 + b"\n", "line 1: "),
        (b"a 1 2\nb", "line 2: there is no number"),
        (b"a 1 2\nb \n", "line 2: there is no number"),
        (b"a 1 2\n\nb 1 2\n", "line 2: there is no number"),
        (b"a 1 2\n\n", "line 2: there is no number"),
        (b"a 1 2\n\r\n", "line 2: there is no number"),
        (b"\n", "line 1: there is no number"),
        # Bad numbers.
        (b"b 1 2\na 1 x\n", "line 2: .*'x"),
        (b"a 1 \n", "line 1: .* 1 numbers, but glove.dimension in the config is 2"),
        (b"a  2\n", "line 1: could not convert"),
        (b"a 1 \xff\n", "line 1: could not convert"),
        (b"a nan 2\n", "line 1: not a finite float32 number: b'nan'"),
        (b"a 1 -inf\n", "line 1: not a finite float32 number: b'-inf"),
        (b"a 1e39 2\n", "line 1: not a finite float32 number: b'1e39'"),
        # The rest.
        (b"", "has no vectors"),
        (b"400000 2\n", "has no vectors"),
    ],
)
def test_a_bad_line_is_named(tmp_path, content, message):
    # Catches: vectors that are made up, cut or overwritten, and errors without their place or with NumPy's warnings.
    with pytest.raises(InputError, match=message) as caught:
        lookup(tmp_path, content, ["a"])
    assert str(tmp_path / "glove.txt") in str(caught.value)


def test_missing_tokens_are_the_most_frequent_ones():
    # Catches: listing padding and unknown, the rarest tokens, or those that have a vector.
    tokens = [*SPECIAL, "the", "a", "br", "zombiefest", "xx"]
    found = np.array([False, False, True, False, False, True, False])
    assert missing_tokens(tokens, found, count=2) == ["a", "br"]
    assert missing_tokens(tokens, found) == ["a", "br", "xx"]
    assert missing_tokens([*SPECIAL, *map(str, range(30))], np.zeros(32, bool)) == [str(i) for i in range(20)]


WORDS = {"film": [0.0, 1.0, 2.5], "warm": [1.0, -2.0, 3.0], "café": [2.0, 3.0, 4.0]}


def binary(words, end=b"\n"):
    """Vectors as word2vec writes them in its binary form."""
    header = f"{len(words)} {len(next(iter(words.values())))}\n".encode()
    return header + b"".join(word.encode() + b" " + np.array(row, "<f4").tobytes() + end for word, row in words.items())


@pytest.mark.parametrize(
    "content",
    [
        binary(WORDS),
        binary(WORDS, end=b""),
        b"\xef\xbb\xbf" + lines(WORDS.items()),
        lines(WORDS.items()).replace(b" ", b"\t"),
        lines(WORDS.items()).replace(b" ", b"   "),
        b"3 3\n" + lines(WORDS.items(), end=" \n"),
    ],
    ids=["binary", "binary without line ends", "byte order mark", "tabs", "spaces", "word2vec"],
)
def test_other_forms_of_vectors(tmp_path, content):
    # Catches: a first word that is lost, binary numbers read as text, fields that are shifted.
    matrix, found = lookup(tmp_path, content, [*WORDS, "other"], 3)
    assert found.tolist() == [False, False, True, True, True, False]
    assert matrix[2:].tolist() == [*WORDS.values(), [0, 0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (binary(WORDS)[:-3], "word 3: the file ends within a vector"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "fastText's own binary format; take its file of text"),
        (binary({"film": [1.0, float("nan"), 2.0]}), "word 1: a number is not finite"),
    ],
)
def test_bad_binary_vectors_are_named(tmp_path, content, message):
    # Catches: numbers made of what is no vector, a traceback, half a file that is taken for a whole one.
    with pytest.raises(InputError, match=message):
        lookup(tmp_path, content, list(WORDS), 3)


def test_vectors_of_other_words_are_refused(tmp_path, capsys):
    # Catches: a training on nothing but zeros, because the words of the vectors are in capitals.
    write_vocabulary(tmp_path / "vocabulary.json", ["", "[UNK]", *WORDS, *(f"other{i}" for i in range(20))])
    vectors = tmp_path / "glove.txt"
    vectors.write_bytes(lines((word.upper(), row) for word, row in WORDS.items()))
    files = vectors, tmp_path / "vocabulary.json", tmp_path / "glove.npy"
    with pytest.raises(InputError, match="has a vector for none of the 23 tokens"):
        build_glove_matrix.main(*files, dimension=3)
    assert not files[2].exists()
    vectors.write_bytes(lines(WORDS.items()))
    build_glove_matrix.main(*files, dimension=3)
    assert "Warning: only 3 of the 23 tokens" in capsys.readouterr().err
