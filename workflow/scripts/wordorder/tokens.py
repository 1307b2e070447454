"""The two tokens of every vocabulary that are no words, as in `keras.layers.TextVectorization`."""

# The token ids of what fills a batch up, and of every word outside the vocabulary.
PADDING, UNKNOWN = 0, 1
# Their entries in a vocabulary, in this order.
SPECIAL_TOKENS = ("", "[UNK]")
# How a text is standardized before it is split, with what `keras.layers.TextVectorization` calls it.
SPLIT_PUNCTUATION = "lower_and_split_punctuation"
STANDARDIZE = {name: name for name in ("lower_and_strip_punctuation", "lower", "strip_punctuation")}
STANDARDIZE[SPLIT_PUNCTUATION] = "lower"
