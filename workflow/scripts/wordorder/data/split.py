"""From a corpus to training, validation, test and unlabelled reviews."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wordorder.data.corpus import SEVERAL, SPLITS, Text, read_corpus
from wordorder.data.reviews import Review, write_reviews
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError
from wordorder.io.log import tell, warn
from wordorder.messages import listed

# A larger share of copies, and fewer words, are probably not meant.
COPIES = 0.01
FEW_WORDS = 2
# More numbers than these are no classes, unless they are whole and have many reviews each.
NUMBERS = 20
REVIEWS_OF_NUMBER = 10

Splits = dict[str, list[Text]]


def split_corpus(
    corpus: Sequence[Path],
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    sizes: Path,
    *,
    splits: Sequence[str],
    layout: dict[str, Any],
    min_texts_per_class: int,
    keep_copies_together: bool,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> dict[str, int]:
    """Split the reviews of a corpus into four Parquet files; `splits` and `layout` are arguments of `read_corpus`.

    Splits of the corpus itself are kept. If it has none for test or validation, they are held back from the training
    reviews, the test first: as in the chapter, the reviews of each class are shuffled and the last `test_fraction` or
    `validation_fraction` of them are taken, but at least one for each split. There the names come in the order of the
    directory; here they are sorted first, so that every machine gets the same split, whatever the order of the corpus.
    With `keep_copies_together` the reviews of a class with the same text are shuffled, and counted, as one. Classes
    with fewer than `min_texts_per_class` reviews are left out.

    The files have the columns id, label (the name of the class, empty for unlabelled reviews), group (empty where the
    corpus tells none) and text and are sorted by label and id: training has to shuffle by itself. Each class is in each
    of the first three. A text is exactly what the corpus holds, line ends and control characters included; an empty
    review is kept. Unlabelled reviews whose text is that of a test review are left out. A corpus without unlabelled
    reviews gives an empty table of them.

    Writes what the splits are made of to the CSV file `sizes`, tells it, and warns of what is probably not meant.
    Returns the number of reviews in each. Raises InputError if the corpus cannot be read, or with all that is wrong if
    it has fewer than two classes, nothing but empty texts, or no review of a class for a split.
    """
    where = str(corpus[0]) if len(corpus) == 1 else "corpus.splits"
    texts, classes = read_corpus(corpus, splits, **layout)
    counts = Counter(text.label for text in texts)
    if small := [label for label in classes if counts[label] < min_texts_per_class]:
        shown = ", ".join(f"{label!r} ({counts[label]})" for label in small)
        warn(
            f"left out are classes with fewer than {min_texts_per_class} reviews, corpus.min_texts_per_class: {shown}."
        )
    classes = [label for label in classes if label not in small]
    labelled = [text for text in texts if text.label in set(classes)]
    refuse(where, list(unusable(labelled, classes)))
    own_splits = {"train", *(text.split for text in labelled)}
    fractions = {"test": test_fraction, "validation": validation_fraction}
    held_back = [split for split in fractions if split not in own_splits]
    groups: dict[tuple[str, str], list[Text]] = defaultdict(list)
    for text in labelled:
        groups[text.split, text.label].append(text)
    units = {label: in_units(groups["train", label], keep_copies_together) for label in classes}
    refuse(where, [*missing(groups, classes, own_splits), *too_few(units, held_back, counts)])
    parts: Splits = {name: [] for name in SPLITS}
    for label in classes:
        for split in own_splits - {"train"}:
            parts[split] += groups[split, label]
        rest = units[label]
        for place, split in enumerate(held_back):
            rest, held = hold_back(rest, fractions[split], seed, len(held_back) - place)
            parts[split] += [text for unit in held for text in unit]
        parts["train"] += [text for unit in rest for text in unit]
    # What is learned from a text without its label would be learned from the test.
    tested = {text.text for text in parts["test"]}
    parts["unlabelled"] = [text for text in texts if not text.label and text.text not in tested]
    for path, part in zip((train, validation, test, unlabelled), parts.values(), strict=True):
        write_reviews(path, [Review(text.id, text.label, text.group, text.text) for text in part])
    write_sizes(sizes, parts)
    for warning in warnings_about(parts):
        warn(warning)
    return {split: len(part) for split, part in parts.items()}


def refuse(where: str, problems: list[str]) -> None:
    """Raise InputError with all problems, if there are some."""
    if problems:
        raise InputError("\n".join(f"{where}: {problem}" for problem in problems))


def unusable(labelled: list[Text], classes: list[str]) -> Iterator[str]:
    """Yield why there is nothing to classify."""
    lists = [label for label in classes if label.startswith("[") and label.endswith("]")]
    numbers = sorted(number for label in classes if (number := as_number(label)) is not None)
    if len(classes) < 2:
        found = f"the only class is {classes[0]!r}" if classes else "there is no class"
        yield (
            f"{found}; to classify, there must be two or more. Check corpus.label_column in the config, or that there "
            "is a folder for each class."
        )
    elif lists:
        yield f"labels such as {lists[0]!r} are lists. {SEVERAL}Write its name alone, without brackets."
    elif NUMBERS < len(numbers) == len(classes) and (
        not all(map(float.is_integer, numbers)) or len(labelled) < REVIEWS_OF_NUMBER * len(classes)
    ):
        yield (
            f"the labels are {len(numbers)} numbers from {numbers[0]:g} to {numbers[-1]:g}. Numbers are not estimated "
            "here: make a few classes of them, such as low and high, or name another column under corpus.label_column."
        )
    elif len(labelled) < len(SPLITS) * len(classes):
        yield (
            f"{len(classes)} classes are too many for {len(labelled)} reviews: each needs at least three, one to train "
            "on, one for validation and one for test. Is the label another column or folder?"
        )
    if labelled and not any(text.text.strip() for text in labelled):
        yield "all texts are empty. Check corpus.text_column in the config."


def as_number(label: str) -> float | None:
    """Return the number that a label is, None if it is none."""
    try:
        return float(label)
    except ValueError:
        return None


def missing(groups: dict[tuple[str, str], list[Text]], classes: list[str], splits: set[str]) -> Iterator[str]:
    """Yield which classes have no review in some of the splits that the corpus has."""
    for label in classes:
        without = [split for split in SPLITS if split in splits and not groups[split, label]]
        for split in without:
            key = f" If its texts have no class, set corpus.unlabelled: {label} in the config."
            yield (
                f"there is no review of the class {label!r} in its {split} split. Each class needs some in each split: "
                f"add them, or leave the class out.{key if {*without} == splits - {'train'} else ''}"
            )


def too_few(units: dict[str, list[list[Text]]], held_back: list[str], counts: Counter[str]) -> Iterator[str]:
    """Yield which classes have too few training reviews to hold some of them back."""
    if few := [label for label, each in units.items() if 0 < len(each) <= len(held_back)]:
        shown = ", ".join(f"{label!r} ({len(units[label])})" for label in few)
        yield (
            f"there are too few training reviews of {shown}: each class needs {len(held_back) + 1}, because some are "
            f"held back for {listed(held_back)}. Add some, or leave such classes out: set corpus.min_texts_per_class: "
            f"{max(counts[label] for label in few) + 1} in the config."
        )


def in_units(texts: list[Text], keep_copies_together: bool) -> list[list[Text]]:
    """Return texts one by one, sorted by their names, or those that are alike together."""
    units: dict[str, list[Text]] = defaultdict(list)
    for text in sorted(texts, key=lambda text: text.id):
        units[text.text if keep_copies_together else text.id].append(text)
    return list(units.values())


def hold_back(
    units: list[list[Text]], fraction: float, seed: int, stay: int
) -> tuple[list[list[Text]], list[list[Text]]]:
    """Shuffle the texts of a class and return those that stay for training, `stay` at least, and those held back."""
    units = sorted(units, key=lambda unit: unit[0].id)
    random.Random(seed).shuffle(units)
    place = -min(max(1, int(fraction * len(units))), len(units) - stay)
    return units[:place], units[place:]


def write_sizes(path: Path, splits: Splits) -> None:
    """Write a row for each class in each split, and tell a line for each split.

    The columns are split, class, reviews, mean_words, copies (reviews of a text that is more than once in the split)
    and copies_of_training (those whose text is that of a training review).
    """
    learned = {text.text for text in splits["train"]}
    with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["split", "class", "reviews", "mean_words", "copies", "copies_of_training"])
        for split, texts in splits.items():
            times = Counter(text.text for text in texts)
            others = learned if split != "train" else set()
            by_class: dict[str, list[Text]] = defaultdict(list)
            for text in texts:
                by_class[text.label].append(text)
            for label, those in sorted(by_class.items()):
                writer.writerow([split, label, *measures(those, times, others)])
            number, words, copies, also = measures(texts, times, others)
            sizes = ", ".join(
                f"{label!r} {len(those)}" if label else "no class" for label, those in sorted(by_class.items())
            )
            alike = f"; {copies} have the text of another" if copies else ""
            alike += f"; {also} that of a training review" if also else ""
            tell(
                f"{split}: {number} reviews ({sizes}) of {words} words on average{alike}" if texts else f"{split}: none"
            )


def measures(texts: list[Text], times: Counter[str], others: set[str]) -> tuple[int, float, int, int]:
    """Return how many texts there are, their mean length in words, and how many are there `times` or among `others`."""
    words = sum(len(text.text.split()) for text in texts) / max(len(texts), 1)
    copies = sum(times[text.text] > 1 for text in texts)
    return len(texts), round(words, 1), copies, sum(text.text in others for text in texts)


def warnings_about(splits: Splits) -> Iterator[str]:
    """Yield what is probably not meant: copies across splits, classes that differ in little, texts without words."""
    learned = {text.text for text in splits["train"]}
    for split in ("validation", "test"):
        copies = sum(text.text in learned for text in splits[split])
        if copies > COPIES * len(splits[split]):
            yield (
                f"{copies} of the {len(splits[split])} {split} reviews are also training reviews, word for word. Where "
                "the splits are not the corpus's own, split.keep_copies_together: true avoids that."
            )
    similar: dict[Any, set[str]] = defaultdict(set)
    for text in splits["train"]:
        number = as_number(text.label)
        similar[" ".join(text.label.lower().split()) if number is None else number].add(text.label)
    for alike in similar.values():
        if len(alike) > 1:
            yield (
                f"the classes {', '.join(map(repr, sorted(alike)))} differ in capitals or spaces only, or in how a "
                "number is written."
            )
    words = sum(len(text.text.split()) for text in splits["train"]) / len(splits["train"])
    if words < FEW_WORDS:
        yield (
            f"a training review has {words:.1f} words on average. Words are what stands between spaces: for a language "
            "without them, set split: character for the vectorizers in the config."
        )
