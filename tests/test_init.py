"""`wordorder init`: what it finds in a table, and the config that it writes."""

import csv
import gzip
import json

import pandas as pd
import pytest
import yaml
from configs import SHIPPED
from snakemake.utils import update_config

from wordorder.app.cli import cli
from wordorder.config_check import load_config
from wordorder.io.errors import InputError

GOOD = ["a warm and funny film", "the cast is superb", "I would watch it again", "clever, moving and bright"]
BAD = ["a dull and endless film", "the plot makes no sense", "I left after an hour", "loud, flat and cold"]
ROWS = [(f"{(GOOD, BAD)[i % 2][i // 2 % 4]} number {i}", ("pos", "neg")[i % 2]) for i in range(200)]
UNICODE = "unicode_lower_and_strip_punctuation"


def write(path, rows, header=("text", "label"), separator=","):
    """Write a table, by gzip if its name says so."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([header, *rows])


def init(folder, capsys, name, *options):
    """Run the command in a folder; what it prints, and the config that is laid over the shipped one, checked."""
    cli(["init", name, *options], standalone_mode=False)
    overlay = yaml.safe_load((folder / "mine.yaml").read_text(encoding="utf-8"))
    config = json.loads(json.dumps(SHIPPED))
    update_config(config, overlay)
    (folder / "mine.yaml").unlink()
    return capsys.readouterr().out, load_config(config)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.jsonl", "a.parquet"])
def test_any_table(folder, capsys, name):
    # Catches: a format, or a compressed file, that is not found out; columns that are mixed up.
    table = pd.DataFrame([(i, label, text) for i, (text, label) in enumerate(ROWS)], columns=["id", "sort", "words"])
    if name == "a.jsonl":
        table.to_json(folder / name, orient="records", lines=True)
    elif name == "a.parquet":
        table.assign(when=pd.Timestamp(0)).to_parquet(folder / name)
    else:
        write(folder / name, table.itertuples(index=False), list(table), "\t" if name == "a.tsv" else ",")
    shown, config = init(folder, capsys, name)
    assert shown.startswith(f"{name}: 200 texts; its columns are id, sort, words\n")
    assert "Texts: the column words. Classes: the column sort, with 2:\n  neg: 100\n  pos: 100\n" in shown.replace(
        "  pos: 100\n  neg: 100\n", "  neg: 100\n  pos: 100\n"
    )
    assert "Warning" not in shown
    assert shown.endswith("  snakemake --cores 4 --configfile mine.yaml -- results/summary.csv\n")
    corpus = config.corpus
    assert (corpus.sources, corpus.read_as) == ([name], name.split(".")[1])
    assert (corpus.text_column, corpus.label_column, corpus.split_column) == (["words"], "sort", None)
    assert config.active_variants == ["binary_unigram", "binary_bigram", "embedding_masked"]
    assert all(config.variants[variant].chapter_accuracy is None for variant in config.active_variants)


def test_columns_that_are_called_like_classes_and_splits(folder, capsys):
    # Catches: a column of two values that is no class, splits taken for classes, a name that YAML takes for a number.
    rows = [(text, i % 2, label, ("train", "Test", "dev", "train")[i % 4]) for i, (text, label) in enumerate(ROWS)]
    write(folder / "a.csv", rows, ("review: all", "helpful", "sentiment", "1"))
    shown, config = init(folder, capsys, "a.csv")
    assert "Splits: the column 1\n" in shown
    corpus = config.corpus
    assert (corpus.text_column, corpus.label_column, corpus.split_column) == (["review: all"], "sentiment", "1")
    _, config = init(folder, capsys, "a.csv", "--label-column", "helpful", "--text-column", "sentiment")
    assert (config.corpus.text_column, config.corpus.label_column) == (["sentiment"], "helpful")


def test_signs_of_languages(folder, capsys):
    # Catches: capitals and quotes of German that only ASCII's rules are for, sentences of Chinese that are a token.
    write(folder / "a.csv", [(f"SCHÖN „Ende“ {text}", label) for text, label in ROWS])
    shown, config = init(folder, capsys, "a.csv")
    assert f"% of the letters are not those of English: standardize is {UNICODE}" in shown
    assert {(each.standardize, each.split) for each in map(config.vectorizers.get, ("words", "bigrams"))} == {
        (UNICODE, "whitespace")
    }
    write(folder / "a.csv", [(f"很好看的电影我喜欢{i}", label) for i, (_, label) in enumerate(ROWS)])
    shown, config = init(folder, capsys, "a.csv")
    assert "without spaces between words: split is character" in shown
    assert "Tokens of a text: mean 11.4," in shown
    assert config.vectorizers["words"].split == config.vectorizers["bigrams"].split == "character"
    write(folder / "a.csv", ROWS)
    assert init(folder, capsys, "a.csv")[1].vectorizers["words"].standardize == "lower_and_strip_punctuation"


@pytest.mark.parametrize(
    ("texts", "length", "sizes"),
    [
        # The chapter's own sizes.
        (31250, 600, (600, 32, 10, 0.001)),
        (1000, 25, (30, 16, 40, 0.01)),
        (31250, 4, (10, 32, 10, 0.001)),
        (312_500, 4, (10, 32, 3, 0.001)),
    ],
)
def test_sizes(folder, capsys, texts, length, sizes):
    # Catches: texts cut to a part of what they have, more tokens than the chapter reads, hours on many texts.
    text = "w " * length
    write(folder / "a.csv", ((text, i % 2) for i in range(texts)))
    _, config = init(folder, capsys, "a.csv")
    settings = config.variants["embedding_masked"].settings()
    rate = settings["optimizer"]["learning_rate"]
    assert (settings["sequence_length"], settings["batch_size"], settings["epochs"], rate) == sizes


def test_what_will_go_wrong_is_told(folder, capsys):
    # Catches: rows without a class, small classes and a missing header of which a run would tell, or nobody.
    write(folder / "a.csv", [*ROWS, ("so so", "meh"), ("", "pos"), ("nothing", "")], ("text " * 13, "0"))
    shown, _ = init(folder, capsys, "a.csv")
    assert "Warning: 2 rows have no text or no class." in shown
    assert "Warning: classes with fewer than 10 texts, too few to learn them: meh" in shown
    assert "Warning: the first row looks like a text" in shown


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a.txt", "good\n", [], r"a\.txt: its name does not end like that of a table \(\.csv, "),
        ("a.csv", "text,n\na,1\nb,2\n", [], r"a\.csv: no column looks like classes, .* its columns are: 'text', 'n'"),
        ("a.csv", "", [], r"a\.csv: no column looks like classes"),
        ("a.csv", "text,label\na,1\n", ["--label-column", "lable"], r"a\.csv: there is no column 'lable'; its"),
        ("a.csv", "text,label\n,1\n,2\n", ["--label-column", "label"], r"there is no text in the column text\."),
        ("a.csv", "text,label\na,1\nb,2\n", ["--encoding", "latin_9x"], r"The encoding latin_9x is not possible; use"),
    ],
)
def test_what_cannot_be_used_is_refused(folder, name, content, options, message):
    # Catches: a traceback, or a config that cannot run.
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        cli(["init", name, *options], standalone_mode=False)
    assert not (folder / "mine.yaml").exists()


def test_a_config_is_not_written_over(folder):
    # Catches: settings of the user's own that are lost.
    write(folder / "a.csv", ROWS)
    (folder / "mine.yaml").write_text("seeds: [7]\n")
    with pytest.raises(InputError, match=r"mine\.yaml is there already"):
        cli(["init", "a.csv"], standalone_mode=False)
    assert (folder / "mine.yaml").read_text() == "seeds: [7]\n"
