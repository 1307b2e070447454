"""The command `wordorder`: what trained models say of other texts."""

import csv
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

import click
from tqdm import tqdm

from wordorder.io.errors import InputError
from wordorder.io.atomic import atomic_write
from wordorder.training.backend import start_backend

# Texts that are read, encoded and predicted at a time.
CHUNK = 2048
COLUMN = "Name another one with --text-column."

directory_option = click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where the pipeline has run, as for snakemake; its models are in results/ there.  [default: here]",
)
model_option = click.option("-m", "--model", "variant", required=True, help="Name of a trained variant.")
seed_option = click.option(
    "--seed", type=int, help="Of several trainings the one with this seed.  [default: the lowest]"
)
backend_option = click.option(
    "--backend", type=click.Choice(["jax", "tensorflow"]), default="jax", show_default=True, help="Keras' backend."
)
cores_option = click.option(
    "-c", "--cores", type=click.IntRange(min=1), default=1, show_default=True, help="How many to compute with."
)


@click.group()
def cli() -> None:
    """Use the models that the pipeline has trained."""


def text_lines(file: BinaryIO, name: str) -> Iterator[str]:
    """Yield the lines of a file. Raises InputError at one that is not UTF-8."""
    for row, line in enumerate(file, 1):
        try:
            yield line.decode("utf-8-sig" if row == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{name}, line {row}: it is not UTF-8 ({error.reason}). Convert the file.") from error


def csv_texts(file: BinaryIO, name: str, column: str) -> Iterator[str | None]:
    """Yield a column of a CSV file with a header. Raises InputError if there is no such column, or a row is no row."""
    from wordorder.data.formats import column_place, csv_rows

    # With their ends: a quoted field may hold some.
    rows = csv_rows((f"{line}\n" for line in text_lines(file, name)), name)
    place = column_place(name, next(rows, []), column, COLUMN)
    for row in rows:
        yield row[place]


def parquet_texts(path: Path, column: str) -> Iterator[str | None]:
    """Yield a column of a Parquet file. Raises InputError if there is no such column of strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from wordorder.data.formats import column_place, is_text

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            kind = schema.types[column_place(str(path), schema.names, column, COLUMN)]
            if not is_text(kind):
                raise InputError(f"{path}: the column {column} holds {kind} and not text. {COLUMN}")
            for batch in file.iter_batches(CHUNK, columns=[column]):
                yield from batch.column(0).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a Parquet file, or damaged ({error}).") from error


def texts_of(source: Path | None, column: str) -> Iterator[str]:
    """Yield the texts of a file, by the end of its name, or of standard input. Raises InputError at an empty one."""
    ending = source.suffix.lower() if source else ""
    if ending == ".parquet":
        yield from not_empty(parquet_texts(source, column), str(source))
        return
    name = str(source) if source else "standard input"
    with source.open("rb") if source else nullcontext(sys.stdin.buffer) as file:
        yield from not_empty(csv_texts(file, name, column) if ending == ".csv" else text_lines(file, name), name)


def not_empty(texts: Iterator[str | None], name: str) -> Iterator[str]:
    """Yield texts as long as there is something in them. Raises InputError otherwise."""
    for row, text in enumerate(texts, 1):
        if not (text or "").strip():
            raise InputError(f"{name}, row {row}: there is no text. Write one, or take the row out.")
        yield text


@contextmanager
def writing(output: Path | None) -> Iterator[TextIO]:
    """Open the file for writing, which appears under its name when all is written, or standard output."""
    if output is None:
        yield sys.stdout
        return
    # What is half written is to be deleted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with atomic_write(output) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


def load(directory: Path, variant: str, seed: int | None, backend: str, cores: int):
    """Start Keras and load a model. Raises InputError if it is not trained."""
    start_keras(backend, cores)
    from wordorder.app.load import load_trained

    return load_trained(directory / "results", variant, seed)


def start_keras(backend: str, cores: int) -> None:
    """Choose Keras' backend and import it, with TensorFlow, which tokenizes the texts in any case."""
    start_backend(backend, cores)
    with quiet():
        import keras
        import tensorflow

        # The first operation is what looks for graphics cards.
        keras.ops.zeros(1)
        tensorflow.zeros(1)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep off the terminal what TensorFlow's C++ code says when it is loaded, of graphics cards that are not there."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@cli.command("predict")
@model_option
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--text-column", default="text", show_default=True, help="Of a CSV or Parquet file.")
@click.option("-f", "--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of standard output.")
@seed_option
@directory_option
@backend_option
@cores_option
def predict_command(source, text_column, kind, output, variant, seed, directory, backend, cores) -> None:
    """Say of each text in SOURCE which class it is of, and how probable that is.

    SOURCE is a text file with a text on each line, or a .csv or .parquet file; without it, standard input is read, a
    text on each line. Of two classes the probability of the second is given, of more those of all.
    """
    from wordorder.evaluation.predictions import answers_of

    trained = load(directory, variant, seed, backend, cores)
    classes = trained.classes
    columns = [f"probability_{name}" for name in (classes[1:] if len(classes) == 2 else classes)]
    texts = texts_of(source, text_column)
    # Without a terminal there is no one to look at it.
    with writing(output) as file, tqdm(unit=" texts", disable=None, leave=False) as progress:
        writer = csv.writer(file, lineterminator="\n")
        if kind == "csv":
            writer.writerow(["row", "label", *columns])
        while chunk := list(islice(texts, CHUNK)):
            probabilities = trained.probabilities(chunk)
            answers = answers_of(probabilities, len(classes))
            for number, (answer, numbers) in enumerate(zip(answers, probabilities, strict=True), progress.n + 1):
                row = [number, classes[answer], *(round(float(p), 6) for p in numbers.reshape(-1))]
                if kind == "csv":
                    writer.writerow(row)
                else:
                    file.write(
                        json.dumps(dict(zip(["row", "label", *columns], row, strict=True)), ensure_ascii=False) + "\n"
                    )
            file.flush()
            progress.update(len(chunk))


@cli.command("explain")
@model_option
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@seed_option
@directory_option
@backend_option
@cores_option
def explain_command(source, variant, seed, directory, backend, cores) -> None:
    """Show how much each word of the text in SOURCE, or on standard input, moved the decision.

    That is the logit of the class with the word less the logit without it: blue words speak for the class, orange ones
    against it. Where the output is no terminal, or NO_COLOR is set, it is a line for each word with the number.
    """
    from wordorder.explain import explain, explanation_ansi

    name = str(source) if source else "standard input"
    with source.open("rb") if source else nullcontext(sys.stdin.buffer) as file:
        text = "\n".join(text_lines(file, name))
    if not text.strip():
        raise InputError(f"{name}: there is no text. Write one.")
    trained = load(directory, variant, seed, backend, cores)
    _, shown, probability, pieces = explain(trained.probabilities, text)
    click.echo(f"{trained.classes[shown]}: {probability:.3f}")
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        click.echo(explanation_ansi(pieces))
    else:
        for piece, effect in pieces:
            if effect is not None:
                click.echo(f"{effect:+.2f} {piece}")


@cli.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on: only this machine's own.")
@click.option("--port", type=click.IntRange(1, 65535), default=5006, show_default=True)
@directory_option
@backend_option
@cores_option
def serve_command(host, port, directory, backend, cores) -> None:
    """Show a page on which every trained model judges a text, with the words coloured.

    Of each variant the training with the lowest seed is taken. Ctrl-C ends it.
    """
    start_keras(backend, cores)
    from wordorder.app.serve import serve
    from wordorder.app.load import load_trained, trained_models

    results = directory / "results"
    variants = list(trained_models(results))
    if not variants:
        raise InputError(f"No model is trained in {results}: run snakemake, or name a --directory.")
    models = [load_trained(results, variant) for variant in tqdm(variants, unit=" models", disable=None, leave=False)]
    serve(models, host, port)


def main() -> None:
    """Run the command; bad input ends it with one line and exit status 1."""
    # TensorFlow and Keras lose the exception that Ctrl-C raises, or take it for a damaged model.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        cli()
    except InputError as error:
        sys.exit(f"Error: {error}")
