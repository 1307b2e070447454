"""From the archive of the Large Movie Review Dataset to training, validation, test and unlabelled reviews."""

import random
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wordorder.errors import InputError
from wordorder.parquet import read_table, write_table

LABELS = {"neg": 0, "pos": 1}
# The reviews without a label, and what stands in its place. Their rating is 0, in their names, too.
UNLABELLED, NO_LABEL = "train/unsup", -1
MEMBER = re.compile(r"aclImdb/((?:train|test)/(?:neg|pos)|train/unsup)/(.+)", re.DOTALL)
FILE_NAME = re.compile(r"([0-9]+_([1-9]|10))\.txt")
UNLABELLED_FILE_NAME = re.compile(r"([0-9]+_(0))\.txt")
SCHEMA = pa.schema([("id", pa.string()), ("label", pa.int8()), ("rating", pa.int8()), ("text", pa.string())])


class Review(NamedTuple):
    """A row of the Parquet files: `id` is the name in the archive, such as train/pos/0_9; `rating` is 1 to 10.

    Without a label, `label` is -1 and `rating` 0.
    """

    id: str
    label: int
    rating: int
    text: str


def review_members(archive: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name of all that lies in the folders of reviews, with its bytes (None if it is not a regular file)."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            last = -1
            for member in tar:
                # A negative size may lead tarfile back to a header that it has read before, without end.
                if member.size < 0 or member.offset <= last:
                    raise tarfile.ReadError("a size is negative")
                last = member.offset
                if MEMBER.fullmatch(member.name):
                    # A sparse file may claim any size, and would fill the memory with its zeros.
                    regular = member.isreg() and not member.issparse()
                    yield member.name, tar.extractfile(member).read() if regular else None
            # tarfile takes a missing or unreadable header for the end. The real end is a block of zeros, after which
            # there is at least one more; reading them also makes the decompressor compare its checksum, which it does
            # not do in tarfile's mode "r|*". Both modes read the archive once, from front to back.
            rest = tar.fileobj.read()
            if len(rest) < tarfile.BLOCKSIZE or rest.strip(b"\0"):
                raise tarfile.ReadError("the end of the archive is missing")
    # Broad, because tarfile lets the errors of the decompressors through, and those have no class in common.
    except Exception as error:
        raise InputError(
            f"{archive} is not a complete tar archive ({error}). Delete it and run again; if that does not help, "
            "check imdb.sources and imdb.checksum in the config."
        ) from error


def read_archive(archive: Path) -> dict[str, list[Review]]:
    """Read the reviews, in the order of their names, by folder: train/neg, train/pos and so on, train/unsup."""
    labels = {f"{part}/{name}": label for part in ("train", "test") for name, label in LABELS.items()}
    labels[UNLABELLED] = NO_LABEL
    folders = {folder: {} for folder in labels}
    for name, content in review_members(archive):
        # Names are shown with repr: in an archive they can hold anything.
        where = f"{archive}, member {name!r}"
        folder, file_name = MEMBER.fullmatch(name).groups()
        match = (UNLABELLED_FILE_NAME if folder == UNLABELLED else FILE_NAME).fullmatch(file_name)
        if not match:
            rating = "0" if folder == UNLABELLED else "<rating 1 to 10>"
            raise InputError(
                f"{where}: in this folder there must only be reviews, named <number>_{rating}.txt. "
                "Check imdb.sources in the config."
            )
        if content is None:
            raise InputError(f"{where}: not a regular file. Check imdb.sources in the config.")
        review = f"{folder}/{match[1]}"
        if review in folders[folder]:
            raise InputError(f"{where}: this name occurs twice. Check imdb.sources in the config.")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{where}: not UTF-8 at byte {error.start} ({error.reason}). Check imdb.sources in the config."
            ) from error
        folders[folder][review] = Review(review, labels[folder], int(match[2]), text)
    for folder, reviews in folders.items():
        # The unlabelled ones may be missing: most models do without them.
        if not reviews and folder != UNLABELLED:
            raise InputError(f"{archive}: there is no review in aclImdb/{folder}. Check imdb.sources in the config.")
    return {folder: [reviews[key] for key in sorted(reviews)] for folder, reviews in folders.items()}


def write_reviews(path: Path, reviews: list[Review]) -> None:
    """Write reviews as a Parquet file, sorted by id and thereby by label: the id begins with the class folder."""
    rows = sorted(reviews, key=lambda review: review.id)
    table = pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA)
    write_table(path, table)


def read_reviews(path: Path) -> pa.Table:
    """Read the reviews of a split, columns id, label, rating and text. Raises InputError if the file is damaged."""
    return read_table(path, SCHEMA)


def split_corpus(
    archive: Path,
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
    *,
    validation_fraction: float,
    seed: int,
) -> dict[str, int]:
    """Split the reviews in `archive`, aclImdb_v1.tar.gz, into four Parquet files.

    As in the chapter, the training reviews of each class are shuffled and the last `validation_fraction` of them are
    held back. There the names come in the order of the directory; here they are sorted first, so that every machine
    gets the same split, whatever the order of the archive.

    The files have the columns id, label (0 negative, 1 positive, -1 unlabelled), rating and text and are sorted by
    label and id: training has to shuffle by itself. A text is exactly what the archive holds, line ends and control
    characters included; an empty review is kept. An archive without unlabelled reviews gives an empty table of them.

    Returns the number of reviews in each split. Raises InputError if the archive is not complete or holds anything but
    reviews in their folders, or if no review of a class is left for training or for validation.
    """
    folders = read_archive(archive)
    splits = {"train": [], "validation": [], "test": [], "unlabelled": folders[UNLABELLED]}
    for name in LABELS:
        reviews = folders[f"train/{name}"]
        random.Random(seed).shuffle(reviews)
        held_back = int(validation_fraction * len(reviews))
        if not 0 < held_back < len(reviews):
            raise InputError(
                f"{archive}: of the {len(reviews)} reviews in aclImdb/train/{name} {held_back} would be for validation "
                f"and {len(reviews) - held_back} for training. Change split.validation_fraction in the config "
                f"({validation_fraction}) so that there is at least one for each."
            )
        splits["train"] += reviews[:-held_back]
        splits["validation"] += reviews[-held_back:]
        splits["test"] += folders[f"test/{name}"]
    for path, reviews in zip((train, validation, test, unlabelled), splits.values(), strict=True):
        write_reviews(path, reviews)
    return {split: len(reviews) for split, reviews in splits.items()}
