"""Keras, imported when it is first used, and not where only the settings of a model are read."""

import importlib
from typing import TYPE_CHECKING, Any


class Later:
    """A module that is imported when something in it is first asked for."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


if TYPE_CHECKING:
    import keras
    from keras import ops
else:
    keras, ops = Later("keras"), Later("keras.ops")
