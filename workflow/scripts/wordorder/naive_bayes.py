"""NB-SVM: a linear classifier over features that naive Bayes has scaled (Wang and Manning 2012, section 2.3).

The loss is logistic where the paper's is the squared hinge: it gives probabilities, and does as well on these reviews.
"""

import warnings

import numpy as np
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from wordorder.encoded import EncodedReviews
from wordorder.errors import InputError

# Added to the number of reviews of each class in which a token occurs: the paper's alpha.
SMOOTHING = 1


def fit_nbsvm(training: EncodedReviews, vocabulary_size: int, C: float) -> tuple[np.ndarray, float]:
    """Fit the classifier to reviews whose tokens are distinct.

    Returns the weight of each token, (vocabulary,) float32, and the bias: the sigmoid of their sum is the probability
    that a review is positive. `C` is scikit-learn's, the inverse of the strength of the regularization. Raises
    InputError if the reviews are all of one class, or if the solver does not arrive.
    """
    if len(np.unique(training.labels)) < 2:
        raise InputError("The training reviews are all of one class. Train on more reviews.")
    shape = len(training.labels), vocabulary_size
    # liblinear takes indices of 32 bits only.
    matrix = csr_array((np.ones(len(training.tokens)), training.tokens, training.offsets.astype(np.int32)), shape)
    ratios = log_count_ratios(matrix, training.labels)
    # In place, because a product would be another matrix of the same size.
    matrix.data *= ratios[matrix.indices]
    # The dual problem has an unknown for each review instead of one for each token. The seed decides in which order
    # they are improved, so it is fixed; the solution is one.
    classifier = LogisticRegression(C=C, solver="liblinear", dual=True, max_iter=1000, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            classifier.fit(matrix, training.labels)
        except ConvergenceWarning as warning:
            raise InputError(f"NB-SVM was not fitted: {warning} Lower C of this variant in the config.") from warning
    return (ratios * classifier.coef_[0]).astype(np.float32), float(classifier.intercept_[0])


def log_count_ratios(matrix: csr_array, labels: np.ndarray) -> np.ndarray:
    """How much more often each token occurs in positive than in negative reviews, as naive Bayes sees it: a logarithm.

    `matrix` is (reviews, vocabulary) of zeros and ones, `labels` are 0 or 1.
    """
    positive, negative = (SMOOTHING + matrix.T @ (labels == label).astype(float) for label in (1, 0))
    return np.log(positive / positive.sum()) - np.log(negative / negative.sum())
