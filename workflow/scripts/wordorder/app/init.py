"""Look at a user's table of texts, and write a config that trains models on it."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wordorder.config import Split, Vectorizer, is_like_ascii
from wordorder.data import formats
from wordorder.data.corpus import SPLIT_NAMES, Advice, Wanted
from wordorder.data.vectorizer import token_splitter
from wordorder.io.errors import InputError
from wordorder.messages import shown
from wordorder.tokens import SPECIAL_TOKENS, UNICODE

ADVICE = Advice("Name the columns with --text-column and --label-column.", "Name another file, or save this one anew.")
# More different values are no classes, unless the user says so.
MOST_CLASSES = 50
# Classes with fewer texts are probably a mistake, and too few for three splits.
FEW_TEXTS = 10
# What a column of classes is often called.
LABELS = ("label", "labels", "class", "category", "sentiment", "target", "topic", "stars", "rating")
# With what the names of the letters begin that are written without spaces between the words.
SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
# A longer name of a column is probably a text.
LONG_NAME = 60
# A larger share of letters outside ASCII is a language that has them.
FOREIGN = 0.005
# The steps of the chapter: 10 epochs of 20,000 reviews in batches of 32.
STEPS = 6250
MOST_EPOCHS = 40


class Found(NamedTuple):
    """What a table holds: its columns, its texts and their classes, and the sizes that suit them."""

    path: Path
    encoding: str
    columns: list[str]
    text_column: str
    label_column: str
    split_column: str | None
    classes: Counter[str]
    missing: int
    lengths: np.ndarray
    has_spaces: bool
    foreign_letters: float
    tokens: int
    training_texts: int

    @property
    def splitting(self) -> dict[str, Any]:
        """How the texts become tokens, where it is not the default."""
        splitting = {"standardize": UNICODE} if self.foreign_letters > FOREIGN else {}
        return splitting if self.has_spaces else {**splitting, "split": "character"}


def look(path: Path, encoding: str, text_column: str | None, label_column: str | None) -> Found:
    """Find out what a table holds; columns that are not named are guessed.

    Raises InputError if it cannot be read, or if no columns look like texts and classes.
    """
    if not is_like_ascii(encoding):
        raise InputError(f"The encoding {encoding} is not possible; use utf-8, latin-1 or cp1252.")
    table = formats.table_of(str(path))
    if table is None:
        raise InputError(
            f"{path}: its name does not end like that of a table ({', '.join(formats.suffixes())}). Save it as one; "
            "for folders of texts see docs/own_corpus/."
        )
    columns = table.columns(path, encoding)
    rows = list(table.rows(path, Wanted(columns, ADVICE, columns, encoding)))
    values = {name: [row[i] or "" for row in rows] for i, name in enumerate(columns)}
    for name in filter(None, (text_column, label_column)):
        if name not in values:
            raise InputError(f"{path}: there is no column {name!r}; its columns are: {', '.join(map(repr, columns))}.")
    text_column = text_column or max(
        (name for name in columns if name != label_column), key=lambda name: sum(map(len, values[name])), default=None
    )
    split_columns = [name for name in columns if name not in (text_column, label_column) and is_split(values[name])]
    label_column = label_column or likely_label(values, {text_column, *split_columns})
    if text_column is None or label_column is None:
        raise InputError(
            f"{path}: no column looks like classes, of which there would be 2 to {MOST_CLASSES}; its columns are: "
            f"{', '.join(map(repr, columns))}. Name it with --label-column."
        )
    complete = [i for i in range(len(rows)) if values[text_column][i] and values[label_column][i]]
    texts = [values[text_column][i] for i in complete]
    split_column = split_columns[0] if split_columns else None
    letters = {each: count for each, count in Counter(chain.from_iterable(texts)).items() if each.isalpha()}
    spaceless = sum(n for each, n in letters.items() if unicodedata.name(each, "").startswith(SPACELESS))
    foreign = sum(n for each, n in letters.items() if not each.isascii())
    found = Found(
        path=path,
        encoding=encoding,
        columns=columns,
        text_column=text_column,
        label_column=label_column,
        split_column=split_column,
        classes=Counter(values[label_column][i] for i in complete),
        missing=len(rows) - len(complete),
        lengths=np.array([]),
        has_spaces=2 * spaceless <= sum(letters.values()),
        foreign_letters=foreign / max(1, sum(letters.values())),
        tokens=0,
        training_texts=training_texts(values[split_column] if split_column else None, len(complete)),
    )
    if not letters:
        raise InputError(f"{path}: there is no text in the column {text_column}. Name another with --text-column.")
    split = token_splitter(**{"standardize": Vectorizer().standardize, **found.splitting})
    documents: Counter[bytes] = Counter()
    lengths = []
    for text in texts:
        tokens = list(split(text))
        lengths.append(len(tokens))
        documents.update(set(tokens))
    return found._replace(lengths=np.array(lengths), tokens=sum(count > 1 for count in documents.values()))


def is_split(values: Sequence[str]) -> bool:
    """Return whether a column says which split each text is in."""
    names = {SPLIT_NAMES.get(value.lower()) for value in set(values)}
    return {"train", "test"} <= names and None not in names


def likely_label(values: dict[str, list[str]], others: set[str | None]) -> str | None:
    """Return the column that is called like classes and has fewest values, None if no column can be that of classes."""
    counts = {name: len(set(column) - {""}) for name, column in values.items() if name not in others}
    possible = [name for name, count in counts.items() if 2 <= count <= MOST_CLASSES and 2 * count <= len(values[name])]
    return min(possible, key=lambda name: (name.lower() not in LABELS, counts[name]), default=None)


def training_texts(splits: Sequence[str] | None, texts: int) -> int:
    """Return about how many texts there are to train on: those of the split of that name, or what is left over."""
    split = Split()
    names = Counter(SPLIT_NAMES[each.lower()] for each in splits) if splits else Counter()
    training = names["train"] or texts * (1 - split.test_fraction)
    return int(training if names["validation"] else training * (1 - split.validation_fraction))


def config_of(found: Found) -> str:
    """Return the config, as YAML with comments."""
    training = found.training_texts
    small = training < 2000
    batch = 16 if small else 32
    in_epoch = math.ceil(training / batch)
    epochs = min(MOST_EPOCHS, max(3, round(STEPS / in_epoch)))
    # Tens, which are easier to change, and not more than in the chapter.
    length = min(600, max(10, 10 * math.ceil(np.percentile(found.lengths, 95) / 10)))
    settings = {"max_tokens": min(20000, max(100, found.tokens + len(SPECIAL_TOKENS))), **found.splitting}
    words, bigrams = (
        ", ".join(f"{key}: {value}" for key, value in each.items()) for each in (settings, found.splitting)
    )
    split = f"\n  split_column: {shown(found.split_column)}" if found.split_column else ""
    rate = "\n  # More than the chapter's 0.001, because there are few steps.\n  optimizer: {learning_rate: 0.01}"
    return f"""\
# Made by `wordorder init` for {shown(str(found.path))}. All keys: config/README.md.
corpus:
  sources: [{shown(str(found.path))}]
  # A run notices by itself that the file has been edited.
  checksum: null
  encoding: {found.encoding}
  unlabelled: null
  text_column: {shown(found.text_column)}
  label_column: {shown(found.label_column)}{split}

vectorizers:
  # As many as occur in two texts or more, and at most 20,000.
  words: {{{words}}}
  bigrams: {{{bigrams}}}

defaults:
  # 95 % of the texts have no more tokens (600 at most).
  sequence_length: {length}
  batch_size: {batch}
  # Up to {epochs * in_epoch:,} steps, {in_epoch:,} in an epoch.
  epochs: {epochs}
  # Epochs without a lower validation loss after which a training ends.
  patience: 10{rate if small else ""}

variants:
  # The accuracies in the book are those of other texts.
  binary_unigram: {{chapter_accuracy: null}}
  binary_bigram: {{chapter_accuracy: null}}
  embedding_masked: {{dimension: {64 if small else 256}, chapter_accuracy: null}}
active_variants: [binary_unigram, binary_bigram, embedding_masked]
seeds: [1]
"""


def report_of(found: Found) -> Iterator[str]:
    """Yield what was found, line by line."""
    yield f"{found.path}: {found.classes.total()} texts; its columns are {', '.join(found.columns)}"
    yield f"Texts: the column {found.text_column}. Classes: the column {found.label_column}, with {len(found.classes)}:"
    yield from (f"  {label}: {count}" for label, count in found.classes.most_common(MOST_CLASSES))
    if found.split_column:
        yield f"Splits: the column {found.split_column}"
    percentiles = np.percentile(found.lengths, [50, 95])
    yield (
        f"Tokens of a text: mean {found.lengths.mean():.1f}, median {percentiles[0]:.0f}, 95 % have at most "
        f"{percentiles[1]:.0f}, the longest has {found.lengths.max()}; {found.tokens} different ones occur in two or "
        "more texts"
    )
    if found.foreign_letters > FOREIGN:
        share = f"{100 * found.foreign_letters:.1f} % of the letters"
        yield f"{share} are not those of English: standardize is {UNICODE}"
    if not found.has_spaces:
        yield "Most letters are of a script without spaces between words: split is character"
    if any(len(name) > LONG_NAME or name.isdigit() for name in found.columns):
        yield "Warning: the first row looks like a text and its class, and is taken for the names of the columns."
    if found.missing:
        yield f"Warning: {found.missing} rows have no text or no class. Fill them in or remove them, or the run stops."
    if small := [label for label, count in found.classes.items() if count < FEW_TEXTS]:
        yield f"Warning: classes with fewer than {FEW_TEXTS} texts, too few to learn them: {', '.join(small)}"
    if len(found.classes) < 2:
        yield "Warning: there is one class only; to classify, there must be two or more."
