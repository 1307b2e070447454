"""NB-LR: logistic regression over features that naive Bayes has scaled.

It is the NB-SVM of Wang and Manning (2012, section 2.3) with a logistic loss where theirs is the squared hinge: it
gives probabilities, and does as well on these reviews.
"""

import warnings
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wordorder.io.errors import InputError
from wordorder.models.kind import Student
from wordorder.models.later import Tensor, np, ops
from wordorder.models.token_sum import token_sum
from wordorder.settings import Positive

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from wordorder.data.encoded import EncodedReviews
    from wordorder.models.network import TokenClassifier

# Added to the number of reviews of each class in which a token occurs: the paper's alpha.
SMOOTHING = 1


class NBLR(Student):
    """A sum of weights of the distinct tokens of a review.

    With more than two classes each has a classifier that tells it from the rest, and their probabilities are divided by
    their sum.
    """

    FEATURES: ClassVar[dict[str, str]] = {"binary": "which tokens a text has"}
    SENTENCE: ClassVar[str] = "NB-LR: a linear classifier over {features}, in any order, scaled by naive Bayes."
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    # A batch has tens of thousands of tokens.
    vocabulary_step: ClassVar[int] = 65536

    model: Literal["nb_lr"] = Field("nb_lr", description="The kind of model.")
    features: Literal["binary"] = Field(description="`binary`: each distinct token of a review once.")
    C: Positive = Field(
        examples=[0.3], description="Inverse of the strength of the regularization, as in scikit-learn."
    )

    @property
    def varies_like(self) -> None:
        """The solution is one, whatever the seed."""

    @property
    def distinct_tokens(self) -> bool:
        """Only the presence of a token counts."""
        return True

    def build(self, network: "TokenClassifier") -> None:
        """Add the weights of the tokens and the bias, all zero until they are fitted."""
        from wordorder.models.network import Block, TokenTable

        width = 1 if len(network.classes) == 2 else len(network.classes)
        network.token_table = TokenTable(network.vocabulary_size, width, 0, name="kernel")
        network.classifier = Block("classifier", {"bias": ((width,), "zeros")})
        network.build_layers()

    def adapt(self, network: "TokenClassifier", training: "EncodedReviews") -> None:
        """Fit all weights, so that nothing is left to train by gradients. Raises InputError as `fit_nb_lr` does."""
        weights, biases = fit_nb_lr(self.prepare(training), network.vocabulary_size, self.C, self.class_weight)
        network.token_table.rows.assign(weights)
        network.classifier.bias.assign(biases)

    def call(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the probabilities."""
        logits = token_sum(rows, tokens) + network.classifier.bias
        # Sigmoids divided by their sum, which may be too small to divide by.
        return ops.sigmoid(logits) if len(network.classes) == 2 else ops.softmax(ops.log_sigmoid(logits))


def fit_nb_lr(
    training: "EncodedReviews", vocabulary_size: int, C: float, class_weight: str | None = None
) -> "tuple[np.ndarray, np.ndarray]":
    """Fit the classifier to reviews whose tokens are distinct.

    The labels may be probabilities, those of a student. Returns the weight of each token, (vocabulary, 1) float32, and
    the bias, (1,) float32: the sigmoid of their sum is the probability of the second class. With more than two classes
    there is a column for each, fitted to tell it from the rest. `C` is scikit-learn's, the inverse of the strength of
    the regularization, and so is `class_weight`, that of a class and of the rest. Raises InputError if there is no
    review of a class, or if the solver does not converge.
    """
    # The other kinds do without scikit-learn and SciPy, which take a second and 100 MB.
    from scipy.sparse import csr_array

    classes = len(training.classes)
    shape = len(training.labels), vocabulary_size
    # liblinear takes indices of 32 bits only.
    matrix = csr_array((np.ones(len(training.tokens)), training.tokens, training.offsets.astype(np.int32)), shape)
    targets = training.labels if training.labels.ndim == 2 else training.labels[:, None] == np.arange(classes)
    if classes == 2:
        # Of two classes the label is the probability of the second.
        targets = np.column_stack([1.0 - training.labels, training.labels])
    if not targets.any(axis=0).all():
        raise InputError("The training reviews are not of all classes. Train on more reviews.")
    labels = range(classes) if classes > 2 else [1]
    fitted = [fit_one(matrix, targets[:, label].astype(float), C, class_weight) for label in labels]
    weights, biases = zip(*fitted, strict=True)
    return np.stack(weights, axis=1).astype(np.float32), np.array(biases, np.float32)


def fit_one(
    matrix: "csr_array", targets: "np.ndarray", C: float, class_weight: str | None
) -> "tuple[np.ndarray, float]":
    """Fit weights, (vocabulary,), and a bias that tell the reviews of a class from the rest; changes the matrix.

    `targets`, (reviews,), are the probabilities of the class. A review whose class is not certain counts for both, in
    these shares, which gives the cross-entropy.
    """
    from scipy.sparse import vstack
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    matrix.data[:] = 1
    ratios = log_count_ratios(matrix, targets)
    # In place, because a product would be another matrix of the same size.
    matrix.data *= ratios[matrix.indices]
    uncertain = np.flatnonzero((targets > 0) & (targets < 1))
    rows, is_class, shares = matrix, targets > 0, None
    if len(uncertain):
        rows = vstack([matrix, matrix[uncertain]], format="csr")
        is_class = np.concatenate([is_class, np.zeros(len(uncertain), bool)])
        shares = np.concatenate([np.where(targets > 0, targets, 1), 1 - targets[uncertain]])
    # The dual problem has an unknown for each review instead of one for each token. The seed decides in which order
    # they are improved, so it is fixed; the solution is one.
    classifier = LogisticRegression(
        C=C, class_weight=class_weight, solver="liblinear", dual=True, max_iter=1000, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            classifier.fit(rows, is_class, sample_weight=shares)
        except ConvergenceWarning as warning:
            raise InputError(f"NB-LR was not fitted: {warning} Lower C of this variant in the config.") from warning
    return ratios * classifier.coef_[0], classifier.intercept_[0]


def log_count_ratios(matrix: "csr_array", targets: "np.ndarray") -> "np.ndarray":
    """Return how much more often each token occurs in the reviews of a class, as naive Bayes sees it: a logarithm.

    `matrix` is (reviews, vocabulary) of zeros and ones, `targets` are the probabilities of the class.
    """
    positive, negative = (SMOOTHING + matrix.T @ each for each in (targets, 1 - targets))
    return np.log(positive / positive.sum()) - np.log(negative / negative.sum())
