"""Keras and NumPy, imported when they are first used, and not where only the settings of a model are read."""

import importlib
from typing import TYPE_CHECKING, Any, TypeAlias

# An array, variable or symbolic tensor of either backend; Keras has no types for them.
Tensor: TypeAlias = Any


class Later:
    """A module that is imported when something in it is first asked for."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


if TYPE_CHECKING:
    import keras
    import numpy as np
    from keras import ops
else:
    keras, np, ops = Later("keras"), Later("numpy"), Later("keras.ops")
