"""Find a vocabulary with `keras.layers.TextVectorization`, and turn text into token ids; the vocabulary as a file."""

import json
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError, reading
from wordorder.tokens import SPECIAL_TOKENS, SPLIT_PUNCTUATION, STANDARDIZE, UNKNOWN

# Reviews that Keras counts at a time: enough to keep TensorFlow busy, few enough to pad them all to the longest.
CHUNK = 500
TAG = re.compile(r"<[^<>]*>")
# All of ASCII, as what Keras takes for punctuation; the same pattern for Python and TensorFlow.
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def adapt_vocabulary(
    texts: Sequence[str],
    *,
    max_tokens: int | None,
    standardize: str,
    strip_html: bool = False,
    ngrams: int = 1,
    min_documents: int = 1,
    max_words: int | None = None,
) -> list[str]:
    """Return the `max_tokens` most frequent tokens, the special ones first, the others by falling frequency.

    `standardize` is one of `tokens.STANDARDIZE`. With `strip_html` each tag becomes a space before that; in the chapter
    "movie.<br />The" becomes "moviebr the". Tokens are all groups of one to `ngrams` words in a row. Those of the same
    frequency come in falling order of their bytes. Tokens in fewer than `min_documents` texts are left out, and so is
    what comes after the first `max_words` words of a text. Raises InputError if there are no words.
    """
    if min_documents > 1 or max_words:
        split = token_splitter(standardize, strip_html, ngrams, max_words)
        tokens = frequent_tokens(texts, max_tokens, min_documents, split)
    else:
        import keras

        vectorizer = keras.layers.TextVectorization(
            max_tokens=max_tokens, standardize=STANDARDIZE[standardize], ngrams=ngrams
        )
        starts = range(0, len(texts), CHUNK)
        vectorizer.adapt(
            [prepared(text, strip_html, standardize) for text in texts[start : start + CHUNK]] for start in starts
        )
        tokens = list(map(str, vectorizer.get_vocabulary()))
    if len(tokens) == len(SPECIAL_TOKENS):
        raise InputError("There is no word in the training reviews. Check corpus.sources in the config.")
    return tokens


def frequent_tokens(
    texts: Sequence[str], max_tokens: int | None, min_documents: int, split: Callable[[str], Iterator[bytes]]
) -> list[str]:
    """Return the vocabulary of `adapt_vocabulary` where Keras cannot find it, of the tokens that `split` yields."""
    documents: Counter[bytes] = Counter()
    for text in texts:
        documents.update(set(split(text)))
    kept = {token for token, count in documents.items() if count >= min_documents}
    del documents
    occurrences = Counter(token for text in texts for token in split(text) if token in kept)
    # Falling order of frequency, then of the bytes.
    order = sorted(sorted(occurrences, reverse=True), key=lambda token: -occurrences[token])
    room = None if max_tokens is None else max_tokens - len(SPECIAL_TOKENS)
    return [*SPECIAL_TOKENS, *(token.decode() for token in order[:room])]


def token_splitter(
    standardize: str, strip_html: bool, ngrams: int, max_words: int | None
) -> Callable[[str], Iterator[bytes]]:
    """Return a function that yields the tokens of a text, as `keras.layers.TextVectorization` splits it.

    Only ASCII has capitals, punctuation and white space. The single words come in the order of the text, after them the
    pairs of words, and so on.
    """
    ignored = string.punctuation.encode() if "strip_punctuation" in standardize else b""

    def split(text: str) -> Iterator[bytes]:
        content = prepared(text, strip_html, standardize).encode()
        if "lower" in standardize:
            content = content.lower()
        yield from with_ngrams(content.translate(None, ignored).split()[:max_words], ngrams)

    return split


def with_ngrams(words: Sequence[bytes], ngrams: int) -> Iterator[bytes]:
    """Yield words, and then all groups of two to `ngrams` of them in a row."""
    yield from words
    for size in range(2, ngrams + 1):
        yield from map(b" ".join, zip(*(words[start:] for start in range(size)), strict=False))


def text_encoder(
    vocabulary: Sequence[str],
    *,
    standardize: str,
    strip_html: bool = False,
    ngrams: int = 1,
    max_words: int | None = None,
) -> Callable[[Sequence[str]], Iterator[np.ndarray]]:
    """Return a function that yields the token ids of each of its texts, int32, whole and without padding.

    They are those of `keras.layers.TextVectorization`, which needs TensorFlow. An empty text gives an empty array.
    """
    places = {token.encode(): place for place, token in enumerate(vocabulary)}
    split = token_splitter(standardize, strip_html, ngrams, max_words)

    def encode(texts: Sequence[str]) -> Iterator[np.ndarray]:
        for text in texts:
            yield np.array([places.get(token, UNKNOWN) for token in split(text)], np.int32)

    return encode


def prepared(text: str, strip_html: bool, standardize: str) -> str:
    """Return a text as `keras.layers.TextVectorization` is to read it.

    That is without NUL characters, because Keras loses those at the end of a token, without tags, and with spaces
    around punctuation that is to be split off.
    """
    text = text.replace("\0", "")
    if strip_html:
        text = TAG.sub(" ", text)
    return PUNCTUATION.sub(r" \g<0> ", text) if standardize == SPLIT_PUNCTUATION else text


def write_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write how text becomes tokens: the arguments of `adapt_vocabulary`."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(settings, indent=2) + "\n", encoding="ascii")


def read_settings(path: Path) -> dict[str, Any]:
    """Read the arguments of `text_encoder` besides the vocabulary. Raises InputError if the file is damaged."""
    kinds = {"standardize": str, "strip_html": bool, "ngrams": int, "max_words": int | None}
    with reading(path):
        settings = json.loads(path.read_text(encoding="ascii"))
        wrong = [name for name, kind in kinds.items() if type(settings[name]) not in (get_args(kind) or [kind])]
        if wrong:
            raise ValueError(f"a value of the wrong kind: {', '.join(wrong)}")
    return {name: settings[name] for name in kinds}


def write_vocabulary(path: Path, tokens: Sequence[str]) -> None:
    """Write the tokens as a JSON list, one on each line.

    Everything outside ASCII is escaped: tokens hold characters such as U+0085 at which readers break lines.
    """
    with atomic_write(path) as part:
        part.write_text(json.dumps(list(tokens), indent=0) + "\n", encoding="ascii")


def read_vocabulary(path: Path) -> list[str]:
    """Read what `write_vocabulary` wrote. Raises InputError if the file is damaged."""
    with reading(path):
        tokens = json.loads(path.read_text(encoding="ascii"))
        # Half a surrogate pair, which JSON can hold, is not a character.
        json.dumps(tokens, ensure_ascii=False).encode()
        if (
            not isinstance(tokens, list)
            or not all(isinstance(token, str) for token in tokens)
            or tokens[: len(SPECIAL_TOKENS)] != list(SPECIAL_TOKENS)
            or len(set(tokens)) != len(tokens)
        ):
            raise ValueError('it must hold a JSON list of different strings that starts with "" and "[UNK]"')
    return tokens
