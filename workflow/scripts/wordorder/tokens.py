"""What makes tokens of a text, and the two tokens of every vocabulary that are no words, as in Keras.

Imports nothing heavy: Snakemake reads it at every start.
"""

# The token ids of what fills a batch up, and of every word outside the vocabulary.
PADDING, UNKNOWN = 0, 1
# Their entries in a vocabulary, in this order.
SPECIAL_TOKENS = ("", "[UNK]")
# How a text is standardized before it is split, with what `keras.layers.TextVectorization` calls it.
SPLIT_PUNCTUATION = "lower_and_split_punctuation"
STANDARDIZE = {name: name for name in ("lower_and_strip_punctuation", "lower", "strip_punctuation")}
STANDARDIZE[SPLIT_PUNCTUATION] = "lower"
# The one that it does not have: capitals, punctuation and white space of all languages.
UNICODE = "unicode_lower_and_strip_punctuation"
SPLIT = ("whitespace", "character")


def own_function(setting: str) -> tuple[str, str] | None:
    """Return file and name of a function that a setting such as `mine.py:clean` names, None if it names none."""
    file, _, name = setting.rpartition(":")
    return (file, name) if file.endswith(".py") and name.isidentifier() else None
