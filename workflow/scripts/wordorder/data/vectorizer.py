"""Find a vocabulary with `keras.layers.TextVectorization`, and turn text into token ids; the vocabulary as a file."""

import json
import re
import string
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError, reading
from wordorder.tokens import SPECIAL_TOKENS, UNKNOWN

# Reviews that Keras counts at a time: enough to keep TensorFlow busy, few enough to pad them all to the longest.
CHUNK = 500
TAG = re.compile(r"<[^<>]*>")


def adapt_vocabulary(
    texts: Sequence[str], *, max_tokens: int, standardize: str, strip_html: bool = False, ngrams: int = 1
) -> list[str]:
    """Return the `max_tokens` most frequent tokens, the special ones first, the others by falling frequency.

    `standardize` is that of `keras.layers.TextVectorization`. With `strip_html` each tag becomes a space before that;
    in the chapter "movie.<br />The" becomes "moviebr the". Tokens are all groups of one to `ngrams` words in a row.
    Those of the same frequency come in falling order of their bytes. Raises InputError if there are no words.
    """
    import keras

    vectorizer = keras.layers.TextVectorization(max_tokens=max_tokens, standardize=standardize, ngrams=ngrams)
    starts = range(0, len(texts), CHUNK)
    vectorizer.adapt([prepared(text, strip_html) for text in texts[start : start + CHUNK]] for start in starts)
    tokens = list(map(str, vectorizer.get_vocabulary()))
    if len(tokens) == len(SPECIAL_TOKENS):
        raise InputError("There is no word in the training reviews. Check corpus.sources in the config.")
    return tokens


def text_encoder(
    vocabulary: Sequence[str], *, standardize: str, strip_html: bool = False, ngrams: int = 1
) -> Callable[[Sequence[str]], Iterator[np.ndarray]]:
    """Return a function that yields the token ids of each of its texts, int32, whole and without padding.

    They are those of `keras.layers.TextVectorization`, which needs TensorFlow: only ASCII has capitals, punctuation and
    white space. The single words come in the order of the text, after them the pairs of words, and so on. An empty text
    gives an empty array.
    """
    places = {token.encode(): place for place, token in enumerate(vocabulary)}
    ignored = b"" if standardize == "lower" else string.punctuation.encode()

    def tokens(text: str) -> Iterator[bytes]:
        content = prepared(text, strip_html).encode()
        if standardize != "strip_punctuation":
            content = content.lower()
        words = content.translate(None, ignored).split()
        yield from words
        for size in range(2, ngrams + 1):
            yield from map(b" ".join, zip(*(words[start:] for start in range(size)), strict=False))

    def encode(texts: Sequence[str]) -> Iterator[np.ndarray]:
        for text in texts:
            yield np.array([places.get(token, UNKNOWN) for token in tokens(text)], np.int32)

    return encode


def prepared(text: str, strip_html: bool) -> str:
    """Return a text without NUL characters, because Keras loses those at the end of a token, and without tags."""
    text = text.replace("\0", "")
    return TAG.sub(" ", text) if strip_html else text


def write_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write how text becomes tokens: max_tokens, standardize, strip_html and ngrams."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(settings, indent=2) + "\n", encoding="ascii")


def read_settings(path: Path) -> dict[str, Any]:
    """Read the arguments of `text_encoder` besides the vocabulary. Raises InputError if the file is damaged."""
    kinds = {"standardize": str, "strip_html": bool, "ngrams": int}
    with reading(path):
        settings = json.loads(path.read_text(encoding="ascii"))
        wrong = [name for name, kind in kinds.items() if type(settings[name]) is not kind]
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
