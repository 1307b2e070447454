"""NB-SVM: a linear classifier over features that naive Bayes has scaled (Wang and Manning 2012, section 2.3).

The loss is logistic where the paper's is the squared hinge: it gives probabilities, and does as well on these reviews.
"""

import warnings

import numpy as np
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from wordorder.data.encoded import EncodedReviews
from wordorder.io.errors import InputError

# Added to the number of reviews of each class in which a token occurs: the paper's alpha.
SMOOTHING = 1


def fit_nbsvm(training: EncodedReviews, vocabulary_size: int, C: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit the classifier to reviews whose tokens are distinct.

    Returns the weight of each token, (vocabulary, 1) float32, and the bias, (1,) float32: the sigmoid of their sum is
    the probability of the second class. With more than two classes there is a column for each, fitted to tell it from
    the rest. `C` is scikit-learn's, the inverse of the strength of the regularization. Raises InputError if there is no
    review of a class, or if the solver does not arrive.
    """
    classes = len(training.classes)
    if len(np.unique(training.labels)) < classes:
        raise InputError("The training reviews are not of all classes. Train on more reviews.")
    shape = len(training.labels), vocabulary_size
    # liblinear takes indices of 32 bits only.
    matrix = csr_array((np.ones(len(training.tokens)), training.tokens, training.offsets.astype(np.int32)), shape)
    fitted = [fit_one(matrix, training.labels == label, C) for label in (range(classes) if classes > 2 else [1])]
    weights, biases = zip(*fitted, strict=True)
    return np.stack(weights, axis=1).astype(np.float32), np.array(biases, np.float32)


def fit_one(matrix: csr_array, is_class: np.ndarray, C: float) -> tuple[np.ndarray, float]:
    """Fit weights, (vocabulary,), and a bias that tell the reviews of a class from the rest; changes the matrix."""
    matrix.data[:] = 1
    ratios = log_count_ratios(matrix, is_class)
    # In place, because a product would be another matrix of the same size.
    matrix.data *= ratios[matrix.indices]
    # The dual problem has an unknown for each review instead of one for each token. The seed decides in which order
    # they are improved, so it is fixed; the solution is one.
    classifier = LogisticRegression(C=C, solver="liblinear", dual=True, max_iter=1000, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            classifier.fit(matrix, is_class)
        except ConvergenceWarning as warning:
            raise InputError(f"NB-SVM was not fitted: {warning} Lower C of this variant in the config.") from warning
    return ratios * classifier.coef_[0], classifier.intercept_[0]


def log_count_ratios(matrix: csr_array, labels: np.ndarray) -> np.ndarray:
    """How much more often each token occurs in the reviews with label 1, as naive Bayes sees it: a logarithm.

    `matrix` is (reviews, vocabulary) of zeros and ones, `labels` are 0 or 1.
    """
    positive, negative = (SMOOTHING + matrix.T @ (labels == label).astype(float) for label in (1, 0))
    return np.log(positive / positive.sum()) - np.log(negative / negative.sum())
