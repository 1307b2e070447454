"""The two tokens of every vocabulary that are no words, as in `keras.layers.TextVectorization`."""

# The token ids of what fills a batch up, and of every word outside the vocabulary.
PADDING, UNKNOWN = 0, 1
# Their entries in a vocabulary, in this order.
SPECIAL_TOKENS = ("", "[UNK]")
