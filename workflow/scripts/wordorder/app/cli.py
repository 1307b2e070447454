"""The command `wordorder`: apply trained models to other texts."""

import csv
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from tqdm import tqdm

from wordorder import paths
from wordorder.app.trained_models import trained_models, trained_seed
from wordorder.data.corpus import Advice, Wanted
from wordorder.data.formats import suffixes, table_of
from wordorder.io.atomic import replacing
from wordorder.io.errors import InputError, reading
from wordorder.io.terminal import printable
from wordorder.io.text import text_lines
from wordorder.training.backend import BACKENDS, start_backend

if TYPE_CHECKING:
    from wordorder.app.load import TrainedModel

# Texts that are read, encoded and predicted at a time.
CHUNK = 2048
# Endings of files with a text on each line.
LINES = ("", ".txt")
ADVICE = Advice("Name another one with --text-column.", "Name another file, or save this one anew.")

directory_option = click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where the pipeline has run, as for snakemake; its models are in results/ there.  [default: here]",
)
model_option = click.option("-m", "--model", "variant", required=True, help="Name of a trained variant.")
seed_option = click.option(
    "--seed", type=int, help="Seed of the training, if there are several.  [default: the lowest]"
)
backend_option = click.option(
    "--backend", type=click.Choice(BACKENDS), default="jax", show_default=True, help="Keras' backend."
)
cores_option = click.option(
    "-c", "--cores", type=click.IntRange(min=1), default=1, show_default=True, help="How many to compute with."
)


@click.group()
def cli() -> None:
    """Use the models that the pipeline has trained."""


def lines_of(source: Path | None) -> Iterator[str]:
    """Yield the lines of a file, or of standard input, without their ends. Raises InputError if one is not UTF-8."""
    with source.open("rb") if source else nullcontext(sys.stdin.buffer) as file:
        for line in text_lines(file, name_of(source)):
            yield line.rstrip("\r\n")


def name_of(source: Path | None) -> str:
    """Return what messages call a source."""
    return str(source) if source else "standard input"


def texts_of(source: Path | None, column: str) -> Iterator[str]:
    """Yield the texts of a table or of lines, as the ending of the name says; "" for rows without one.

    Raises InputError if the ending says neither.
    """
    if source is None or source.suffix.lower() in LINES:
        return lines_of(source)
    if table := table_of(str(source)):
        return (text or "" for (text,) in table.rows(source, Wanted([column], ADVICE)))
    raise InputError(
        f"{source}: {source.suffix} is not the ending of a table that can be read ({', '.join(suffixes())}), nor that "
        "of a file with a text on each line (.txt). Save it as one of them."
    )


@contextmanager
def writing(output: Path | None, source: Path | None) -> Iterator[TextIO]:
    """Open the file for writing, which appears under its name when all is written, or standard output.

    Raises InputError if it is the source that is being read.
    """
    if output and source and output.exists() and output.samefile(source):
        raise InputError(f"--output {output} is the file that is read. Name another.")
    if output is None:
        yield sys.stdout
        return
    # What is half written is to be deleted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with replacing(output) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


def load(directory: Path, variant: str, seed: int | None, backend: str, cores: int) -> "TrainedModel":
    """Start Keras and load a model. Raises InputError, at once, if it is not trained."""
    seed = trained_seed(directory, variant, seed)
    start_keras(backend, cores)
    from wordorder.app.load import load_trained

    return load_trained(directory, variant, seed)


def start_keras(backend: str, cores: int) -> None:
    """Choose Keras' backend and import it."""
    with quiet():
        start_backend(backend, cores)
        import keras

        # The first operation is what looks for graphics cards.
        keras.ops.zeros(1)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the messages of TensorFlow's C++ code about graphics cards that are not there off the terminal."""
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
@click.option("--text-column", default="text", show_default=True, help="Column of the texts in a table.")
@click.option("-f", "--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of standard output.")
@seed_option
@directory_option
@backend_option
@cores_option
def predict_command(
    source: Path | None,
    text_column: str,
    kind: str,
    output: Path | None,
    variant: str,
    seed: int | None,
    directory: Path,
    backend: str,
    cores: int,
) -> None:
    """Predict the class of each text in SOURCE, with its probability.

    SOURCE is a text file with a text on each line, or a table, such as a .csv, .jsonl or .parquet file; without it,
    standard input is read, a text on each line. With two classes the probability of the second is given, with more that
    of each. A row without a text gets no answer.
    """
    trained = load(directory, variant, seed, backend, cores)
    from wordorder.evaluation.predictions import answers_of

    classes = trained.classes
    columns = [f"probability_{name}" for name in (classes[1:] if len(classes) == 2 else classes)]
    texts = texts_of(source, text_column)
    # Without a terminal there is no one to look at it.
    with writing(output, source) as file, tqdm(unit=" texts", disable=None, leave=False) as progress:
        writer = csv.writer(file, lineterminator="\n")
        if kind == "csv":
            writer.writerow(["row", "label", *columns])
        # The progress counts nothing where it is not shown.
        done = 0
        while chunk := list(islice(texts, CHUNK)):
            probabilities = trained.probabilities(chunk)
            answers = answers_of(probabilities, len(classes))
            for number, (text, answer, numbers) in enumerate(zip(chunk, answers, probabilities, strict=True), done + 1):
                row = [number, classes[answer], *(round(float(p), 6) for p in numbers.reshape(-1))]
                if not text.strip():
                    row = [number, *[None] * (len(row) - 1)]
                if kind == "csv":
                    writer.writerow(row)
                else:
                    file.write(
                        json.dumps(dict(zip(["row", "label", *columns], row, strict=True)), ensure_ascii=False) + "\n"
                    )
            file.flush()
            done += len(chunk)
            progress.update(len(chunk))


@cli.command("models")
@directory_option
def models_command(directory: Path) -> None:
    """List the trained models, with their accuracy on the test texts."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["variant", "seed", "test_accuracy"])
    for variant, seeds in trained_models(directory).items():
        for seed in seeds:
            path = directory / paths.run(paths.EVALUATED["evaluation"], variant, "all", seed)
            accuracy = ""
            if path.exists():
                with reading(path):
                    accuracy = f"{json.loads(path.read_text(encoding='utf-8'))['test_accuracy']:.4f}"
            writer.writerow([variant, seed, accuracy])


@cli.command("explain")
@model_option
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@seed_option
@directory_option
@backend_option
@cores_option
def explain_command(
    source: Path | None, variant: str, seed: int | None, directory: Path, backend: str, cores: int
) -> None:
    """Show how much each word of the text in SOURCE, or on standard input, moved the decision.

    The number is the logit of the class with the word minus the logit without it: blue words speak for the class,
    orange ones against it. If the output is not a terminal, or NO_COLOR is set, there is a line for each word with its
    number. Before them stands the probability of the class, and its mean over random orders of the same words.
    """
    text = "\n".join(lines_of(source))
    if not text.strip():
        raise InputError(f"{name_of(source)}: there is no text. Write one.")
    from wordorder.explain import check_length, explain, explanation_ansi

    check_length(text, name_of(source))
    trained = load(directory, variant, seed, backend, cores)
    _, shown, probability, shuffled, pieces = explain(trained.probabilities, text)
    click.echo(f"{printable(trained.classes[shown])}: {probability:.3f}, with the words shuffled {shuffled:.3f}")
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        click.echo(explanation_ansi(pieces))
    else:
        for piece, effect in pieces:
            if effect is not None:
                click.echo(f"{effect:+.2f} {printable(piece)}")


@cli.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on: only this machine's own.")
@click.option("--port", type=click.IntRange(1, 65535), default=5006, show_default=True)
@directory_option
@backend_option
@cores_option
def serve_command(host: str, port: int, directory: Path, backend: str, cores: int) -> None:
    """Show a page on which every trained model classifies a text, with the words coloured.

    For each variant the training with the lowest seed is taken. Ctrl-C ends it.
    """
    trained = trained_models(directory)
    if not trained:
        raise InputError(f"No model is trained in {directory / 'results'}: run snakemake, or name a --directory.")
    from wordorder.app.serve import listening, serve

    listener = listening(host, port)
    start_keras(backend, cores)
    from wordorder.app.load import load_trained

    progress = tqdm(trained.items(), unit=" models", disable=None, leave=False)
    serve([load_trained(directory, variant, seeds[0]) for variant, seeds in progress], listener)


def main() -> None:
    """Run the command; bad input ends it with one line and exit status 1."""
    # TensorFlow and Keras lose the exception that Ctrl-C raises, or take it for a damaged model.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        cli()
    except InputError as error:
        sys.exit(f"Error: {printable(str(error), newlines=True)}")


if __name__ == "__main__":
    main()
