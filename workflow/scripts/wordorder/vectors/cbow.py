"""Word vectors learned from the reviews themselves, the unlabelled ones included."""

from collections.abc import Iterator, Sequence

import numpy as np

from wordorder.data.encoded import EncodedReviews

# Standard deviation of the numbers in the vectors. As gensim leaves them it is about 1, with which an LSTM starts with
# its gates wide open or shut and learns slowly; that of the GloVe vectors is 0.4.
SCALE = 0.3
# Tokens that gensim reads at a time; of a longer text it would leave out the rest without a word.
LONGEST = 10_000


class TokenStreams:
    """The token ids of each review of several files, review by review; can be iterated over any number of times.

    A review of more than `LONGEST` tokens comes in several parts.
    """

    def __init__(self, files: Sequence[EncodedReviews]):
        self.files = files

    def __iter__(self) -> Iterator[list[int]]:
        for file in self.files:
            for start, stop in zip(file.offsets[:-1], file.offsets[1:], strict=True):
                for first in range(start, stop, LONGEST):
                    yield file.tokens[first : min(stop, first + LONGEST)].tolist()


def cbow_matrix(
    files: Sequence[EncodedReviews],
    vocabulary_size: int,
    *,
    dimension: int,
    window: int,
    negative: int,
    epochs: int,
    seed: int,
) -> np.ndarray:
    """Learn a vector for each token, and return them as (vocabulary_size, dimension) float32, row i for token i.

    The model is the continuous bag of words with negative sampling (Mikolov et al. 2013, "Efficient Estimation of Word
    Representations in Vector Space" and "Distributed Representations of Words and Phrases and their Compositionality"),
    as gensim computes it: the mean of the vectors of up to `window` tokens on either side is to tell the token between
    them from `negative` tokens drawn at random, and frequent tokens are passed over now and then. Labels are not used.

    All vectors are scaled by the same factor, to a standard deviation of `SCALE`. Rare tokens are not left out: a token
    that is seldom met keeps a vector near the small random one it starts from. The row of padding is zero, and so is
    that of any other token that never occurs.

    The vectors are a function of the arguments, to the last bit, on one kind of machine: gensim is kept to one thread.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(
        TokenStreams(files),
        vector_size=dimension,
        window=window,
        negative=negative,
        epochs=epochs,
        seed=seed,
        sg=0,
        min_count=1,
        workers=1,
    )
    matrix = np.zeros((vocabulary_size, dimension), np.float32)
    vectors = model.wv.vectors
    matrix[model.wv.index_to_key] = vectors * (SCALE / vectors.std())
    return matrix
