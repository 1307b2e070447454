"""What the sections of the config are made of: types of values, and the base class of all sections.

Imports nothing heavy, like all that the config stands on: Snakemake reads it at every start.
"""

import os
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

T = TypeVar("T")


def unique(values: list[T]) -> list[T]:
    """Return the list. Raises PydanticCustomError, which names them, if some items occur more than once."""
    if twice := [value for place, value in enumerate(values) if value in values[:place]]:
        raise PydanticCustomError("repeated", "{values}", {"values": list(dict.fromkeys(twice))})
    return values


def number_from_text(value: Any) -> Any:
    """Return whole numbers written as text as numbers: `--config seeds='[1,2]'` makes text of every item."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else value


def text_from_number(value: Any) -> Any:
    """Return a number as text: columns without names are named by their numbers."""
    return str(value) if type(value) is int else value


def as_list(value: Any) -> Any:
    """Return a single value as a list of it."""
    return value if isinstance(value, list) else [value]


Text = Annotated[str, StringConstraints(min_length=1)]
# The name of a file, in which ~ is the home of the user.
FileName = Annotated[Text, AfterValidator(os.path.expanduser)]
Column = Annotated[Text, BeforeValidator(text_from_number, json_schema_input_type=str | int)]
Columns = Annotated[
    list[Column],
    Field(min_length=1),
    AfterValidator(unique),
    BeforeValidator(as_list, json_schema_input_type=str | int | list[str | int]),
]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Checksum = Annotated[str, StringConstraints(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]
# The libraries count in 64 bits.
Count = Annotated[int, Field(ge=1, lt=2**63)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
# What is dropped, or left of an average: never all of it.
Rate = Annotated[float, Field(ge=0, lt=1)]
# Neither none nor all.
Share = Annotated[float, Field(gt=0, lt=1)]
# JAX and TensorFlow count in 32 bits with a sign.
LARGEST_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED), BeforeValidator(number_from_text)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(unique)]
Sizes = Annotated[
    list[Annotated[int, Field(ge=2, lt=2**63), BeforeValidator(number_from_text)]],
    Field(min_length=1),
    AfterValidator(unique),
]
Files = Annotated[list[FileName], AfterValidator(unique)]
Sources = Annotated[Files, Field(min_length=1)]
Names = Annotated[list[Name], AfterValidator(unique)]


def is_none(value: object) -> bool:
    """Return whether the value is None: for settings that a variant need not have."""
    return value is None


class Section(BaseModel):
    """A mapping of the config: no other keys, no conversions, finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, protected_namespaces=())
