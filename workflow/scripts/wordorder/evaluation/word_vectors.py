"""Look into word vectors: neighbours, analogies, and a map of telling words (chapter 11, section 11.3.3)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError
from wordorder.tokens import PADDING, UNKNOWN

# Words whose neighbours are shown, and analogies: "a is to b as c is to ...", the expected answer last. They are those
# of the chapter, but for the last of each, which are about films.
WORDS = ["movie", "king", "cat", "excellent", "terrible", "boring"]
ANALOGIES = [
    ("man", "king", "woman", "queen"),
    ("cat", "tiger", "dog", "wolf"),
    ("king", "kings", "woman", "women"),
    ("good", "best", "bad", "worst"),
    ("actor", "he", "actress", "she"),
]
NEIGHBOURS = 5
# Their cosines with all words are in the memory.
QUESTIONS_AT_A_TIME = 500
# Words on the map, of all classes together, and the share of the training reviews that such a word has to occur in.
MAPPED, FREQUENT = 40, 0.005


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1; rows of zeros stay."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(norms > 0, norms, 1)


def nearest(rows: np.ndarray, vector: np.ndarray, without: Sequence[int], count: int) -> list[tuple[int, float]]:
    """Return the rows of highest cosine with a vector, and the cosine; `rows` (words, dimension) are of length 1.

    The rows of padding and unknown tokens and those in `without` are left out.
    """
    cosines = rows @ (vector / (np.linalg.norm(vector) or 1))
    cosines[[PADDING, UNKNOWN, *without]] = -np.inf
    order = np.argsort(-cosines, kind="stable")[:count]
    return [(int(i), float(cosines[i])) for i in order if np.isfinite(cosines[i])]


def neighbour_table(vectors: dict[str, np.ndarray], vocabulary: Sequence[str]) -> pd.DataFrame:
    """Return the nearest words of each of `WORDS`, by the cosine of their vectors.

    `vectors` holds a matrix (vocabulary, dimension) for each embedding, by its name. The columns: embedding, word,
    rank, neighbour, cosine. A word that is not in the vocabulary has no rows.
    """
    index = {word: i for i, word in enumerate(vocabulary)}
    rows = []
    for embedding, matrix in vectors.items():
        unit = unit_rows(matrix)
        for word in (word for word in WORDS if word in index):
            found = nearest(unit, unit[index[word]], [index[word]], NEIGHBOURS)
            rows += [(embedding, word, rank, vocabulary[i], cosine) for rank, (i, cosine) in enumerate(found, 1)]
    return pd.DataFrame(rows, columns=["embedding", "word", "rank", "neighbour", "cosine"]).round(4)


def analogy_table(vectors: dict[str, np.ndarray], vocabulary: Sequence[str]) -> pd.DataFrame:
    """Return the answers to "a is to b as c is to ...": the word nearest to b - a + c, other than these three.

    The vectors are of length 1 (Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word
    Representations"). The columns: embedding, analogy, answer, expected, and the rank of the expected word. An analogy
    with a word that is not in the vocabulary has no rows.
    """
    index = {word: i for i, word in enumerate(vocabulary)}
    rows = []
    for embedding, matrix in vectors.items():
        unit = unit_rows(matrix)
        for a, b, c, expected in (words for words in ANALOGIES if all(word in index for word in words)):
            given = [index[word] for word in (a, b, c)]
            found = [
                vocabulary[i]
                for i, _ in nearest(unit, unit[given[1]] - unit[given[0]] + unit[given[2]], given, len(unit))
            ]
            rows.append((embedding, f"{a} : {b} = {c} : ?", found[0], expected, found.index(expected) + 1))
    return pd.DataFrame(rows, columns=["embedding", "analogy", "answer", "expected", "rank"])


def questions() -> Iterator[tuple[str, list[str]]]:
    """Yield section and words, in lower case, of each analogy of the test set of Mikolov et al. (2013).

    "Efficient Estimation of Word Representations in Vector Space"; gensim has it among its test data.
    """
    # The other tables of word vectors do without gensim, which takes a second.
    from gensim.test.utils import datapath

    section = ""
    for line in Path(datapath("questions-words.txt")).read_text(encoding="utf-8").lower().splitlines():
        if line.startswith(":"):
            section = line.removeprefix(":").strip()
        else:
            yield section, line.split()


def question_table(matrix: np.ndarray, vocabulary: Sequence[str]) -> pd.DataFrame:
    """Return how many of the `questions` vectors (vocabulary, dimension) answer rightly.

    The answer is found as in `analogy_table`. The columns: section, questions (those whose words are all in the
    vocabulary) and right. A section without any has no row.
    """
    index = {word: i for i, word in enumerate(vocabulary)}
    known = [(section, [index[word] for word in words]) for section, words in questions() if index.keys() >= set(words)]
    unit = unit_rows(matrix.astype(np.float32))
    right = []
    for start in range(0, len(known), QUESTIONS_AT_A_TIME):
        a, b, c, expected = np.array([ids for _, ids in known[start : start + QUESTIONS_AT_A_TIME]]).T
        cosines = (unit[b] - unit[a] + unit[c]) @ unit.T
        cosines[:, [PADDING, UNKNOWN]] = -np.inf
        for given in (a, b, c):
            cosines[np.arange(len(given)), given] = -np.inf
        right += (cosines.argmax(axis=1) == expected).tolist()
    table = pd.DataFrame({"section": [section for section, _ in known], "right": right})
    return table.groupby("section", sort=False)["right"].agg(questions="size", right="sum").reset_index()


def telling_words(training: EncodedReviews, vocabulary_size: int) -> list[np.ndarray]:
    """Return the token ids of the frequent words that most distinguish each class of training reviews from the others.

    They are ranked by the logarithm of the ratio of the shares of reviews that a word occurs in, inside the class and
    outside, with one review added to each. Words in less than `FREQUENT` of the reviews are left out. However many
    classes there are, each gets one word at least.
    """
    reviews = training.distinct()
    label_of_token = np.repeat(reviews.labels, np.diff(reviews.offsets))
    occurs = reviews.document_frequencies(vocabulary_size)
    rare = (occurs < FREQUENT * len(reviews.labels)) | (np.arange(vocabulary_size) <= UNKNOWN)
    classes = np.unique(reviews.labels)
    words = []
    for label in classes:
        inside = np.bincount(reviews.tokens[label_of_token == label], minlength=vocabulary_size)
        size = (reviews.labels == label).sum()
        ratios = np.log((inside + 1) / (size + 1)) - np.log((occurs - inside + 1) / (len(reviews.labels) - size + 1))
        ratios[rare] = 0
        order = np.argsort(-ratios, kind="stable")[: max(1, MAPPED // len(classes))]
        words.append(order[ratios[order] > 0])
    return words


def word_map(
    vectors: dict[str, np.ndarray], vocabulary: Sequence[str], words: Sequence[np.ndarray], classes: Sequence[str]
) -> pd.DataFrame:
    """Return the places of the telling words of each class, by the first two principal components of their vectors.

    `vectors` and `vocabulary` are those of `neighbour_table`, `words` those of `telling_words`; the vectors are scaled
    to length 1. The columns: embedding, word, class, x, y, and `explained`, the share of the variance of these words
    that the two components hold. The sign of a component is the one with which the words of the last class lie to the
    right, or above. Vectors of dimension 1 have one component: y is 0. Raises InputError if there are fewer than three
    words.
    """
    tokens = np.concatenate(words)
    if len(tokens) < 3:
        raise InputError("Too few words tell the classes of the reviews apart to draw a map of them.")
    tables = []
    for embedding, matrix in vectors.items():
        components = PCA(n_components=min(2, matrix.shape[1]), svd_solver="full")
        # Vectors that are all the same have no variance.
        with np.errstate(invalid="ignore"):
            places = components.fit_transform(unit_rows(matrix[tokens].astype(np.float64)))
        places *= np.where(places[len(tokens) - len(words[-1]) :].sum(axis=0) < 0, -1, 1)
        columns = {
            "embedding": embedding,
            "word": [vocabulary[i] for i in tokens],
            "class": np.repeat(classes, [len(each) for each in words]),
            "x": places[:, 0],
            "y": places[:, 1] if places.shape[1] > 1 else 0.0,
            "explained": np.nan_to_num(components.explained_variance_ratio_.sum(), nan=1.0),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True).round(5)
