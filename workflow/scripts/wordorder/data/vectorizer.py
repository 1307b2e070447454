"""Find a vocabulary, and turn text into token ids, as `keras.layers.TextVectorization` does; the vocabulary as a file.

Without Keras, which needs TensorFlow and as much memory as if all texts were as long as the longest.
"""

import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from wordorder.data.own_functions import load_function
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError, reading
from wordorder.tokens import SPECIAL_TOKENS, SPLIT_PUNCTUATION, UNICODE, UNKNOWN, own_function

TAG = re.compile(r"<[^<>]*>")
# All of ASCII, as what Keras takes for punctuation; the same pattern for Python and TensorFlow.
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def adapt_vocabulary(
    texts: Sequence[str],
    *,
    max_tokens: int | None,
    min_documents: int = 1,
    **splitting: Any,
) -> list[str]:
    """Return the `max_tokens` most frequent tokens, the special ones first, the others by falling frequency.

    `splitting` are the arguments of `token_splitter`. Tokens of the same frequency come in falling order of their
    bytes, as Keras has them. Tokens in fewer than `min_documents` texts are left out. Raises InputError if there are no
    words.
    """
    split = token_splitter(**splitting)
    if min_documents > 1:
        documents = Counter(token for text in texts for token in set(split(text)))
        kept = {token for token, count in documents.items() if count >= min_documents}
        del documents
        occurrences = Counter(token for text in texts for token in split(text) if token in kept)
    else:
        occurrences = Counter(token for text in texts for token in split(text))
    for special in SPECIAL_TOKENS:
        occurrences.pop(special.encode(), None)
    # Falling order of frequency, then of the bytes.
    order = sorted(sorted(occurrences, reverse=True), key=lambda token: -occurrences[token])
    room = None if max_tokens is None else max_tokens - len(SPECIAL_TOKENS)
    if not order:
        raise InputError("There is no word in the training reviews. Check corpus.sources in the config.")
    return [*SPECIAL_TOKENS, *(token.decode() for token in order[:room])]


def word_splitter(
    *, standardize: str, split: str = "whitespace", functions: Mapping[str, str] | None = None
) -> Callable[[str], list[bytes]]:
    """Return a function that standardizes a text that is `prepared`, and splits it into words.

    The arguments are those of `token_splitter`, which calls it.
    """
    own_standardize = load_function(standardize, functions or {}, str)
    own_split = load_function(split, functions or {}, list)
    ignored = string.punctuation.encode() if "strip_punctuation" in standardize else b""

    def standardized(text: str) -> bytes:
        if own_standardize:
            return encoded(standardize, own_standardize(text))
        if standardize == UNICODE:
            return unicode_standardized(text).encode()
        content = text.encode()
        return (content.lower() if "lower" in standardize else content).translate(None, ignored)

    def words(text: str) -> list[bytes]:
        content = standardized(text)
        if own_split:
            return [word for each in own_split(content.decode()) if (word := encoded(split, each))]
        return [each.encode() for each in content.decode()] if split == "character" else content.split()

    return words


def token_splitter(
    *,
    standardize: str,
    split: str = "whitespace",
    strip_html: bool = False,
    ngrams: int = 1,
    max_words: int | None = None,
    functions: Mapping[str, str] | None = None,
) -> Callable[[str], Iterator[bytes]]:
    """Return a function that yields the tokens of a text, as `keras.layers.TextVectorization` splits it.

    `standardize` is one of `tokens.STANDARDIZE`, for which only ASCII has capitals, punctuation and white space, or
    `tokens.UNICODE`; `split` is one of `tokens.SPLIT`; or either names a function of a file, of which `functions` has
    the checksum. With `strip_html` each tag becomes a space before that; in the chapter "movie.<br />The" becomes
    "moviebr the". Tokens are all groups of one to `ngrams` of the first `max_words` words: the single words in the
    order of the text, after them the pairs of words, and so on. Raises InputError if a function of one's own fails.
    """
    words = word_splitter(standardize=standardize, split=split, functions=functions)

    def tokens(text: str) -> Iterator[bytes]:
        yield from with_ngrams(words(prepared(text, strip_html, standardize))[:max_words], ngrams)

    return tokens


def encoded(setting: str, text: str) -> bytes:
    """Return what a function of one's own has returned, as UTF-8, without NUL characters, as `prepared` leaves a text.

    Raises InputError if it cannot be written.
    """
    try:
        return text.replace("\0", "").encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{setting} returns half a character ({error.reason}). Correct it.") from error


def unicode_standardized(text: str) -> str:
    """Return a text in small letters and in Unicode's normal form C, without punctuation, its words between spaces.

    Punctuation is what Unicode counts as such, and all that is punctuation to Keras.
    """
    kept = "".join(
        each for each in text if not (each in string.punctuation or unicodedata.category(each).startswith("P"))
    )
    return " ".join(unicodedata.normalize("NFC", kept.lower()).split())


def with_ngrams(words: Sequence[bytes], ngrams: int) -> Iterator[bytes]:
    """Yield words, and then all groups of two to `ngrams` of them in a row."""
    yield from words
    for size in range(2, ngrams + 1):
        yield from map(b" ".join, zip(*(words[start:] for start in range(size)), strict=False))


def text_encoder(vocabulary: Sequence[str], **splitting: Any) -> Callable[[Sequence[str]], Iterator[np.ndarray]]:
    """Return a function that yields the token ids of each of its texts, int32, whole and without padding.

    They are those of `keras.layers.TextVectorization`, which needs TensorFlow. An empty text gives an empty array.
    `splitting` are the arguments of `token_splitter`.
    """
    places = {token.encode(): place for place, token in enumerate(vocabulary)}
    split = token_splitter(**splitting)

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


def read_settings(path: Path, directory: Path = Path()) -> dict[str, Any]:
    """Read the arguments of `token_splitter`. Raises InputError if the file is damaged.

    `directory` is the working directory of the workflow, from which functions of one's own are named.
    """
    kinds = {
        "standardize": str,
        "split": str,
        "strip_html": bool,
        "ngrams": int,
        "max_words": int | None,
        "functions": dict,
    }
    with reading(path):
        settings = json.loads(path.read_text(encoding="ascii"))
        wrong = [name for name, kind in kinds.items() if type(settings[name]) not in (get_args(kind) or [kind])]
        if wrong:
            raise ValueError(f"a value of the wrong kind: {', '.join(wrong)}")
    found = {name: settings[name] for name in kinds}
    for name in ("standardize", "split"):
        if own := own_function(found[name]):
            found[name] = f"{directory / own[0]}:{own[1]}"
    functions = {str(directory / file): digest for file, digest in found["functions"].items()}
    return found | {"functions": functions}


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
