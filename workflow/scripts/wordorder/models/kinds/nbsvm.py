"""NB-SVM: a linear classifier over features that naive Bayes has scaled (Wang and Manning 2012, section 2.3)."""

from typing import ClassVar, Literal

from pydantic import Field

from wordorder.models.kind import Kind
from wordorder.settings import Positive


class NBSVM(Kind):
    """NB-SVM with a logistic loss: a sum of weights of the distinct tokens of a review."""

    FEATURES: ClassVar[dict[str, str]] = {"binary": "which tokens a text has"}
    SENTENCE: ClassVar[str] = "NB-SVM: a linear classifier over {features}, in any order, scaled by naive Bayes."
    # A batch has tens of thousands of tokens.
    vocabulary_step: ClassVar[int] = 65536
    solved: ClassVar[bool] = True

    model: Literal["nbsvm"] = Field("nbsvm", description="The kind of model.")
    features: Literal["binary"] = Field(description="`binary`: each distinct token of a review once.")
    C: Positive = Field(
        examples=[0.3], description="Inverse of the strength of the regularization, as in scikit-learn."
    )
