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
PositiveInt = Annotated[StrictInt, Field(ge=1)]
NonNegativeInt = Annotated[StrictInt, Field(ge=0)]
PositiveFloat = Annotated[StrictFloat, Field(gt=0)]
NonNegativeFloat = Annotated[StrictFloat, Field(ge=0)]
Fraction = Annotated[StrictFloat, Field(ge=0, lt=1)]
OpenFraction = Annotated[StrictFloat, Field(gt=0, lt=1)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
