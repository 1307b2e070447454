"""The optimizers: their settings, their update of a weight, and how rows of absent tokens are made up for.

A training step touches only the rows of the token table whose tokens are in the batch (`training.loop`). All others
have a gradient of zero. What an optimizer would have done to them in the meantime is done when their turn comes, by
`waited`.
"""

from typing import Any

from pydantic import Field

from wordorder.models.later import Tensor, ops
from wordorder.settings import Positive, Rate, Section


class RMSprop(Section):
    """Keras 3's RMSprop, as a function.

    `average = rho * average + (1 - rho) * gradient ** 2`, then
    `weight -= learning_rate * gradient / sqrt(average + epsilon)`.

    Keras 2, with which the chapter was written, divides by `sqrt(average) + epsilon`. That is the same to float32 with
    Keras 2's epsilon of 1e-7 and an epsilon of 1e-14 here.

    A gradient of zero leaves a weight as it is and multiplies its average by rho. So to skip the rows of absent tokens
    and to multiply by rho to the number of skipped steps is exact. With momentum it would not be: a weight goes on
    moving without a gradient.
    """

    learning_rate: Positive = Field(0.001, description="Size of a step.")
    rho: Rate = Field(0.9, description="Fraction of the average of squared gradients that is kept at each step.")
    epsilon: Positive = Field(1e-14, description="Added to that average under the root.")

    def start(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Return what is kept of a weight before the first step: the average of its squared gradients, zero."""
        return (ops.zeros(weight.shape),)

    def update(
        self, weight: Tensor, averages: tuple[Tensor, ...], gradient: Tensor, waited: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the new weight and its new average, `waited` steps (default: 1) after the last one with a gradient."""
        (average,) = averages
        rho = self.rho if waited is None else ops.power(self.rho, waited)
        average = rho * average + (1 - self.rho) * ops.square(gradient)
        return weight - self.learning_rate * gradient / ops.sqrt(average + self.epsilon), (average,)

    def record(self) -> dict[str, Any]:
        """Return the settings as `keras.optimizers.RMSprop` spells them."""
        return {"name": "rmsprop", **self.model_dump(), "momentum": 0.0, "centered": False}


# A further optimizer makes this a union, told apart by a key `name`.
Optimizer = RMSprop
