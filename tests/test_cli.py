"""The command `wordorder` on the models of a small run, as a user calls it."""

import csv
import gzip
import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SMALL

from wordorder import paths
from wordorder.app.cli import CHUNK, cli
from wordorder.app.texts import rows_of
from wordorder.io.errors import InputError

COMMAND = [sys.executable, "-m", "wordorder.app.cli"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow/scripts")}


def wordorder(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, **options)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def reviews(finished, tmp_path_factory):
    """The test reviews in files of all kinds, and what the evaluation says of them."""
    folder = tmp_path_factory.mktemp("reviews")
    table = pd.read_parquet(finished / "results/reviews/test.parquet").head(300)
    # A text file has a review on each line.
    table["text"] = table["text"].str.replace(r"\s+", " ", regex=True)
    table.to_csv(folder / "reviews.csv", index=False)
    table.rename(columns={"text": "review"}).to_parquet(folder / "reviews.parquet")
    (folder / "reviews.txt").write_text("".join(f"{text}\n" for text in table["text"]), encoding="utf-8")
    predictions = pd.read_parquet(finished / "results/runs/glove/all/seed1/predictions.parquet").set_index("id")
    return folder, predictions.loc[table["id"], "probability"].to_numpy()


@pytest.mark.parametrize("source", ["reviews.txt", "reviews.csv", "reviews.parquet", "standard input"])
def test_the_numbers_of_the_evaluation(finished, reviews, source, capsys):
    # Catches: another tokenization, length or model than in the evaluation; rows that are lost or out of order.
    folder, expected = reviews
    arguments = ["predict", "--model", "glove", "--directory", str(finished)]
    if source == "standard input":
        result = wordorder(*arguments, stdin=(folder / "reviews.txt").open("rb"))
        assert (result.returncode, result.stderr) == (0, b"")
        output = result.stdout.decode()
    else:
        column = ["--text-column", "review"] if source.endswith("parquet") else []
        cli([*arguments, str(folder / source), *column], standalone_mode=False)
        output = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [int(row["row"]) for row in rows] == list(range(1, 301))
    assert [float(row["probability_pos"]) for row in rows] == pytest.approx(expected, abs=1e-5)
    assert [row["label"] == "pos" for row in rows] == list(expected > 0.5)


def test_json_lines_into_a_file(finished, reviews, tmp_path):
    # Catches: a file that is not written, or another seed than the one that is asked for; rows that are numbered anew
    # in each chunk, because the progress that is not shown counts nothing.
    folder, expected = reviews
    output, many = tmp_path / "answers.jsonl", tmp_path / "many.txt"
    repetitions = 2 * CHUNK // len(expected) + 1
    many.write_text((folder / "reviews.txt").read_text(encoding="utf-8") * repetitions, encoding="utf-8")
    expected = np.tile(expected, repetitions)
    options = ["--format", "jsonl", "--output", output, "--seed", "2"]
    result = wordorder("predict", "-m", "glove", "-d", finished, *options, many)
    assert (result.returncode, result.stdout) == (0, b""), result.stderr
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["row"] for row in rows] == list(range(1, len(expected) + 1))
    assert rows[0].keys() == {"row", "label", "probability_pos", "known_tokens"}
    assert [row["probability_pos"] for row in rows] != pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'["good"]', "a.json: .json is not the ending of a table that can be read (.csv, .fasttext,"),
        ("a.txt", b"good\n\xff\xfe\n", "a.txt, line 2: not UTF-8 "),
        ("a.csv", b"review,n\ngood,1\n", "a.csv: there is no column 'text'; its columns are: 'review', 'n'. Name"),
        ("a.csv", b'text\ngood\n"bad\n', "a.csv, line 3: unexpected end of data"),
        ("a.csv", b"n,text\n1,good\n2,good, and cheap\n", "a.csv, line 3: 3 fields, but 2 in the first line"),
        ("a.csv", b"text,text\ngood,bad\n", "a.csv: more than one column is called 'text'"),
        ("a.csv", b"", "a.csv: there is no column 'text'; its columns are: none."),
        ("a.parquet", b"PAR1", "a.parquet is not a complete Parquet file"),
    ],
)
def test_bad_input_is_named(finished, tmp_path, monkeypatch, name, content, message):
    # Catches: an error from the depths of a reader, a half-written file, a place that is off by one.
    (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    arguments = ["predict", "-m", "glove", "-d", str(finished), "-o", "answers.csv", name]
    with pytest.raises(InputError) as error:
        cli(arguments, standalone_mode=False)
    assert str(error.value).startswith(message)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("name", ["vocabulary", "model"])
def test_what_does_not_belong_together_is_refused(finished, tmp_path, name):
    # Catches: an answer by a vocabulary that has been made anew, or by the model of another training.
    shutil.copytree(finished / "results", tmp_path / "results")
    path = tmp_path / (
        paths.vocabulary("words") if name == "vocabulary" else paths.run("model.keras", "glove", "all", 1)
    )
    if name == "vocabulary":
        tokens = json.loads(path.read_text())
        path.write_text(json.dumps([*tokens[:2], tokens[3], tokens[2], *tokens[4:]]))
    else:
        shutil.copy(tmp_path / paths.run("model.keras", "glove", "all", 2), path)
    result = wordorder("predict", "-m", "glove", "--seed", "1", "-d", tmp_path, input=b"good\n")
    assert (result.returncode, result.stdout) == (1, b"")
    assert f"Error: {path} is not the one of ".encode() in result.stderr
    assert b"Run snakemake again" in result.stderr


def test_the_page_does_without_a_model_that_does_not_belong(finished, tmp_path):
    # Catches: no page at all because of a variant that is left over from another config.
    shutil.copytree(finished / "results", tmp_path / "results")
    stale = tmp_path / paths.run("model.keras", "glove", "all", 1)
    shutil.copy(tmp_path / paths.run("model.keras", "glove", "all", 2), stale)
    command = [*COMMAND, "serve", "-d", tmp_path, "--port", str(free_port())]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert line.startswith(f"{len(SMALL['active_variants']) - 1} models on ".encode())
    assert f"Warning: glove is left out: {stale} is not the one of ".encode() in errors
    assert f"delete {stale.parent} if ".encode() in errors


def test_the_trained_models_are_listed(finished):
    # Catches: a training on a part of the reviews, a seed that is left out, the accuracy of another.
    result = wordorder("models", "-d", finished)
    rows = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    summary = pd.read_csv(finished / "results/runs.csv")
    expected = summary[["variant", "seed", "test_accuracy"]].sort_values(["variant", "seed"])
    assert [(row["variant"], int(row["seed"])) for row in rows] == list(
        zip(expected["variant"], expected["seed"], strict=True)
    )
    assert [float(row["test_accuracy"]) for row in rows] == pytest.approx(expected["test_accuracy"].tolist(), abs=5e-5)


def test_the_source_is_not_written_over(finished, tmp_path):
    # Catches: an input that is lost, because its name was also given for the output.
    path = tmp_path / "a.txt"
    path.write_text("good film\n")
    (tmp_path / "link.txt").symlink_to(path)
    for name in ("a.txt", "link.txt"):
        result = wordorder("predict", "-m", "glove", "-d", finished, "-o", tmp_path / name, path)
        assert result.returncode == 1
        assert b"is the file that is read" in result.stderr
    assert path.read_text() == "good film\n"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_parquet_texts(tmp_path, kind):
    # Catches: a type of text that pandas writes (a dictionary for a category) and that is not read.
    texts = ["good", "bad", "good"]
    pq.write_table(pa.table({"n": [1, 2, 3], "text": pa.array(texts).cast(kind)}), tmp_path / "a.parquet")
    assert list(rows_of(tmp_path / "a.parquet", "text", ["n"])) == [(t, str(n)) for n, t in enumerate(texts, 1)]
    with pytest.raises(InputError, match=r"a\.parquet: the column n holds int64 and not text\. Name"):
        list(rows_of(tmp_path / "a.parquet", "n"))


def test_tables_of_predict_are_those_of_corpora(tmp_path):
    # Catches: readers of its own, which read less, or otherwise.
    content = "text;label\nschön;1\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode("utf-8-sig")))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.tsv", content.replace(";", "\t"))
    for name in ("a.csv.gz", "a.zip"):
        assert [text for (text,) in rows_of(tmp_path / name, "text")] == ["schön"]


def test_bad_input_ends_the_command(finished):
    # Catches: a traceback, an exit status of 0.
    result = wordorder("predict", "-m", "glove", "-d", finished, input=b"good\n\xff\n")
    assert result.returncode == 1
    expected = "Error: standard input, line 2: not UTF-8 (invalid start byte). Save it as UTF-8.\n"
    assert result.stderr.decode() == expected


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_row_without_a_text_gets_no_answer(finished, tmp_path, kind):
    # Catches: a run that ends at an empty row, after others are out; an answer to nothing; rows that change places.
    (tmp_path / "a.txt").write_bytes(b"good film\n\nbad film\n")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "good film"}\n{"text": null}\n{"text": "bad film"}\n')
    found = []
    for name in ("a.txt", "a.jsonl"):
        result = wordorder("predict", "-m", "glove", "-d", finished, "-f", kind, tmp_path / name)
        assert result.returncode == 0, result.stderr
        found.append(result.stdout.decode())
    assert found[0] == found[1]
    rows = found[0].splitlines()[kind == "csv" :]
    assert len(rows) == 3
    assert rows[1] == (
        "2,,," if kind == "csv" else '{"row": 2, "label": null, "probability_pos": null, "known_tokens": null}'
    )
    assert "null" not in rows[0] + rows[2]


def test_several_sources_and_columns_that_are_kept(finished, tmp_path):
    # Catches: rows or columns of another source, a compressed table taken for lines, standard input that is lost, and
    # texts without a known token that pass for others.
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,text,n\nx1,good film,\n,qqzz,2\n"))
    (tmp_path / "b.jsonl").write_bytes(b'{"id": 7, "text": "bad film", "n": true}\n')
    options = ["predict", "-m", "glove", "-d", finished]
    result = wordorder(*options, "-k", "id", "--keep", "n", tmp_path / "a.csv.gz", tmp_path / "b.jsonl")
    rows = [line.split(",") for line in result.stdout.decode().splitlines()]
    assert rows[0] == ["source", "row", "id", "n", "label", "probability_pos", "known_tokens"]
    assert [row[:4] for row in rows[1:]] == [
        [str(tmp_path / "a.csv.gz"), "1", "x1", ""],
        [str(tmp_path / "a.csv.gz"), "2", "", "2"],
        [str(tmp_path / "b.jsonl"), "1", "7", "true"],
    ]
    assert [row[-1] for row in rows[1:]] == ["2", "0", "2"]
    warning = "Warning: the model knows no token of 1 of the 3 texts, and can only guess their class.\n"
    assert result.stderr.decode() == warning
    (tmp_path / "c.txt").write_bytes(b"good film\n")
    result = wordorder(*options, tmp_path / "c.txt", "-", input=b"bad film\n")
    assert (result.returncode, result.stderr) == (0, b"")
    found = [line.split(",") for line in result.stdout.decode().splitlines()[1:]]
    assert [row[:2] for row in found] == [[str(tmp_path / "c.txt"), "1"], ["standard input", "1"]]
    assert [row[3] for row in found] == [rows[1][5], rows[3][5]]


def test_what_cannot_be_kept_is_refused(finished, tmp_path):
    # Catches: columns asked of lines of text, or one of two of the same name lost.
    (tmp_path / "a.txt").write_text("good\n")
    (tmp_path / "a.csv").write_text("text,label\ngood,pos\n")
    for name, column, message in (
        ("a.txt", "id", r"a\.txt: there is a text on each line, and no column 'id'"),
        ("a.csv", "label", "the answers have a column of that name"),
    ):
        with pytest.raises(InputError, match=message):
            cli(
                ["predict", "-m", "glove", "-d", str(finished), str(tmp_path / name), "-k", column],
                standalone_mode=False,
            )


def test_an_evaluation_is_that_of_the_pipeline(finished, tmp_path, capsys):
    # Catches: other metrics than in the evaluation of the same texts, a confusion that is turned round, rows without a
    # text that count, labels that the model does not have taken for others.
    table = pd.read_parquet(finished / "results/reviews/test.parquet")
    half = len(table) // 2
    table.iloc[:half].to_csv(tmp_path / "one.csv", index=False)
    table.iloc[half:].to_parquet(tmp_path / "two.parquet")
    (tmp_path / "three.csv").write_text("text,label\n,pos\n")
    arguments = ["evaluate", "-m", "glove", "-d", str(finished)]
    sources = [str(tmp_path / name) for name in ("one.csv", "two.parquet", "three.csv")]
    cli([*arguments, *sources, "--format", "json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    run = finished / "results/runs/glove/all/seed1"
    expected = json.loads((run / "evaluation.json").read_text())
    assert (found["texts"], found["without_text"], found["classes"]) == (len(table), 1, ["neg", "pos"])
    assert found["accuracy"]["value"] == expected["test_accuracy"]
    for name in ("roc_auc", "f1", "brier_score", "expected_calibration_error"):
        assert found[name]["value"] == pytest.approx(expected[name], abs=1e-6)
    predictions = pd.read_parquet(run / "predictions.parquet")
    counts = pd.crosstab(predictions["label"], predictions["probability"] > 0.5)
    assert found["confusion"] == counts.to_numpy().tolist()
    cli([*arguments, *sources], standalone_mode=False)
    shown = capsys.readouterr().out
    assert f"{len(table)} texts; 1 rows without a text are left out" in shown
    assert re.search(rf"^accuracy +{expected['test_accuracy']:.4f} ", shown, re.MULTILINE)
    (tmp_path / "wrong.csv").write_text("text,label\ngood,pos\nbad,meh\n,mixed\nso so,\n")
    with pytest.raises(
        InputError, match=r"wrong\.csv: labels that glove does not know, and how often: 'meh' 1, '' 1\."
    ):
        cli([*arguments, str(tmp_path / "wrong.csv")], standalone_mode=False)


def test_no_model_is_trained(tmp_path):
    # Catches: an error from the depths of Keras, seconds after the command.
    for command in (["predict", "-m", "glove"], ["serve"]):
        heavy, output = loaded(*command, "-d", tmp_path)
        assert heavy == set()
        assert "run snakemake, or name a --directory.\n" in output


HEAVY = {"keras", "jax", "tensorflow", "pandas", "pyarrow"}


def loaded(*arguments):
    """The heavy modules that a command has loaded when it ends; and what it has printed."""
    code = "import sys; from wordorder.app import cli\ntry: cli.main()\nfinally: print(*sys.modules)"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    *lines, modules = result.stdout.splitlines()
    assert "wordorder.app.cli" in modules.split()
    return HEAVY & set(modules.split()), "\n".join(lines) + result.stderr


def test_help_is_there_at_once():
    # Catches: seconds of imports before the help.
    heavy, output = loaded("--help")
    assert heavy == set()
    for command in ("predict", "evaluate", "explain", "serve"):
        assert command in output


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain"])
def test_a_typo_is_told_at_once(command, tmp_path):
    # Catches: seconds in which TensorFlow and JAX are loaded before a model is looked up.
    for seed in (10, 2):
        model = tmp_path / paths.run("model.keras", "glove", "all", seed)
        model.parent.mkdir(parents=True)
        model.touch()
    source = tmp_path / "a.csv" if command == "evaluate" else tmp_path / "a.txt"
    source.write_text("text,label\n")
    heavy, output = loaded(command, "-d", tmp_path, "-m", "glvoe", source)
    assert (heavy, output) == (set(), f"Error: glvoe is not trained in {tmp_path / 'results'}; did you mean glove?\n")
    heavy, output = loaded(command, "-d", tmp_path, "-m", "glove", "--seed", 3, source)
    assert (heavy, output) == (set(), "Error: glove is not trained with seed 3, but with 2, 10.\n")


def test_a_reader_that_goes_away(finished, reviews):
    # Catches: a traceback when the output is cut off, as by `head`.
    folder, _ = reviews
    command = [*COMMAND, "predict", "-m", "glove", "-d", finished, folder / "reviews.txt"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait()


def test_ctrl_c_while_keras_is_loaded(finished):
    # Catches: an interrupt that gets lost, after which the command goes on; a traceback.
    process = subprocess.Popen(
        [*COMMAND, "predict", "-m", "glove", "-d", finished], env=ENVIRONMENT, stderr=subprocess.PIPE
    )
    while "jaxlib" not in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGINT, b"")


def test_explanation_without_a_terminal(finished):
    # Catches: escape sequences in a file, words that are left out.
    result = wordorder("explain", "-m", "one_hot", "-d", finished, input=b"The film was good .\nNot bad .\n")
    lines = result.stdout.decode().splitlines()
    assert re.fullmatch(r"pos: 0\.\d{3}, with the words shuffled 0\.\d{3}", lines[0])
    assert [line.split()[1] for line in lines[1:]] == ["The", "film", "was", "good", ".", "Not", "bad", "."]
    assert all(re.fullmatch(r"[+-]\d+\.\d\d \S+", line) for line in lines[1:])


def test_explanation_on_a_terminal(finished, tmp_path):
    # Catches: a terminal that is not recognized, and NO_COLOR that is not heeded.
    (tmp_path / "review.txt").write_text("The film was good .", encoding="utf-8")
    shown = {}
    for no_color in ("", "1"):
        parent, child = pty.openpty()
        command = [*COMMAND, "explain", "-m", "one_hot", "-d", finished, tmp_path / "review.txt"]
        environment = {**ENVIRONMENT, "NO_COLOR": no_color}
        process = subprocess.Popen(command, stdout=child, stderr=subprocess.PIPE, env=environment)
        process.wait()
        shown[no_color] = os.read(parent, 10000).decode()
        os.close(child)
        os.close(parent)
    assert "\x1b[38;2;0;0;0;48;2;" in shown[""]
    assert "\x1b" not in shown["1"]


class Linear(NamedTuple):
    """A model of a word, with classes of evil names."""

    classes: list[str]

    def probabilities(self, texts):
        """Return the probabilities that texts are good."""
        return np.array([0.9 if "good" in text else 0.2 for text in texts])


@pytest.mark.parametrize("no_color", ["", "1"])
def test_nothing_in_a_text_steers_the_terminal(monkeypatch, tmp_path, no_color):
    # Catches: a title, a clearing or a colour that a text or a class sets; text that is shown backwards; characters
    # that are lost.
    evil = "\x1b[2J\x9b\x07\x08\u202e"
    (tmp_path / "a.txt").write_text(f"good {evil}\xa0film\n\t\rbad", encoding="utf-8", newline="")
    monkeypatch.setattr("wordorder.app.cli.load", lambda *_: Linear(["neg", f"pos{evil}"]))
    monkeypatch.setenv("NO_COLOR", no_color)
    parent, child = pty.openpty()
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        cli(["explain", "-m", "one", str(tmp_path / "a.txt")], standalone_mode=False)
    shown = b""
    # At its end, a terminal that nobody holds any more gives an error.
    with suppress(OSError):
        while part := os.read(parent, 10000):
            shown += part
    os.close(parent)
    shown = shown.decode()
    ours = re.compile(r"\x1b\[(0|38;2;0;0;0;48;2(;\d+){3})m")
    assert bool(ours.search(shown)) == (no_color == "")
    assert {each for each in ours.sub("", shown) if not each.isprintable()} <= set("\r\n\t\xa0")
    assert shown.count(r"\x1b[2J\x9b\x07\x08\u202e") == 2


def test_an_explanation_that_would_take_too_long(tmp_path):
    # Catches: seconds in which a model is loaded, before an hour of computing or no memory ends it.
    (tmp_path / "a.txt").write_text("good " * 10_001)
    heavy, output = loaded("explain", "-m", "glove", tmp_path / "a.txt")
    assert heavy == set()
    assert output == (
        f"Error: {tmp_path / 'a.txt'}: 10,001 words, of which each is left out once; 10,000 are the most. Shorten the "
        "text.\n"
    )


def test_the_page_in_a_browser(finished, tab):
    # Catches: a page that needs the network, fails, breaks its own policy, runs a text as code, or listens on other
    # addresses; other numbers than those of the command; a traceback where the port is taken, or when it is ended.
    port = free_port()
    command = [*COMMAND, "serve", "-d", finished, "--port", str(port)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        # Who comes before the models are there waits for them.
        assert (
            process.stdout.readline()
            == f"{len(SMALL['active_variants'])} models on http://127.0.0.1:{port}/ (Ctrl-C ends it)\n".encode()
        )
        tab.goto(f"http://127.0.0.1:{port}/")
        text = "The film was <script>alert(1)</script> good"
        tab.get_by_label("A text").fill(text)
        tab.get_by_role("button", name="Classify").click()
        cards = tab.locator(".card")
        variants = sorted(SMALL["active_variants"])
        cards.nth(len(variants) - 1).wait_for(timeout=60_000)
        assert [card.locator("h2 bdi").first.inner_text() for card in cards.all()] == variants
        glove = cards.nth(variants.index("glove"))
        assert glove.locator("p").inner_text() == text
        expected = (
            wordorder("explain", "-m", "glove", "-d", finished, input=text.encode()).stdout.decode().splitlines()[0]
        )
        probability, shuffled = re.findall(r"0\.\d{3}", expected)
        assert f"P(pos) = {probability}" in glove.inner_text()
        assert f"With the words shuffled: {shuffled}" in glove.inner_text()
        second = wordorder("serve", "-d", finished, "--port", port)
        assert (second.returncode, second.stdout) == (1, b"")
        assert second.stderr.decode() == (
            f"Error: Port {port} of 127.0.0.1 cannot be listened on (Address already in use). "
            "Name another --port or --host.\n"
        )
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(
                (socket.gethostbyname(socket.gethostname()).replace("127.0.0.1", "127.0.0.2"), port)
            )
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (-signal.SIGINT, b"")
