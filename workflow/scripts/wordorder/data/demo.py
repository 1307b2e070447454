"""A small made-up corpus in the formats of the real one, so that the pipeline can run with nothing to download.

The reviews are simple English, put together from templates, and show on a small scale what the chapter is about:

- Order counts. A quarter of the opinions are turned round by a negation ("was not bad"), so single words mislead, and
  pairs of words say more.
- Not all negations are next to the word they turn round ("was not really good"): pairs of words miss those.
- Lengths vary widely: padded to 60 words, about half of all positions are padding; to 120, two thirds.
- Some sentiment words are seldom or never met in the labelled training reviews and common in the test reviews. In the
  word vectors they lie near their synonyms. (A word that is never met in training is not in the vocabulary of the
  chapter, so that its vector helps no model; a word that is seldom met is.)
"""

import gzip
import hashlib
import io
import random
import re
import shutil
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from wordorder.io.atomic import atomic_write


def word_lists(**lists: str) -> dict[str, list[str]]:
    """Split strings of words into lists."""
    return {name: words.split() for name, words in lists.items()}


# Reviews of each class in each split.
REVIEWS_OF_A_MOVIE = 4
CLAIMS = Path(__file__).with_name("demo_claims.yaml")
CLASSES = {
    "train/pos": 1000,
    "train/neg": 1000,
    "train/unsup": 200,
    "test/pos": 500,
    "test/neg": 500,
}
# Unlabelled reviews that are written after all else, so that their number changes nothing else.
MORE_UNLABELLED = 1400
RATINGS = {"pos": range(7, 11), "neg": range(1, 5), "unsup": range(1)}

# Sentiment words by polarity: common everywhere; seldom in training; never in labelled training reviews.
COMMON = word_lists(
    pos="good great wonderful brilliant excellent charming funny clever gripping delightful",
    neg="bad awful terrible boring dull poor stupid tedious clumsy dreadful",
)
SELDOM = word_lists(
    pos="splendid superb dazzling touching",
    neg="dismal lousy horrid bland",
)
UNSEEN = word_lists(
    pos="stunning exquisite magnificent",
    neg="atrocious abysmal appalling",
)
# How often each of the three is drawn.
LABELLED_TRAINING = (0.99, 0.01, 0)
ELSEWHERE = (0.78, 0.18, 0.04)

# How often a sentence is an opinion, an opinion is negated, and an adverb stands before the sentiment word.
OPINION = 0.5
NEGATED = 0.28
ADVERB = 0.2
PLAIN_VERBS = "was", "was", "is", "seemed", "felt"
NEGATING_VERBS = "was not", "wasn't", "is not", "was never"
ADVERBS = "really", "very", "quite", "particularly"

OPINIONS = (
    "The {aspect} {opinion}.",
    "The {aspect} {opinion}!",
    "I thought the {aspect} {opinion}.",
    "To me the {aspect} of this one {opinion}.",
    "For all its {thing}, the {aspect} {opinion}.",
)
FILLERS = (
    "{name} plays a {person} from {name}.",
    "A {person} meets a {person} in a {place}.",
    "It is about a {person}, a {thing} and a {place}.",
    "The {person} looks for the {thing}, and {name} waits in the {place}.",
    "I saw it with my {person} in {name}.",
    "There is a {thing} in the {place}.",
    "{name} wrote it, {name} directed.",
    "Then they all go to the {place} with {name}.",
    "Have you seen {name} as the {person}?",
    "After an hour the {person} finds the {thing}.",
)
WORDS = word_lists(
    aspect="acting story script plot film music ending dialogue camera cast pace humor movie direction",
    person=(
        "doctor sailor teacher soldier widow brother sister thief farmer pilot dancer lawyer stranger boxer nurse "
        "priest painter clerk singer waiter hunter tailor baker guard"
    ),
    thing=(
        "letter knife horse diary train ring painting suitcase secret piano fortune ghost treasure map key photograph "
        "hat boat gun dog mirror song lamp coat"
    ),
    place=(
        "village harbor castle desert hotel prison forest school hospital theater station mountain garden market "
        "church cabin factory tavern museum valley bakery tower cellar bridge"
    ),
)
NAMES = 1500
# Of the names one in so many has no vector.
MISSING_NAME = 10
# Words of the GloVe file that are made up for it; hardly a review contains one.
OTHER_WORDS = 4000
DIMENSION = 100
# Words that are used alike lie near each other in the GloVe file. Negations are spelt as the vectorizer leaves them.
ALIKE = (
    *([*COMMON[polarity], *SELDOM[polarity], *UNSEEN[polarity]] for polarity in COMMON),
    ["not", "wasnt", "never"],
    *WORDS.values(),
)


def pseudo_words(rng: random.Random, number: int, exclude: set[str]) -> list[str]:
    """Make up different words that can be pronounced, none of them in `exclude`."""
    words: dict[str, None] = {}
    while len(words) < number:
        word = "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3)))
        word += rng.choice("lnrst")
        if word not in exclude:
            words[word] = None
    return list(words)


class ReviewWriter:
    """Writes reviews from the templates."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        meaningful = {word for group in ALIKE for word in group}
        self.names = [name.capitalize() for name in pseudo_words(rng, NAMES, exclude=meaningful)]

    def draw(self, words: list[str]) -> str:
        """Draw a word, the n-th of the list with a probability that falls as 1 / n (Zipf's law)."""
        # The integral of 1 / n is the logarithm, so its inverse turns uniform numbers into Zipf's law.
        return words[int((len(words) + 1) ** self.rng.random()) - 1]

    def opinion(self, polarity: str, novelty: tuple[float, float, float]) -> str:
        """Write a verb phrase of the given polarity: "was good", "wasn't really bad"."""
        rng = self.rng
        negated = rng.random() < NEGATED
        if negated:
            polarity = {"pos": "neg", "neg": "pos"}[polarity]
        (group,) = rng.choices((COMMON, SELDOM, UNSEEN), novelty)
        phrase = [rng.choice(NEGATING_VERBS if negated else PLAIN_VERBS)]
        if rng.random() < ADVERB:
            phrase.append(rng.choice(ADVERBS))
        phrase.append(rng.choice(group[polarity]))
        return " ".join(phrase)

    def fill(self, template: str, **given: str) -> str:
        """Put words where the template has {fields}."""
        return re.sub(
            r"{(\w+)}",
            lambda field: given.get(field[1]) or self.draw(self.names if field[1] == "name" else WORDS[field[1]]),
            template,
        )

    def review(self, polarity: str, novelty: tuple[float, float, float]) -> str:
        """Write a review: at least one opinion, among sentences that say nothing about the quality of the film."""
        rng = self.rng
        length = min(110, rng.lognormvariate(3.2, 0.8))
        sentences = [self.fill(rng.choice(OPINIONS), opinion=self.opinion(polarity, novelty))]
        while sum(sentence.count(" ") + 1 for sentence in sentences) < length:
            if rng.random() < OPINION:
                sentences.append(self.fill(rng.choice(OPINIONS), opinion=self.opinion(polarity, novelty)))
            else:
                sentences.append(self.fill(rng.choice(FILLERS)))
        rng.shuffle(sentences)
        if rng.random() < 0.1:
            at = rng.randrange(len(sentences))
            sentences[at] = sentences[at].upper()
        text = sentences[0]
        for sentence in sentences[1:]:
            text += rng.choice(("<br /><br />", *[" "] * 9)) + sentence
        return text


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """Count the words, in lower case and without apostrophes, and the punctuation marks."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(re.findall("[a-z]+|[.,!?]", text.lower().replace("'", "").replace("<br />", " ")))
    return counts


def make_glove(rng: random.Random, counts: Counter[str], names: list[str]) -> str:
    """Write the GloVe file: a word and its 100 numbers on each line, by falling frequency of the words."""
    missing = {name.lower() for name in names[::MISSING_NAME]}
    # Pareto's law for the counts is Zipf's law for the ranks.
    others = {word: int(rng.paretovariate(1)) for word in pseudo_words(rng, OTHER_WORDS, exclude={*counts, *missing})}
    counts = Counter({word: count for word, count in counts.items() if word not in missing}) + Counter(others)
    words = sorted(counts, key=lambda word: (-counts[word], word))
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    vectors = dict(zip(words, generator.normal(0, 0.4, (len(words), DIMENSION)), strict=True))
    for group in ALIKE:
        centre = generator.normal(0, 0.4, DIMENSION)
        for word in group:
            if word in vectors:
                vectors[word] = 0.8 * centre + 0.6 * vectors[word]
    return "".join(f"{word} {' '.join(f'{x:.5f}' for x in vectors[word])}\n" for word in words)


def make_reviews(writer: ReviewWriter, numbers: dict[str, range]) -> dict[str, str]:
    """Write the reviews of these numbers for each class: their names in the archive, and their texts."""
    reviews = {}
    for folder, of_class in numbers.items():
        split, label = folder.split("/")
        novelty = LABELLED_TRAINING if split == "train" and label != "unsup" else ELSEWHERE
        for i in of_class:
            polarity = writer.rng.choice(("pos", "neg")) if label == "unsup" else label
            rating = writer.rng.choice(RATINGS[label])
            reviews[f"aclImdb/{folder}/{i}_{rating}.txt"] = writer.review(polarity, novelty)
    return reviews


def write_archive(path: Path, members: dict[str, str]) -> None:
    """Write a gzipped tar archive whose bytes depend on the members alone."""
    with (
        atomic_write(path) as part,
        part.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, text in members.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def write_demo_corpus(folder: Path, seed: int) -> Path:
    """Write aclImdb_v1.tar.gz, glove.6B.zip and sources.yaml into `folder` and return the path of the last.

    sources.yaml is a config file for Snakemake that says where the two archives lie, and the claims beside them. All
    bytes are a function of the seed, but for the paths in sources.yaml.
    """
    folder = folder.resolve()
    rng = random.Random(seed)
    writer = ReviewWriter(rng)
    reviews = make_reviews(writer, {folder: range(number) for folder, number in CLASSES.items()})
    glove = make_glove(rng, word_counts(reviews.values()), writer.names).encode()
    numbers = CLASSES | {"train/unsup": CLASSES["train/unsup"] + MORE_UNLABELLED}
    reviews |= make_reviews(writer, {"train/unsup": range(CLASSES["train/unsup"], numbers["train/unsup"])})
    counts = word_counts(reviews.values())
    members = {
        "aclImdb/README": "Made-up film reviews, laid out as the Large Movie Review Dataset v1.0.\n",
        "aclImdb/imdb.vocab": "".join(f"{word}\n" for word, _ in counts.most_common()),
    }
    for name, number in numbers.items():
        split, label = name.split("/")
        members[f"aclImdb/{split}/urls_{label}.txt"] = "".join(
            f"http://example.org/{split}/title{i // REVIEWS_OF_A_MOVIE}/usercomments\n" for i in range(number)
        )

    imdb_archive, glove_archive = folder / "aclImdb_v1.tar.gz", folder / "glove.6B.zip"
    write_archive(imdb_archive, members | reviews)
    with atomic_write(glove_archive) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        # A ZipInfo of its own, because the default takes the time of today.
        archive.writestr(zipfile.ZipInfo("glove.6B.100d.txt"), glove, zipfile.ZIP_DEFLATED)
    imdb_digest = hashlib.sha256(imdb_archive.read_bytes()).hexdigest()
    shutil.copyfile(CLAIMS, folder / "claims.yaml")
    config = {
        "claims": str(folder / "claims.yaml"),
        "corpus": {"sources": [str(imdb_archive)], "checksum": f"sha256:{imdb_digest}"},
        "glove": {"sources": [str(glove_archive)], "checksum": f"sha256:{hashlib.sha256(glove).hexdigest()}"},
    }
    with atomic_write(folder / "sources.yaml") as part:
        # Wide enough that no path is folded.
        part.write_text(
            yaml.safe_dump(config, default_flow_style=None, sort_keys=False, width=10_000), encoding="utf-8"
        )
    return folder / "sources.yaml"
