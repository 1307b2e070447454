"""Reviews with their words in another order, or a part of them alone.

A review is split into words as its vectorizer does it, cut to what the model reads, put into another order, and only
then made tokens of: pairs of words are those of the new order.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from wordorder.data.encoded import EncodedReviews, joined
from wordorder.data.vectorizer import prepared, with_ngrams, word_splitter
from wordorder.tokens import UNKNOWN

# Sentences end where words do, for which only ASCII has white space. It belongs to the sentence before.
SENTENCE_END = re.compile(r"(?<=[.!?])\s+", re.ASCII)
WINDOWS = (1, 2, 3, 5, 10, 20)
ENDS = 100


class Words(NamedTuple):
    """The words of a review as numbers, (words,), and how many there are in each of its sentences, (sentences,)."""

    words: np.ndarray
    sentences: np.ndarray


class Order(NamedTuple):
    """What is done to a review: from its words and a generator to the words that are left, in their order.

    `draws`: whether it is random.
    """

    arrange: Callable[[Words, np.random.Generator], np.ndarray]
    draws: bool


def windows(size: int) -> Callable[[Words, np.random.Generator], np.ndarray]:
    """Return the order in which windows of so many words stay as they are, and change places."""

    def arrange(review: Words, generator: np.random.Generator) -> np.ndarray:
        return shuffled_parts(review.words, np.arange(size, len(review.words), size), generator)

    return arrange


def shuffled_sentences(review: Words, generator: np.random.Generator) -> np.ndarray:
    """Return the words in the order in which sentences stay as they are, and change places."""
    return shuffled_parts(review.words, np.cumsum(review.sentences)[:-1], generator)


def shuffled_parts(words: np.ndarray, starts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return words whose parts, of which all but the first begin at `starts`, are in a random order."""
    parts = np.split(words, starts)
    return np.concatenate([parts[i] for i in generator.permutation(len(parts))])


# By name, in the order of the table: windows of so many words, whole sentences, and all words as they are.
ORDERS = {
    **{str(size): Order(windows(size), True) for size in WINDOWS},
    "sentence": Order(shuffled_sentences, True),
    "kept": Order(lambda review, _: review.words, False),
    "reversed": Order(lambda review, _: review.words[::-1], False),
    f"first {ENDS}": Order(lambda review, _: review.words[:ENDS], False),
    f"last {ENDS}": Order(lambda review, _: review.words[-ENDS:], False),
}


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, which joined are the text."""
    ends = [found.end() for found in SENTENCE_END.finditer(text)]
    return [text[start:end] for start, end in pairwise([0, *ends, len(text)])]


def lengths_in(words: list[bytes], sentences: list[list[bytes]]) -> list[int]:
    """Return how many of the words of a text are in each of its sentences, which were split by themselves.

    They may lack some: where each character is a word, a space between two sentences is. It goes with that after it.
    """
    if sum(map(len, sentences)) == len(words):
        return list(map(len, sentences))
    ends, place = [], 0
    for sentence in sentences:
        for word in sentence:
            # A function of the user's own may make another word of it where it stands alone.
            with suppress(ValueError):
                place = words.index(word, place) + 1
        ends.append(place)
    ends[-1] = len(words)
    return np.diff(ends, prepend=0).tolist()


class Reviews:
    """Reviews as words, from which they are encoded in any order."""

    def __init__(
        self,
        texts: Sequence[str],
        vocabulary: Sequence[str],
        *,
        standardize: str,
        strip_html: bool,
        ngrams: int,
        max_words: int | None,
        **splitting: Any,
    ):
        """Split the texts; the other arguments are those of `vectorizer.token_splitter`."""
        split = word_splitter(standardize=standardize, **splitting)
        numbers: dict[bytes, int] = {}
        self.reviews = []
        for text in texts:
            whole = prepared(text, strip_html, standardize)
            words = split(whole)
            lengths = lengths_in(words, [split(sentence) for sentence in sentences_of(whole)])
            places = [numbers.setdefault(word, len(numbers)) for word in words]
            self.reviews.append(Words(np.array(places, np.int32), np.array(lengths)))
        self.names = list(numbers)
        self.places = {token.encode(): place for place, token in enumerate(vocabulary)}
        self.ngrams, self.max_words = ngrams, max_words

    def cut(self, length: int | None) -> Iterator[Words]:
        """Yield the words that are read of each review: `length` at most, if it is no group of words that is read."""
        limits = [limit for limit in (self.max_words, length if self.ngrams == 1 else None) if limit]
        for words, sentences in self.reviews:
            most = min([len(words), *limits])
            ends = np.minimum(np.cumsum(sentences), most)
            yield Words(words[:most], np.diff(ends, prepend=0))

    def encoded(
        self, order: Order, length: int | None, like: EncodedReviews, seed: int, draw: int = 0
    ) -> EncodedReviews:
        """Return the reviews in this order; names, labels and classes are those of `like`.

        `length` is the number of tokens that a model reads, None for all. The random numbers are a function of `seed`
        and `draw`.
        """
        generator = np.random.default_rng([seed, draw, *b"words"])
        arranged = [order.arrange(review, generator) for review in self.cut(length)]
        if self.ngrams == 1:
            tokens = np.array([self.places.get(name, UNKNOWN) for name in self.names], np.int32)
            sequences: list[Any] = [tokens[words] for words in arranged]
        else:
            sequences = [np.array(list(self.tokens(words)), np.int32) for words in arranged]
        return EncodedReviews(like.ids, like.labels, *joined(sequences), like.classes)

    def tokens(self, words: np.ndarray) -> Iterator[int]:
        """Yield the token ids of words and of their groups."""
        for token in with_ngrams([self.names[i] for i in words], self.ngrams):
            yield self.places.get(token, UNKNOWN)
