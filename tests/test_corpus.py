"""The split of the corpus: what is read, what is refused, and who goes where."""

import random
import re
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import FILES, FOLDERS, LAYOUT, SPLITS, small_members, tar_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from wordorder.data.reviews import read_reviews
from wordorder.data.split import split_corpus
from wordorder.io.errors import InputError

file_names = st.builds("{}_{}.txt".format, st.integers(0, 120), st.integers(1, 10))
unlabelled_names = st.builds("{}_0.txt".format, st.integers(0, 120))
texts = st.text(st.characters(exclude_categories=["Cs"]))
corpora = st.fixed_dictionaries(
    {folder: st.dictionaries(file_names, texts, min_size=1, max_size=12) for folder in FOLDERS}
    | {"train/unsup": st.dictionaries(unlabelled_names, texts, max_size=12)}
)


def members_of(corpus):
    return [(f"aclImdb/{folder}/{name}", text.encode()) for folder in corpus for name, text in corpus[folder].items()]


def split(folder: Path, archive: bytes, validation_fraction=0.25, seed=1337, test_fraction=0.25):
    """Run split_corpus; return the sizes and, for each split, the rows."""
    path = folder / "aclImdb_v1.tar.gz"
    path.write_bytes(archive)
    targets = [folder / f"{name}.parquet" for name in FILES]
    sizes = split_corpus(
        [path],
        *targets,
        folder / "corpus.csv",
        splits=[],
        layout=LAYOUT,
        min_texts_per_class=0,
        keep_copies_together=False,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    return sizes, {name: pq.read_table(target).to_pylist() for name, target in zip(FILES, targets, strict=True)}


def refused(folder: Path, archive: bytes, message: str, **arguments):
    """Expect an InputError with the archive and `message` in it, and no file written."""
    with pytest.raises(InputError, match=message) as caught:
        split(folder, archive, **arguments)
    assert str(folder / "aclImdb_v1.tar.gz") in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["aclImdb_v1.tar.gz"]


def chapter_split(base: Path, validation_fraction: float, seed: int):
    """The split of the chapter on a real folder, with the names sorted: sets of (class, file name)."""
    result = {name: set() for name in SPLITS}
    for category in ("neg", "pos"):
        files = sorted(path.name for path in (base / "train" / category).iterdir())
        random.Random(seed).shuffle(files)
        # The chapter has no classes so small that it would hold back none.
        num_val_samples = max(1, int(validation_fraction * len(files)))
        for name in files[-num_val_samples:]:
            result["validation"].add((category, name))
            (base / "train" / category / name).unlink()
        result["train"] |= {(category, path.name) for path in (base / "train" / category).iterdir()}
        result["test"] |= {(category, path.name) for path in (base / "test" / category).iterdir()}
    return result


@settings(max_examples=60)
@given(corpora, st.floats(0.01, 0.99), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_split_is_that_of_the_chapter_in_any_order_of_members(tmp_path_factory, corpus, fraction, seed, rng):
    # Catches: a split that depends on the archive's order, another shuffle or share, lost, doubled or changed reviews,
    # unlabelled reviews among the others.
    folder = tmp_path_factory.mktemp("corpus")
    members = members_of(corpus)
    rng.shuffle(members)
    archive = tar_bytes(members, compression="")
    held_back = {name: max(1, int(fraction * len(corpus[f"train/{name}"]))) for name in ("neg", "pos")}
    labelled = [text for name in FOLDERS for text in corpus[name].values()]
    if len(labelled) < 6:
        refused(folder, archive, "2 classes are too many for")
        return
    if not any(text.strip() for text in labelled):
        refused(folder, archive, "all texts are empty")
        return
    if 1 in [len(corpus[f"train/{name}"]) for name in ("neg", "pos")]:
        refused(folder, archive, "too few training reviews of", validation_fraction=fraction, seed=seed)
        return

    sizes, rows = split(folder, archive, fraction, seed)

    for name, content in members:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    expected = chapter_split(folder / "aclImdb", fraction, seed)
    for name in SPLITS:
        part = "test" if name == "test" else "train"
        wanted = [
            {
                "id": f"{part}/{category}/{file_name.removesuffix('.txt')}",
                "label": category,
                "group": "",
                "text": corpus[f"{part}/{category}"][file_name],
            }
            for category, file_name in expected[name]
        ]
        assert rows[name] == sorted(wanted, key=lambda row: (row["label"], row["id"]))
        assert sizes[name] == len(wanted)
    tested = {row["text"] for row in rows["test"]}
    assert rows["unlabelled"] == [
        {"id": f"train/unsup/{name.removesuffix('.txt')}", "label": "", "group": "", "text": text}
        for name, text in sorted(corpus["train/unsup"].items(), key=lambda item: item[0].removesuffix(".txt"))
        if text not in tested
    ]
    # Stratified, disjoint and complete.
    labels = [row["label"] for row in rows["validation"]]
    assert (labels.count("neg"), labels.count("pos")) == (held_back["neg"], held_back["pos"])
    ids = [row["id"] for name in FILES for row in rows[name]]
    copies = sum(text in tested for text in corpus["train/unsup"].values())
    assert len(ids) == len(set(ids)) == len(members) - copies


def test_unlabelled_copies_of_test_reviews_are_left_out(tmp_path):
    # Catches: vectors, or students, that learn from the text of the test; copies of training reviews lost as well.
    content, seen = (next(text for name, text in small_members() if part in name) for part in ("test/", "train/"))
    copies = [("aclImdb/train/unsup/0_0.txt", content), ("aclImdb/train/unsup/1_0.txt", seen)]
    _, rows = split(tmp_path, tar_bytes([*small_members(), *copies]))
    assert [row["text"] for row in rows["unlabelled"]] == [seen.decode()]
    assert content.decode() in [row["text"] for row in rows["test"]]


def test_same_bytes_whatever_the_order_of_the_archive(tmp_path):
    # Catches: rows in the order of the archive, times or paths in the Parquet files.
    members = [*small_members(), *((f"aclImdb/train/unsup/{i}_0.txt", b"") for i in range(4))]
    written = []
    for name, ordered in (("a", members), ("b", members[::-1])):
        (tmp_path / name).mkdir()
        split(tmp_path / name, tar_bytes(ordered))
        written.append([(tmp_path / name / f"{split_name}.parquet").read_bytes() for split_name in FILES])
    assert written[0] == written[1]


def test_another_seed_is_another_split(tmp_path):
    # Catches: a seed that is not used.
    archive = tar_bytes(small_members())
    assert len({split(tmp_path, archive, seed=seed)[1]["validation"][0]["id"] for seed in range(10)}) > 1


def test_columns_have_the_promised_types(tmp_path):
    # Catches: a change of the format that the other rules read, also where there is no review to tell the types from.
    split(tmp_path, tar_bytes(small_members()))
    assert read_reviews(tmp_path / "unlabelled.parquet").to_pylist() == []
    file = pq.ParquetFile(tmp_path / "train.parquet")
    types = [(name, pa.string()) for name in ("id", "label", "group", "text")]
    assert file.schema_arrow == pa.schema(types)
    assert {file.metadata.row_group(0).column(i).compression for i in range(3)} == {"ZSTD"}


@pytest.mark.parametrize(
    "text", ["", "a\x85b\x1c\x00\x0b", "one\r\ntwo\rthree\n", "\ufeffx\u2028 ", "<br />\U0001f3ac"]
)
def test_texts_come_through_unchanged(tmp_path, text):
    # Catches: newline translation, stripping, dropped empty reviews, a swallowed byte order mark.
    members = [(name, text.encode()) for name, _ in small_members()]
    # Not all texts may be empty.
    members[0] = members[0][0], b"a word"
    _, rows = split(tmp_path, tar_bytes(members))
    texts = [row["text"] for name in SPLITS for row in rows[name]]
    texts.remove("a word")
    assert texts == [text] * (len(members) - 1)


def test_everything_outside_the_folders_of_reviews_is_left_out(tmp_path):
    # Catches: reading word lists, features or what macOS hides, or refusing an archive because of them.
    others = [
        ("aclImdb/README", b"\xff"),
        ("aclImdb/imdb.vocab", b"the"),
        ("aclImdb/train/unsupBow.feat", b"0 0:9"),
        ("aclImdb/train/labeledBow.feat", b"9 0:9"),
        ("aclImdb/urls_pos.txt", b"http"),
        ("aclImdb/test/README.txt", b"no"),
        ("elsewhere/train/pos/0_9.txt", b"no"),
        ("aclImdb/train/pos/.DS_Store", b"\xff"),
        ("aclImdb/train/neg/._0_9.txt", b"\xff"),
        ("__MACOSX/aclImdb/train/neg/0_9.txt", b"\xff"),
    ]
    for folder in ("aclImdb", "aclImdb/train/unsup", *(f"aclImdb/{folder}" for folder in FOLDERS)):
        entry = tarfile.TarInfo(f"{folder}/")
        entry.type = tarfile.DIRTYPE
        others.append((entry, b""))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert split(tmp_path / "a", tar_bytes(others + small_members())) == split(
        tmp_path / "b", tar_bytes(small_members())
    )


@pytest.mark.parametrize("missing", FOLDERS)
def test_a_missing_class_folder_is_named(tmp_path, missing):
    # Catches: a split without one of the classes.
    part, label = missing.split("/")
    refused(
        tmp_path,
        tar_bytes(small_members(without=[f"aclImdb/{missing}/"])),
        rf"no review of the class '{label}' in its {part} split",
    )


def test_bytes_of_an_unlabelled_review_that_are_not_utf8_are_named(tmp_path):
    # Catches: less care with what has no label.
    members = [*small_members(), ("aclImdb/train/unsup/7_0.txt", b"\xff")]
    refused(tmp_path, tar_bytes(members), r"aclImdb/train/unsup/7_0\.txt.* byte 0")


def test_one_training_review_cannot_be_split(tmp_path):
    # Catches: `names[-0:]`, which holds everything back.
    members = [*small_members(without=["aclImdb/train/pos/"]), ("aclImdb/train/pos/0_9.txt", b"")]
    refused(tmp_path, tar_bytes(members), r"too few training reviews of 'pos' \(1\): each class needs 2")


@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.99])
def test_no_fraction_leaves_a_split_empty(tmp_path, fraction):
    # Catches: an empty training or validation split (a fifth of four reviews is none).
    _, rows = split(tmp_path, tar_bytes(small_members()), validation_fraction=fraction)
    counts = [[row["label"] for row in rows[name]].count("pos") for name in ("train", "validation")]
    assert counts == ([1, 3] if fraction == 0.99 else [3, 1])


def test_bytes_that_are_not_utf8_are_named_with_their_place(tmp_path):
    # Catches: decoding with replacement, or an error that does not say which of 50,000 files it is.
    members = [*small_members(), ("aclImdb/test/pos/77_8.txt", "é".encode() + b"a\xe9b")]
    refused(tmp_path, tar_bytes(members), r"aclImdb/test/pos/77_8\.txt.* byte 3")


@pytest.mark.parametrize(
    "name", ["a/0_9.txt", "../neg/0_9.txt", "./0_9.txt", "/0_9.txt", "\udcff_9.txt", "a/" * 60 + "0_9.txt"]
)
def test_a_name_that_is_no_review_is_refused(tmp_path, name):
    # Catches: a path that leads out of the folder of its class or is taken for another, a name that no file of ours can
    # hold.
    members = [*small_members(), (f"aclImdb/train/neg/{name}", b"")]
    refused(tmp_path, tar_bytes(members), re.escape(repr(f"aclImdb/train/neg/{name}")))


@pytest.mark.parametrize("name", ["0_9", "0_9.TXT", "0_9.txt\n", "0_9.txt "])
def test_a_name_of_another_pattern_is_told(tmp_path, capfd, name):
    # Catches: a review that is left out without a word.
    sizes, _ = split(tmp_path, tar_bytes([*small_members(), (f"aclImdb/train/neg/{name}", b"")]))
    assert sizes["train"] + sizes["validation"] == 8
    assert f"corpus.pattern, *.txt: 1 files, such as {[f'aclImdb/train/neg/{name}']}" in capfd.readouterr().err


def test_a_name_that_occurs_twice_is_refused(tmp_path):
    # Catches: the second of two reviews replacing the first.
    members = small_members()
    refused(tmp_path, tar_bytes([*members, (members[5][0], b"other")]), re.escape(members[5][0]) + ".* twice")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_not_reviews(tmp_path, kind):
    # Catches: following a link, or taking an empty text for a review.
    entry = tarfile.TarInfo("aclImdb/train/pos/9_9.txt")
    entry.type, entry.linkname = kind, "aclImdb/train/pos/0_1.txt"
    refused(
        tmp_path,
        tar_bytes([*small_members(), (entry, b"")]),
        r"train/pos/9_9\.txt'?: (not a regular file|a folder in that of the class 'pos')",
    )


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_truncated_archive_is_refused_wherever_it_ends(tmp_path, compression):
    # Catches: tarfile's silent end of iteration where a header is missing, and checksums that are never compared.
    archive = tar_bytes(small_members(), compression)
    # A header and a block of text for each review; then one block of zeros is not yet the end.
    whole = len(archive) if compression else 2 * 512 * len(small_members()) + 2 * 512
    for length in {*range(0, whole, 97), *range(0, whole, 512), whole - 1}:
        refused(tmp_path, archive[:length], "not a complete tar archive")
    assert split(tmp_path, archive[:whole])[0] == {"train": 6, "validation": 2, "test": 8, "unlabelled": 0}


def test_a_damaged_header_is_refused(tmp_path):
    # Catches: taking a header that cannot be read for the end of the archive.
    archive = bytearray(tar_bytes(small_members(), ""))
    archive[2 * 512 * 15] ^= 1
    refused(tmp_path, bytes(archive), "not a complete tar archive")


def test_a_member_that_claims_an_absurd_size_is_refused(tmp_path):
    # Catches: a MemoryError or OverflowError in place of a message.
    entry = tarfile.TarInfo("aclImdb/train/pos/9_9.txt")
    entry.size = 2**62
    archive = tar_bytes(small_members(), "")[: 2 * 512 * 16] + entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240)
    refused(tmp_path, archive, "not a complete tar archive")


@pytest.mark.parametrize(
    "columns",
    [
        {"id": ["a"], "label": ["neg"]},
        {"id": ["a"], "label": ["neg"], "text": [None]},
        {"id": ["a"], "label": ["neg"], "text": ["a"], "more": ["a"]},
        {"id": ["a"], "label": ["neg"], "text": [1]},
    ],
)
def test_reviews_with_other_columns_are_refused(tmp_path, columns):
    # Catches: a column that is filled with nulls where it is missing, as pyarrow does when it is given a schema.
    types = {"text": pa.string()} if columns.get("text") == [None] else {}
    table = pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "train.parquet"))):
        read_reviews(tmp_path / "train.parquet")
