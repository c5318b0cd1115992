"""What every schema class shares: strict types, no unknown keys, no change after creation."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.dataclasses import dataclass

T = TypeVar("T")

# Not `strict=True`: that would refuse the mappings that nested components are made from.
_CLOSED = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def component(cls: type[T]) -> type[T]:
    """Make `cls` a validated, frozen, keyword-only dataclass that refuses unknown keys."""
    decorate: Callable[[type[T]], Any] = dataclass(config=_CLOSED, frozen=True, kw_only=True)
    made: type[T] = decorate(cls)
    return made


Text = StrictStr
Switch = StrictBool
# Bounds beyond which no run makes sense, and the libraries below fail in words of their own.
_LARGEST_INT = 2**31
_LARGEST_FLOAT = 1e30
PositiveInt = Annotated[StrictInt, Field(ge=1, le=_LARGEST_INT)]
NonNegativeInt = Annotated[StrictInt, Field(ge=0, le=_LARGEST_INT)]
PositiveFloat = Annotated[StrictFloat, Field(gt=0, le=_LARGEST_FLOAT)]
NonNegativeFloat = Annotated[StrictFloat, Field(ge=0, le=_LARGEST_FLOAT)]
Fraction = Annotated[StrictFloat, Field(ge=0, lt=1)]
OpenFraction = Annotated[StrictFloat, Field(gt=0, lt=1)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Width = Annotated[StrictInt, Field(ge=1, le=65536)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]
ImageSize = Annotated[StrictInt, Field(ge=1, le=4096)]
Threads = Annotated[StrictInt, Field(ge=0, le=4096)]
Name = Annotated[StrictStr, Field(min_length=1)]
