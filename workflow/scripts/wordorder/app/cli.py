"""The command `wordorder`: apply trained models to other texts."""

import csv
import json
import os
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import click
from tqdm import tqdm

from wordorder import paths
from wordorder.app.texts import STANDARD_INPUT, lines_of, name_of, rows_of
from wordorder.app.trained_models import trained_models, trained_seed
from wordorder.io.atomic import replacing
from wordorder.io.errors import InputError, reading
from wordorder.io.terminal import printable
from wordorder.training.backend import BACKENDS, start_backend

if TYPE_CHECKING:
    from wordorder.app.load import TrainedModel

T = TypeVar("T")
# Texts that are read, encoded and predicted at a time.
CHUNK = 2048

directory_option = click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where the pipeline has run, as for snakemake; its models are in results/ there.  [default: here]",
)
sources_argument = click.argument(
    "sources", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), nargs=-1
)
text_column_option = click.option(
    "--text-column", default="text", show_default=True, help="Column of the texts in a table."
)
backend_option = click.option(
    "--backend", type=click.Choice(BACKENDS), default="jax", show_default=True, help="Keras' backend."
)
cores_option = click.option(
    "-c", "--cores", type=click.IntRange(min=1), default=1, show_default=True, help="How many to compute with."
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which model answers, and by what means."""
    for option in (
        cores_option,
        backend_option,
        directory_option,
        click.option("--seed", type=int, help="Seed of the training, if there are several.  [default: the lowest]"),
        click.option("-m", "--model", "variant", required=True, help="Name of a trained variant."),
    ):
        command = option(command)
    return command


@click.group()
def cli() -> None:
    """Use the models that the pipeline has trained."""


@contextmanager
def writing(output: Path | None, sources: Sequence[Path]) -> Iterator[TextIO]:
    """Open the file for writing, which appears under its name when all is written, or standard output.

    Raises InputError if it is a source that is being read.
    """
    for source in sources:
        if output and source != STANDARD_INPUT and output.exists() and output.samefile(source):
            raise InputError(f"--output {output} is the file that is read. Name another.")
    if output is None:
        yield sys.stdout
        return
    # What is half written is to be deleted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with replacing(output) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


def in_chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield rows, `CHUNK` at a time, and show the progress where there is a terminal to look at it."""
    rows = iter(rows)
    with tqdm(unit=" texts", disable=None, leave=False) as progress:
        while chunk := list(islice(rows, CHUNK)):
            yield chunk
            progress.update(len(chunk))


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


@cli.command("init")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("mine.yaml"), show_default=True
)
@click.option("--text-column", help="Column of the texts.  [default: the longest]")
@click.option("--label-column", help="Column of their classes.  [default: a guess]")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of the table, such as latin-1.")
def init_command(table: Path, output: Path, text_column: str | None, label_column: str | None, encoding: str) -> None:
    """Look at TABLE, texts with their classes, and write a config that trains models on it.

    Shows what the table holds. The sizes in the config are those that suit so many texts of this length.
    """
    if output.exists():
        raise InputError(f"{output} is there already. Name another --output, or remove it.")
    from wordorder.app.init import config_of, look, report_of

    found = look(table, encoding, text_column, label_column)
    config = config_of(found)
    for line in report_of(found):
        click.echo(line)
    with replacing(output) as part:
        part.write_text(config, encoding="utf-8")
    click.echo(f"Written: {output}. To train models and compare them:")
    click.echo(f"  snakemake --cores 4 --configfile {shlex.quote(str(output))} -- results/summary.csv")


@cli.command("predict")
@sources_argument
@text_column_option
@click.option("-k", "--keep", multiple=True, help="Column of a table that the answers are to have too; any number.")
@click.option("-f", "--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of standard output.")
@model_options
def predict_command(
    sources: tuple[Path, ...],
    text_column: str,
    keep: tuple[str, ...],
    kind: str,
    output: Path | None,
    variant: str,
    seed: int | None,
    directory: Path,
    backend: str,
    cores: int,
) -> None:
    """Predict the class of each text in SOURCES, with its probability.

    They are text files with a text on each line, or tables, such as .csv, .jsonl and .parquet files, which may be
    compressed (.csv.gz). Without any, or for -, standard input is read, a text on each line. With two classes the
    probability of the second is given, with more that of each; known_tokens is the number of tokens that are in the
    model's vocabulary. A row without a text gets no answer.
    """
    seed = trained_seed(directory, variant, seed)
    readers = [rows_of(source, text_column, keep) for source in sources or (STANDARD_INPUT,)]
    trained = load(directory, variant, seed, backend, cores)
    from wordorder.evaluation.predictions import answers_of

    classes = trained.classes
    answer = ["label", *(f"probability_{name}" for name in (classes[1:] if len(classes) == 2 else classes))]
    columns = [*(["source"] if len(readers) > 1 else []), "row", *keep, *answer, "known_tokens"]
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"--keep {twice[0]}: the answers have a column of that name. Rename it in the table.")
    numbered = (
        ([name_of(source), number][len(readers) == 1 :], row)
        for source, rows in zip(sources or (STANDARD_INPUT,), readers, strict=True)
        for number, row in enumerate(rows, 1)
    )
    unknown = count = 0
    with writing(output, sources) as file:
        writer = csv.writer(file, lineterminator="\n")
        if kind == "csv":
            writer.writerow(columns)
        for chunk in in_chunks(numbered):
            texts = [row[0] or "" for _, row in chunk]
            probabilities, known = trained.answers(texts)
            found = zip(texts, answers_of(probabilities, len(classes)), probabilities, known, strict=True)
            for (place, (_, *kept)), (text, label, numbers, tokens) in zip(chunk, found, strict=True):
                of_text = [classes[label], *(round(float(p), 6) for p in numbers.reshape(-1)), int(tokens)]
                values = [*place, *kept, *(of_text if text.strip() else [None] * len(of_text))]
                count += bool(text.strip())
                unknown += bool(text.strip()) and not tokens
                if kind == "csv":
                    writer.writerow(values)
                else:
                    file.write(json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=False) + "\n")
            file.flush()
    warn_of_unknown(unknown, count)


def warn_of_unknown(unknown: int, texts: int) -> None:
    """Say how many texts have no token that the model knows, if any: their answers mean nothing."""
    if unknown:
        click.echo(
            f"Warning: the model knows no token of {unknown} of the {texts} texts, and can only guess their class.",
            err=True,
        )


@cli.command("evaluate")
@sources_argument
@text_column_option
@click.option("--label-column", default="label", show_default=True, help="Column of their classes.")
@click.option("-f", "--format", "kind", type=click.Choice(["text", "json"]), default="text", show_default=True)
@model_options
def evaluate_command(
    sources: tuple[Path, ...],
    text_column: str,
    label_column: str,
    kind: str,
    variant: str,
    seed: int | None,
    directory: Path,
    backend: str,
    cores: int,
) -> None:
    """Compare the answers to the texts in SOURCES, tables with labels, with these.

    Shows the accuracy, the area under the ROC curve, the F1 score, the Brier score and two measures of calibration,
    with 95 % intervals over other such texts, and how often each class was taken for which. docs/statistics.md has the
    details.
    """
    if not sources:
        raise InputError("There is nothing to evaluate. Name a table with texts and their labels.")
    seed = trained_seed(directory, variant, seed)
    readers = [rows_of(source, text_column, [label_column]) for source in sources]
    trained = load(directory, variant, seed, backend, cores)
    import numpy as np
    import pandas as pd

    from wordorder.app.evaluate import confusion, measured
    from wordorder.evaluation.predictions import Predictions

    labels: list[str] = []
    answers, tokens, empty = [], [], 0
    for chunk in in_chunks(chain.from_iterable(readers)):
        with_text = [(text, label or "") for text, label in chunk if text and text.strip()]
        empty += len(chunk) - len(with_text)
        if not with_text:
            continue
        labels += [label for _, label in with_text]
        probabilities, known = trained.answers([text for text, _ in with_text])
        answers.append(probabilities)
        tokens.append(known)
    places = {name: place for place, name in enumerate(trained.classes)}
    if wrong := Counter(label for label in labels if label not in places):
        shown = ", ".join(f"{label!r} {count}" for label, count in wrong.most_common(10))
        raise InputError(
            f"{', '.join(map(str, sources))}: labels that {variant} does not know, and how often: {shown}. Correct "
            f"them, or name another --label-column. Its classes are {', '.join(map(repr, trained.classes))}."
        )
    if not labels:
        raise InputError(f"{', '.join(map(str, sources))}: there is no text. Name another file or --text-column.")
    indices = np.array([places[label] for label in labels])
    found = Predictions([], indices, np.concatenate(answers)[None], trained.classes)
    metrics, table = measured(found), confusion(found)
    unknown = int(np.sum(np.concatenate(tokens) == 0))
    if kind == "json":
        counts = {"texts": len(labels), "without_text": empty, "without_known_token": unknown}
        by_name = {name: each._asdict() for name, each in metrics.items()}
        click.echo(json.dumps({**counts, **by_name, "classes": trained.classes, "confusion": table.tolist()}, indent=2))
        return
    click.echo(f"{len(labels)} texts" + (f"; {empty} rows without a text are left out" if empty else ""))
    click.echo(f"\n{'':27}{'value':>7}   95 % interval")
    # z: no minus before a zero.
    for name, (value, low, high) in metrics.items():
        interval = "" if low is None else f"   {low:z.4f} to {high:z.4f}"
        click.echo(f"{name:27}{value:z7.4f}{interval}")
    if missing := [name for name, count in zip(trained.classes, table.sum(axis=1), strict=True) if not count]:
        click.echo(f"No text is of the class {', '.join(missing)}: there is no roc_auc and no f1.")
    click.echo("\nTexts by their class (rows) and the answer (columns):")
    click.echo(pd.DataFrame(table, trained.classes, trained.classes).to_string())
    warn_of_unknown(unknown, len(labels))


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
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@model_options
def explain_command(
    source: Path | None, variant: str, seed: int | None, directory: Path, backend: str, cores: int
) -> None:
    """Show how much each word of the text in SOURCE, or on standard input, moved the decision.

    The number is the logit of the class with the word minus the logit without it: blue words speak for the class,
    orange ones against it. If the output is not a terminal, or NO_COLOR is set, there is a line for each word with its
    number. Before them stands the probability of the class, and its mean over random orders of the same words.
    """
    source = source or STANDARD_INPUT
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

    loaded, problems = [], []
    for variant, seeds in tqdm(trained.items(), unit=" models", disable=None, leave=False):
        try:
            loaded.append(load_trained(directory, variant, seeds[0]))
        except InputError as error:
            problems.append(f"{variant} is left out: {error}")
    if not loaded:
        raise InputError("\n".join(problems))
    for problem in problems:
        click.echo(printable(f"Warning: {problem}"), err=True)
    serve(loaded, listener)


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
