"""One parameter of a search space: what it may be, and how it is written down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from optuna import Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Number = IntDistribution | FloatDistribution
Scalar = None | bool | int | float | str


@dataclass(frozen=True)
class Choice:
    """One of the values that a parameter may be.

    Attributes:
        stored: as Optuna stores it: a scalar; of a list its text.
        value: as the config has it.
        text: as Hydra reads it.
    """

    stored: Scalar
    value: Any
    text: str


@dataclass(frozen=True)
class Parameter:
    """A searched key or group.

    Its values take two forms: `stored`, which Optuna keeps, and `value`, which the config gets.
    They differ for lists, which Optuna cannot keep, and for steps of a fraction, which it adds up
    with a rounding error.

    Attributes:
        key: the dotted key, or the group.
        distribution: what Optuna samples from.
        choices: those of a categorical distribution, in its order; empty for numbers.
        is_group: whether `key` is a group of `conf/`.
        when: stored values of other parameters, by key: one of each for this one to be searched.
    """

    key: str
    distribution: BaseDistribution
    choices: tuple[Choice, ...] = ()
    is_group: bool = False
    when: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)

    def suggest(self, trial: Trial) -> Scalar:
        """A stored value for `trial`."""
        match self.distribution:
            case IntDistribution(low=low, high=high, step=step, log=log):
                return trial.suggest_int(self.key, low, high, step=step, log=log)
            case FloatDistribution(low=low, high=high, step=step, log=log):
                return trial.suggest_float(self.key, low, high, step=step, log=log)
        stored: Scalar = trial.suggest_categorical(
            self.key, [choice.stored for choice in self.choices]
        )
        return stored

    def value(self, stored: Scalar) -> Any:
        """What the config gets for a stored value."""
        match self.distribution:
            case CategoricalDistribution():
                return self._choice(stored).value
            case FloatDistribution(low=low, step=step) if step is not None:
                steps = round((float(stored or 0) - low) / step)
                return float(Decimal(repr(low)) + steps * Decimal(repr(step)))
            case IntDistribution():
                return int(stored or 0)
        return float(stored or 0)

    def stored(self, value: Any) -> Scalar:
        """What Optuna keeps for a value, in either form.

        Raises:
            ValueError: the value is none that the parameter may have.
        """
        if self.choices:
            return self._choice(value).stored
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise ValueError(f"{value!r} is no number")
        # A whole number, where the config may have written 16.0.
        exact = int(value) if isinstance(self.distribution, IntDistribution) else float(value)
        if exact != value or not self.distribution._contains(exact):
            raise ValueError(f"{value!r} is outside")
        return exact

    def override(self, stored: Scalar) -> str:
        """The Hydra override that gives the config this value."""
        text = self._choice(stored).text if self.choices else repr(self.value(stored))
        return f"{self.key}={text}"

    def ends(self) -> tuple[Scalar, ...]:
        """The stored values between which all others lie: the two ends, or every choice."""
        if self.choices:
            return tuple(choice.stored for choice in self.choices)
        assert isinstance(self.distribution, IntDistribution | FloatDistribution)
        return tuple(dict.fromkeys((self.distribution.low, self.distribution.high)))

    @property
    def size(self) -> int | None:
        """Number of values; None for an interval of fractions."""
        if self.choices:
            return len(self.choices)
        assert isinstance(self.distribution, IntDistribution | FloatDistribution)
        low, high, step = self.distribution.low, self.distribution.high, self.distribution.step
        return None if step is None else round((high - low) / step) + 1

    def values(self) -> list[Scalar] | None:
        """All stored values in order; None for an interval of fractions."""
        if self.choices:
            return list(self.ends())
        assert isinstance(self.distribution, IntDistribution | FloatDistribution)
        low, high, step = self.distribution.low, self.distribution.high, self.distribution.step
        if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
            return list(range(low, high + 1, step))
        if step is None:
            return None
        return [low + index * step for index in range(round((high - low) / step) + 1)]

    def __str__(self) -> str:
        described = self._domain()
        if self.when:
            conditions = [f"{key}={' or '.join(map(str, of))}" for key, of in self.when.items()]
            described += f", where {' and '.join(conditions)}"
        return described

    def _domain(self) -> str:
        if self.choices:
            return ", ".join(choice.text for choice in self.choices)
        assert isinstance(self.distribution, IntDistribution | FloatDistribution)
        low, high, step = self.distribution.low, self.distribution.high, self.distribution.step
        whole = "whole numbers " if isinstance(self.distribution, IntDistribution) else ""
        steps = f" in steps of {step:g}" if step not in (None, 1) else ""
        return f"{whole}{low:g} to {high:g}{steps}{' (log)' if self.distribution.log else ''}"

    def _choice(self, value: Any) -> Choice:
        """The choice with this value in either form.

        Raises:
            ValueError: there is none.
        """
        for choice in self.choices:
            if is_same(choice.stored, value) or is_same(choice.value, value):
                return choice
        raise ValueError(f"{value!r} is none of the choices")


def is_same(one: object, other: object) -> bool:
    """Equality that tells `true` from 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
