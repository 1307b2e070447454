"""From a corpus to training, validation, test and unlabelled reviews."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from wordorder.data.corpus import SPLITS, Text, read_corpus
from wordorder.data.reviews import Review, write_reviews
from wordorder.io.errors import InputError
from wordorder.io.log import warn

# A larger share of copies, and fewer words, are probably not meant.
COPIES = 0.01
FEW_WORDS = 2


def split_corpus(
    corpus: Path,
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    *,
    layout: dict,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> dict[str, int]:
    """Split the reviews of a corpus into four Parquet files; `layout` are the arguments of `read_corpus`.

    Splits of the corpus itself are kept. If it has none for test or validation, they are held back from the training
    reviews, the test first: as in the chapter, the reviews of each class are shuffled and the last `test_fraction` or
    `validation_fraction` of them are taken. There the names come in the order of the directory; here they are sorted
    first, so that every machine gets the same split, whatever the order of the corpus.

    The files have the columns id, label (the name of the class, empty for unlabelled reviews), group (empty where the
    corpus tells none) and text and are sorted by label and id: training has to shuffle by itself. Each class is in each
    of the first three. A text is exactly what the corpus holds, line ends and control characters included; an empty
    review is kept. Unlabelled reviews whose text is that of a test review are left out. A corpus without unlabelled
    reviews gives an empty table of them.

    Prints what the splits are made of, and warns of what is probably not meant. Returns the number of reviews in each.
    Raises InputError if the corpus cannot be read, or if it has fewer than two classes, nothing but empty texts, or no
    review of a class for a split.
    """
    texts, classes = read_corpus(corpus, **layout)
    labelled = [text for text in texts if text.label]
    refuse_unusable(corpus, labelled, classes)
    own_splits = {text.split for text in labelled}
    groups: dict[tuple[str, str], list[Text]] = defaultdict(list)
    for text in labelled:
        groups[text.split, text.label].append(text)
    splits: dict[str, list[Text]] = {name: [] for name in SPLITS}
    for label in classes:
        parts = {split: groups[split, label] for split in SPLITS}
        for split in sorted({"train", *own_splits}):
            if not parts[split]:
                raise InputError(
                    f"{corpus}: there is no review of the class {label!r} in its {split} split. Each class needs some "
                    "in each split: add them, or leave the class out."
                )
        for split, fraction in (("test", test_fraction), ("validation", validation_fraction)):
            if split not in own_splits:
                parts["train"], parts[split] = hold_back(corpus, parts["train"], split, fraction, seed)
        for split in SPLITS:
            splits[split] += parts[split]
    # What is learned from a text without its label would be learned from the test.
    tested = {text.text for text in splits["test"]}
    splits["unlabelled"] = [text for text in texts if not text.label and text.text not in tested]
    for path, part in zip((train, validation, test, unlabelled), splits.values(), strict=True):
        write_reviews(path, [Review(text.id, text.label, text.group, text.text) for text in part])
    for split, part in splits.items():
        sizes = Counter(text.label or "no class" for text in part)
        print(f"{split}: {len(part)} reviews ({', '.join(f'{label} {n}' for label, n in sorted(sizes.items()))})")
    for warning in warnings_about(splits):
        warn(warning)
    return {split: len(part) for split, part in splits.items()}


def warnings_about(splits: dict[str, list[Text]]) -> Iterator[str]:
    """Yield what is probably not meant: copies across splits, classes that differ in little, texts without words."""
    learned = {text.text for text in splits["train"]}
    for split in ("validation", "test"):
        copies = sum(text.text in learned for text in splits[split])
        if copies > COPIES * len(splits[split]):
            yield f"{copies} of the {len(splits[split])} {split} reviews are also training reviews, word for word."
    similar: dict[str, set[str]] = defaultdict(set)
    for text in splits["train"]:
        similar[" ".join(text.label.lower().split())].add(text.label)
    for alike in similar.values():
        if len(alike) > 1:
            yield f"the classes {', '.join(map(repr, sorted(alike)))} differ in capitals or spaces only."
    words = sum(len(text.text.split()) for text in splits["train"]) / len(splits["train"])
    if words < FEW_WORDS:
        yield (
            f"a training review has {words:.1f} words on average. Words are what stands between spaces: a language "
            "without them has to be split into words first."
        )


def refuse_unusable(corpus: Path, labelled: list[Text], classes: list[str]) -> None:
    """Raise InputError if there is nothing to classify."""
    if len(classes) < 2:
        found = f"the only class is {classes[0]!r}" if classes else "there is no class"
        raise InputError(
            f"{corpus}: {found}; to classify, there must be two or more. Check corpus.label_column in the config, or "
            "that there is a folder for each class."
        )
    if len(labelled) < len(SPLITS) * len(classes):
        raise InputError(
            f"{corpus}: {len(classes)} classes are too many for {len(labelled)} reviews: each needs at least three, "
            "one to train on, one for validation and one for test. Is the label another column or folder?"
        )
    if not any(text.text.strip() for text in labelled):
        raise InputError(f"{corpus}: all texts are empty. Check corpus.text_column in the config.")


def hold_back(corpus: Path, texts: list[Text], split: str, fraction: float, seed: int) -> tuple[list[Text], list[Text]]:
    """Shuffle texts of one class and return those that stay for training, and those for the other split."""
    texts = sorted(texts, key=lambda text: text.id)
    random.Random(seed).shuffle(texts)
    held_back = int(fraction * len(texts))
    if not 0 < held_back < len(texts):
        raise InputError(
            f"{corpus}: of the {len(texts)} reviews of the class {texts[0].label!r} {held_back} would be for {split} "
            f"and {len(texts) - held_back} for training. Change split.{split}_fraction in the config ({fraction}) so "
            "that there is at least one for each, or leave the class out."
        )
    return texts[:-held_back], texts[-held_back:]
