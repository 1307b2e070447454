"""What networks of all kinds have in common."""

import numpy as np
import pytest
from configs import CONFIG

from wordorder.config import Config
from wordorder.models.kind import kinds
from wordorder.models.network import build_model, weights_follow

VARIANTS = Config.model_validate(CONFIG).variants


@pytest.mark.parametrize("kind", kinds())
def test_a_network_to_be_loaded_draws_nothing(kind):
    # Catches: a layer whose initial values are drawn before those of a file replace them: of the two and a half seconds
    # that it takes to classify a text, they were nearly two.
    settings = next(each.settings() for each in VARIANTS.values() if each.model == kind)
    with weights_follow():
        loaded = build_model(settings, 20, ["no", "yes"], 1)
    # That it has the same weights as one that is trained.
    drawn = build_model(settings, 20, ["no", "yes"], 1)
    assert [weight.path.split("/", 1)[1] for weight in loaded.weights] == [
        weight.path.split("/", 1)[1] for weight in drawn.weights
    ]
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in drawn.weights]
    assert loaded.weights
    assert not any(np.asarray(weight).any() for weight in loaded.weights)
