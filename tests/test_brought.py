"""What people bring: public corpora in the shapes in which they are found, and what is made of each.

The texts are invented. Each test goes from the config through the download to the split.
"""

import csv
import io
import json
import zipfile
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import COMPRESS, FILES, excel, tar_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.config import Corpus
from wordorder.data.corpus import read_corpus
from wordorder.data.download import fetch
from wordorder.data.reviews import read_reviews
from wordorder.data.split import split_corpus
from wordorder.io.errors import InputError

GOOD = ["a warm and funny film", "the cast is superb", "I would watch it again", "clever, moving and bright"]
BAD = ["a dull and endless film", "the plot makes no sense", "I left after an hour", "loud, flat and cold"]


def rows(n):
    """`n` different texts, half of each class."""
    return [
        (f"{(GOOD if i % 2 else BAD)[i // 2 % 4]} number {i}, it was said", "pos" if i % 2 else "neg") for i in range(n)
    ]


DATA = rows(200)


def table(path, data=DATA, header=("text", "label"), separator=",", encoding="utf-8", end="\n"):
    """Write a table with a separator of its own; return its path."""
    path.write_text(table_text(data, header, separator, end), encoding=encoding, newline="")
    return str(path)


def table_text(data=DATA, header=("text", "label"), separator=",", end="\n"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows([*([header] if header else []), *data])
    return text.getvalue()


def split(folder, source, *, keep_copies_together=False, **keys):
    """Split a corpus as the rules do; return the rows of each split."""
    given = {"sources": [source]} if isinstance(source, str) else {"sources": ["none"], "splits": source}
    corpus = Corpus(**{"checksum": None, **given, **keys})
    assert list(corpus.problems()) == []
    run = folder / "run"
    for number, file in enumerate(corpus.files):
        fetch(file.sources, run / str(number), file.checksum)
    targets = [run / f"{name}.parquet" for name in FILES]
    split_corpus(
        [run / str(number) for number in range(len(corpus.files))],
        *targets,
        run / "corpus.csv",
        splits=[file.split for file in corpus.files if file.split],
        layout=corpus.layout(),
        min_texts_per_class=corpus.min_texts_per_class,
        keep_copies_together=keep_copies_together,
        test_fraction=0.2,
        validation_fraction=0.2,
        seed=1,
    )
    return {path.stem: read_reviews(path).to_pylist() for path in targets}


def sizes(splits):
    return [len(splits[name]) for name in ("train", "validation", "test")]


def classes(splits):
    """The classes, and how many texts each has."""
    return dict(Counter(row["label"] for part in splits.values() for row in part))


def all_texts(splits):
    return {row["text"] for part in splits.values() for row in part}


HALVES = {"neg": 100, "pos": 100}


@pytest.mark.parametrize(
    ("name", "writing", "keys"),
    [
        ("reviews.tsv", {"separator": "\t"}, {}),
        # Of a German Excel.
        ("semicolon.csv", {"separator": ";", "encoding": "utf-8-sig", "end": "\r\n"}, {}),
        ("hashes.csv", {"separator": "#"}, {"separator": "#"}),
    ],
)
def test_separators(tmp_path, name, writing, keys):
    # Catches: a table of another separator that is refused, or whose first column is called otherwise.
    found = split(tmp_path, table(tmp_path / name, **writing), **keys)
    assert classes(found) == HALVES
    assert all_texts(found) == {text for text, _ in DATA}
    assert sizes(found) == [128, 32, 40]


def test_a_table_in_latin_1(tmp_path):
    # Catches: letters that are lost, a refusal that names neither the line nor the key.
    source = table(tmp_path / "latin1.csv", [(f"{text} café", label) for text, label in DATA], encoding="latin-1")
    assert all("café" in text for text in all_texts(split(tmp_path, source, encoding="latin-1")))
    with pytest.raises(InputError, match=r"line 2: not UTF-8 .*corpus\.encoding"):
        split(tmp_path, source)


def test_a_table_without_a_header(tmp_path):
    # Catches: a first row that is taken for names and lost, numbers that begin elsewhere, one of two texts that is left
    # out; a separator that is taken from a comma in a text.
    source = table(tmp_path / "a.csv", [(2, text[:12], text) for text, _ in DATA] + [(1, "", "b")] * 10, header=None)
    keys = {"header": False, "text_column": [1, 2], "label_column": 0}
    found = split(tmp_path, source, **keys)
    assert classes(found) == {"2": 200, "1": 10}
    assert all_texts(found) == {f"{text[:12]} {text}" for text, _ in DATA} | {"b"}
    tabs = table(tmp_path / "b.csv", [(label, text) for text, label in DATA], header=None, separator="\t")
    assert all_texts(split(tmp_path, tabs, **keys | {"text_column": 1})) == {text for text, _ in DATA}
    with pytest.raises(InputError, match="no column '3'; its columns are: '0', '1', '2'"):
        split(tmp_path, source, **keys | {"text_column": 3})


def test_json_lines(tmp_path):
    # Catches: numbers that are no classes, or are written otherwise than in the file.
    path = tmp_path / "reviews.jsonl"
    path.write_text("".join(json.dumps({"stars": 5.0 if c == "pos" else 1.0, "text": t}) + "\n" for t, c in DATA))
    assert classes(split(tmp_path, str(path), label_column="stars")) == {"1.0": 100, "5.0": 100}


def test_fasttext(tmp_path):
    # Catches: a class within the text, a text of several classes that gets the first, a line without one.
    path = tmp_path / "fasttext.txt"
    lines = [f"__label__{label}{' ' if i % 2 else chr(9)}{text}\n" for i, (text, label) in enumerate(DATA)]
    path.write_text("".join(lines))
    found = split(tmp_path, str(path), format="fasttext")
    assert classes(found) == HALVES
    assert all_texts(found) == {text for text, _ in DATA}
    for line, message in [
        ("__label__a __label__b x\n", "line 201: .*has one class"),
        ("x\n", "line 201: .*begin with"),
    ]:
        path.write_text("".join([*lines, line]))
        with pytest.raises(InputError, match=message):
            split(tmp_path, str(path), format="fasttext")


def zip_of_one(content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Reviews Dataset.csv", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("ending", "compress"),
    [*((f".csv{ending}", compress) for ending, compress in COMPRESS.items()), (".zip", zip_of_one)],
)
def test_compressed_tables(tmp_path, ending, compress):
    # Catches: a file that has to be unpacked first, a format that has to be named, half a file that is read.
    path = tmp_path / f"reviews{ending}"
    content = compress(table_text().encode())
    path.write_bytes(content)
    assert classes(split(tmp_path, str(path))) == HALVES
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"is damaged|not a complete"):
        split(tmp_path, str(path))


def test_excel(tmp_path):
    # Catches: numbers with a point that nobody has written, texts that look like numbers and are refused, another sheet
    # that is left out without a word.
    pages = [[("text", "stars"), *((text, 5 if label == "pos" else 1) for text, label in DATA), (10, 5)], [("x",)]]
    (tmp_path / "a.xlsx").write_bytes(excel(pages))
    found = split(tmp_path, str(tmp_path / "a.xlsx"), label_column="stars")
    assert classes(found) == {"1": 100, "5": 101}
    assert all_texts(found) == {text for text, _ in DATA} | {"10"}


def test_classes_of_hugging_face(tmp_path):
    # Catches: numbers in place of the names that the file has for them, -1 (no class) that is one, or is the last name.
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}

    def write(labels):
        columns = {"text": [text for text, _ in DATA], "label": pa.array(labels)}
        pq.write_table(pa.table(columns).replace_schema_metadata(metadata), tmp_path / "a.parquet")

    write([int(label == "pos") for _, label in DATA])
    found = split(tmp_path, str(tmp_path / "a.parquet"))
    assert {row["label"] for part in found.values() for row in part if "superb" in row["text"]} == {"pos"}
    assert classes(found) == HALVES
    write([2 - int(label == "pos") for _, label in DATA])
    with pytest.raises(InputError, match=r"the column label holds 2, and the file has names for 0 to 1 alone\."):
        split(tmp_path, str(tmp_path / "a.parquet"))
    # The names are left over from numbers.
    write([label for _, label in DATA])
    assert classes(split(tmp_path, str(tmp_path / "a.parquet"))) == HALVES
    write([-1] * len(DATA))
    with pytest.raises(InputError, match=r"row 1 .*nothing in the column label"):
        split(tmp_path, str(tmp_path / "a.parquet"))


# Several files.


def test_a_file_for_each_split(tmp_path):
    # Catches: the second of two files that is taken for a copy of the first, and left out without a word.
    test_rows = [(text.replace("said", "heard"), label) for text, label in rows(100)]
    train, test = table(tmp_path / "two_train.csv"), table(tmp_path / "two_test.csv", test_rows)
    found = split(tmp_path, {"train": [train], "test": [test]})
    assert sizes(found) == [160, 40, 100]
    assert {row["text"] for row in found["test"]} == {text for text, _ in test_rows}
    assert all(row["id"].startswith("test/2/") for row in found["test"])
    # They also have the column of the split, or other contents than the checksum says.
    corpus = Corpus(sources=["none"], checksum=None, splits={"train": [train]}, split_column="part")
    assert [key for key, _ in corpus.problems()] == ["corpus.split_column"]


def test_shards_and_folders_of_tables(tmp_path):
    # Catches: a shard that is left out, read twice or in another order, rows of two shards with the same name.
    for number in range(11):
        part = {"text": [text for text, _ in DATA[number::11]], "label": [label for _, label in DATA[number::11]]}
        pq.write_table(pa.table(part), tmp_path / f"train-{number:05}-of-00011.parquet")
    found = split(tmp_path, {"train": [f"{tmp_path}/train-*.parquet"]})
    texts = [row for part in found.values() for row in part]
    assert {row["text"] for row in texts} == {text for text, _ in DATA}
    assert len({row["id"] for row in texts}) == len(texts) == 200
    assert {row["id"]: row["text"] for row in texts}["train/02/01"] == DATA[1][0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two_train.csv", "two_test.csv"),
        ("a.csv", "b.csv"),
        ("https://example.org/train.csv", "https://example.org/test.csv"),
        ("https://example.org/train-00000-of-00002.parquet", "https://example.org/train-00001-of-00002.parquet"),
    ],
)
def test_sources_that_are_no_copies(tmp_path, monkeypatch, one, other):
    # Catches: files of one corpus that are written as copies of one; the second would never be read.
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate((one, other)):
        if "://" not in name:
            table(tmp_path / name, rows(10 + number))
    for checksum in (None, "md5:" + "0" * 32):
        ((key, problem),) = Corpus(sources=[one, other], checksum=checksum).problems()
        assert key == "corpus.sources"
        assert f"{one} and {other} are different files" in problem
        assert "corpus.splits" in problem
    if "://" not in one:
        (tmp_path / other).write_bytes((tmp_path / one).read_bytes())
        if one == "a.csv":
            assert list(Corpus(sources=[one, other], checksum="md5:" + "0" * 32).problems()) == []


def test_an_address_of_a_split_needs_a_checksum():
    # Catches: a file of the network that is another one tomorrow.
    address = "https://example.org/train.csv"
    (problem,) = Corpus(sources=["none"], checksum=None, splits={"train": [address]}).problems()
    assert problem == ("corpus.splits.train", f"write #sha256= and what sha256sum says of it after {address}.")
    pinned = Corpus(sources=["none"], checksum=None, splits={"train": [f"{address}#sha256={'0' * 64}"]})
    assert list(pinned.problems()) == []
    assert pinned.files[0][1:] == ([address], f"sha256:{'0' * 64}")
    assert pinned.read_as == "csv"


def test_the_format_follows_the_ending(tmp_path):
    # Catches: a table that is taken for an archive; the ending of a compressed file, or of an address with a query.
    for name, format in [("a.CSV", "csv"), ("a.jsonl.gz", "jsonl"), ("a.tar.gz", "folders"), ("a", "folders")]:
        assert Corpus(sources=[name], checksum=None).read_as == format
    assert Corpus(sources=["https://example.org/a.tsv?download=1"], checksum=None).read_as == "tsv"
    source = table(tmp_path / "a.csv")
    (problem,) = Corpus(sources=[source], checksum=None, format="folders").problems()
    assert problem == ("corpus.format", f"{source} is no archive of texts; write csv, or leave it out.")
    other = table(tmp_path / "b.tsv", separator="\t")
    (problem,) = Corpus(sources=["none"], checksum=None, splits={"train": [source], "test": [other]}).problems()
    assert problem[0] == "corpus.format"


# Folders.


def folder_of(path, members):
    for name, content in members:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return str(path)


def test_a_folder_with_a_dev_split(tmp_path):
    # Catches: a split by another name that is left out without a word.
    parts = [("train", 40), ("dev", 20), ("test", 20)]
    members = [
        (f"{part}/{label}/{i}.txt", f"{text} {part}".encode())
        for part, number in parts
        for i, (text, label) in enumerate(rows(number))
    ]
    assert sizes(split(tmp_path, folder_of(tmp_path / "with_dev", members))) == [40, 20, 20]


def test_files_without_endings_in_latin_1(tmp_path):
    # Catches: a corpus of newsgroups that is refused, by a message that does not name the keys.
    names = {"pos": "rec.autos", "neg": "sci.space"}
    members = [
        (f"{names[label]}/{37000 + i}", f"{text} naïve".encode("latin-1")) for i, (text, label) in enumerate(rows(60))
    ]
    source = folder_of(tmp_path / "newsgroups", members)
    found = split(tmp_path, source, pattern="*", encoding="latin-1")
    assert classes(found) == {"rec.autos": 30, "sci.space": 30}
    assert all("naïve" in text for text in all_texts(found))
    with pytest.raises(InputError, match=r"60 others, such as 'rec\.autos/37001'\. Set corpus\.pattern"):
        split(tmp_path, source)
    with pytest.raises(InputError, match=r"not UTF-8 .*corpus\.encoding"):
        split(tmp_path, source, pattern="*")


@pytest.mark.parametrize(
    ("names", "pattern"),
    [(("rt-polarity.neg", "rt-polarity.pos"), "rt-polarity.*"), (("neg.txt", "pos.txt"), "*.txt")],
)
def test_a_text_on_each_line(tmp_path, names, pattern):
    # Catches: classes by the whole names of files, lines that are lost, a file that is not read without a word.
    content = ["".join(f"{text}\n\n" for text, label in DATA if label == wanted).encode() for wanted in ("neg", "pos")]
    members = [*((f"data/{name}", lines) for name, lines in zip(names, content, strict=True)), ("README", b"no")]
    (tmp_path / "a.tar.gz").write_bytes(tar_bytes(members))
    for source in (str(tmp_path / "a.tar.gz"), folder_of(tmp_path / "folder", members)):
        found = split(tmp_path, source, format="lines", pattern=pattern)
        assert classes(found) == HALVES
        assert all_texts(found) == {text for text, _ in DATA}
    in_splits = [(f"{part}/{name}", lines) for part in ("train", "test") for name, lines in members[:2]]
    (tmp_path / "b.tar").write_bytes(tar_bytes([(n.replace("data/", ""), c) for n, c in in_splits], ""))
    assert sizes(split(tmp_path, str(tmp_path / "b.tar"), format="lines", pattern=pattern)) == [160, 40, 200]


# Classes.


def rare():
    return [*DATA, *((f"neither good nor bad {i}", "mixed") for i in range(5)), ("so so", "meh"), ("well", "so")]


def test_rare_classes(tmp_path, capfd):
    # Catches: a class of five that is refused, classes that are told one at a time, a key that does not help.
    source = table(tmp_path / "rare.csv", rare())
    message = r"too few training reviews of 'meh' \(1\), 'so' \(1\).*corpus\.min_texts_per_class: 2 "
    with pytest.raises(InputError, match=message):
        split(tmp_path, source)
    found = split(tmp_path, source, min_texts_per_class=2)
    assert [sum(row["label"] == "mixed" for row in found[name]) for name in ("train", "validation", "test")] == [
        3,
        1,
        1,
    ]
    assert set(classes(found)) == {"neg", "pos", "mixed"}
    assert "Warning: left out are classes with fewer than 2 reviews" in (told := capfd.readouterr().err)
    assert "'meh' (1), 'so' (1)" in told


def test_labels_with_spaces(tmp_path, capfd):
    # Catches: classes that differ in what nobody sees.
    source = table(tmp_path / "a.csv", [(text, f"{c} " if i % 7 == 0 else c) for i, (text, c) in enumerate(DATA)])
    split(tmp_path, source)
    told = capfd.readouterr().err
    assert "Warning: the classes 'neg', 'neg ' differ in capitals or spaces only" in told
    assert "train: 131 reviews ('neg' 55, 'neg ' 10, 'pos' 56, 'pos ' 10) of 9.6 words on average\n" in told
    assert "unlabelled: none\n" in told


def test_copies(tmp_path, capfd):
    # Catches: test texts that are in training, silently; copies that the option leaves in two splits, or in none.
    source = table(tmp_path / "duplicates.csv", rows(50) * 6)
    split(tmp_path, source)
    told = capfd.readouterr().err
    assert "of the 60 test reviews are also training reviews, word for word" in told
    assert "split.keep_copies_together" in told
    assert "train: 192 reviews ('neg' 96, 'pos' 96) of 9.7 words on average; 192 have the text of another\n" in told
    found = split(tmp_path, source, keep_copies_together=True)
    assert sizes(found) == [192, 48, 60]
    texts = [{row["text"] for row in found[name]} for name in ("train", "validation", "test")]
    assert sum(map(len, texts)) == len(set.union(*texts)) == 50
    assert "Warning" not in capfd.readouterr().err
    with (tmp_path / "run/corpus.csv").open(newline="") as file:
        table_rows = list(csv.DictReader(file))
    assert [row["reviews"] for row in table_rows] == ["96", "96", "24", "24", "30", "30"]
    assert {row["copies_of_training"] for row in table_rows} == {"0"}
    assert [row["copies"] for row in table_rows] == [row["reviews"] for row in table_rows]


def test_texts_without_spaces(tmp_path, capfd):
    # Catches: a sentence that is a single word, silently.
    chinese = {"pos": "很好看的电影我喜欢", "neg": "太无聊了浪费时间"}
    split(tmp_path, table(tmp_path / "chinese.csv", [(f"{chinese[c]}{i}", c) for i, (_, c) in enumerate(DATA)]))
    assert "has 1.0 words on average" in capfd.readouterr().err


def test_many_classes(tmp_path):
    # Catches: a limit of the number of classes.
    data = [(f"words of class {i} in text {j}", f"class{i:02}") for i in range(41) for j in range(12)]
    assert len(classes(split(tmp_path, table(tmp_path / "a.csv", data)))) == 41


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([f"{i / 7:.3f}" for i in range(200)], r"the labels are 200 numbers from 0 to 28\.4.*corpus\.label_column"),
        ([str(i % 90) for i in range(200)], "the labels are 90 numbers from 0 to 89"),
        (["['a', 'b']"] * 100 + ["['a']"] * 100, r"labels such as \"\['a', 'b'\]\" are lists\. A text has one class"),
        (["[0]", "[1]"] * 100, r"labels such as '\[0\]' are lists"),
    ],
)
def test_labels_that_are_no_classes(tmp_path, labels, message):
    # Catches: a class for each number or list, refused as too many or too rare.
    with pytest.raises(InputError, match=message):
        split(tmp_path, table(tmp_path / "a.csv", zip((text for text, _ in DATA), labels, strict=True)))


def test_numbers_that_are_classes(tmp_path):
    # Catches: ratings, or codes of many texts each, that are taken for measurements.
    ratings = [(text, str(i % 10 / 2)) for i, (text, _) in enumerate(DATA)]
    assert len(classes(split(tmp_path, table(tmp_path / "a.csv", ratings)))) == 10
    codes = [(f"{text} {i}", str(100 + i % 30)) for i, (text, _) in enumerate(DATA * 3)]
    assert len(classes(split(tmp_path, table(tmp_path / "b.csv", codes)))) == 30


def test_lists_of_labels_in_json(tmp_path):
    # Catches: a list that is said to be no text, and not what is meant.
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": ["x", "y"]}\n')
    with pytest.raises(InputError, match=r"label is \[.*A text has one class here"):
        split(tmp_path, str(tmp_path / "a.jsonl"))


def test_a_class_without_test_texts_may_be_none(tmp_path):
    # Catches: advice that does not name the key, problems that are told one at a time.
    members = [
        (f"{part}/{label}/{i}.txt", text.encode()) for part in ("train", "test") for i, (text, label) in enumerate(DATA)
    ]
    members += [("train/unsup/1.txt", b"one"), ("train/unsup/2.txt", b"two"), ("test/odd/1.txt", b"odd")]
    source = folder_of(tmp_path / "folder", members)
    with pytest.raises(InputError) as caught:
        split(tmp_path, source, unlabelled=None)
    first, second = str(caught.value).splitlines()
    assert "no review of the class 'odd' in its train split" in first
    assert "no review of the class 'unsup' in its test split" in second
    assert "set corpus.unlabelled: unsup" in second
    assert "corpus.unlabelled" not in first


# Everything about a table at once.

words = st.text("aé \"'\n,;|\t#", max_size=12)
named = st.sampled_from(["pos", "neg", "mixed"])
ENDINGS = {"": lambda content: content} | COMPRESS


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(words, words, named), min_size=1, max_size=150),
    st.sampled_from(",;\t|#"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252"]),
    st.sampled_from(sorted(ENDINGS)),
    st.booleans(),
    st.permutations(["title", "text", "label", "more"]),
)
def test_any_dialect_comes_through(
    tmp_path_factory, data, separator, quoting, end, encoding, compression, header, order
):
    # Catches: a separator, a quote, an encoding, a compression or an order of columns by which a text or a label is
    # lost, cut or another one; a first row that is lost.
    folder = tmp_path_factory.mktemp("dialect")
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator, lineterminator=end, quoting=quoting)
    if header:
        writer.writerow(order)
    for title, text, label in data:
        row = {"title": title, "text": text, "label": label, "more": "x"}
        writer.writerow([row[name] for name in order])
    path = folder / f"a.csv{compression}"
    path.write_bytes(ENDINGS[compression](written.getvalue().encode(encoding)))
    columns = {name: name if header else order.index(name) for name in order}
    corpus = Corpus(
        sources=[str(path)],
        checksum=None,
        encoding=encoding.removesuffix("-sig"),
        # What is found out by the names of columns is not found out without them where texts hold all separators.
        separator=separator if separator == "#" or not header else None,
        header=header,
        text_column=[columns["title"], columns["text"]],
        label_column=columns["label"],
    )
    assert list(corpus.problems()) == []
    found = read_corpus([path], [], **corpus.layout()).texts
    assert [(each.text, each.label) for each in found] == [
        (" ".join(filter(None, [title, text])), label) for title, text, label in data
    ]
