"""Logistic regression on the mean of pretrained token vectors: what vectors are worth without a model that reads order.

The mean is a strong baseline for few labels (Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods
for Text Classification", has it with layers on top).
"""

import warnings
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from wordorder.io.errors import InputError
from wordorder.models.kind import Kind, class_probabilities
from wordorder.models.later import Tensor, np, ops
from wordorder.models.token_sum import token_sum
from wordorder.settings import Positive
from wordorder.tokens import PADDING

if TYPE_CHECKING:
    from wordorder.data.encoded import EncodedReviews
    from wordorder.models.network import TokenClassifier


class AveragedVectors(Kind):
    """A linear classifier of the mean vector of a review, every occurrence of a token counted."""

    FEATURES: ClassVar[dict[str, str]] = {
        "cbow": "token vectors that were pretrained on this corpus",
        "glove": "pretrained token vectors",
    }
    SENTENCE: ClassVar[str] = "Logistic regression on the mean of {features}, in any order."
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    model: Literal["averaged_vectors"] = Field("averaged_vectors", description="The kind of model.")
    features: Literal["cbow", "glove"] = Field(
        description="Which pretrained vectors: `cbow` (of the training and the unlabelled reviews) or `glove`."
    )
    C: Positive = Field(
        examples=[100.0], description="Inverse of the strength of the regularization, as in scikit-learn."
    )

    @property
    def pretrained(self) -> str:
        """Name of the matrix of pretrained vectors."""
        return self.features

    @property
    def varies_like(self) -> None:
        """The solution is one, whatever the seed."""

    def build(self, network: "TokenClassifier") -> None:
        """Add the vectors, which stay as they are, and the classifier."""
        from wordorder.models.network import TokenTable

        # That of the vectors, of which there are always some.
        dimension = network.dimension or 1
        network.token_table = TokenTable(network.vocabulary_size, dimension, 0.05, name=self.features, trainable=False)
        network.classifier = class_probabilities(len(network.classes))
        network.build_layers(dimension)

    def adapt(self, network: "TokenClassifier", training: "EncodedReviews") -> None:
        """Fit the classifier. Raises InputError if a class has no review, or if the solver does not converge."""
        # The other kinds do without scikit-learn, which takes a second and 100 MB.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(training.labels)) < len(training.classes):
            raise InputError("The training reviews are not of all classes. Train on more reviews.")
        rows = np.asarray(network.token_table.rows, np.float64)
        classifier = LogisticRegression(C=self.C, class_weight=self.class_weight, tol=1e-8, max_iter=10000)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                classifier.fit(mean_vectors(training, rows), training.labels)
            except ConvergenceWarning as warning:
                raise InputError(f"averaged_vectors was not fitted: {warning} Lower C in the config.") from warning
        network.classifier.kernel.assign(classifier.coef_.T)
        network.classifier.bias.assign(classifier.intercept_)

    def call(
        self, network: "TokenClassifier", tokens: Tensor, rows: Tensor, vocabulary: Tensor | None, training: bool
    ) -> Tensor:
        """Return the probabilities; a review without tokens has the mean zero."""
        count = ops.sum(ops.cast(tokens != PADDING, rows.dtype), axis=1, keepdims=True)
        return network.classifier(token_sum(rows, tokens) / ops.maximum(count, 1))


def mean_vectors(data: "EncodedReviews", rows: "np.ndarray") -> "np.ndarray":
    """Return the mean of the rows of the tokens of each review, (reviews, dimension), zero for one without tokens."""
    means = np.zeros((len(data.ids), rows.shape[1]))
    for i, (start, stop) in enumerate(zip(data.offsets[:-1], data.offsets[1:], strict=True)):
        if stop > start:
            means[i] = rows[data.tokens[start:stop]].mean(axis=0)
    return means
