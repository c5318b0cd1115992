"""Two runs' metrics held against each other, point by point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from latentsweep.tracking.recorded import Curve

# What sums in another order, and steps that go on from them, may come to: relative to the value,
# and to 1 nat where it is smaller.
_TOLERANCES = {"64-true": 1e-9, "32-true": 1e-3, "bf16-mixed": 2e-2, "16-mixed": 2e-2}
# Metrics that count something: the latents at the edge of what counts may fall on either side.
_COUNTS = {"val/active_units": 1.0}


@dataclass(frozen=True)
class Point:
    """One metric at one step on both sides.

    Attributes:
        metric: its name.
        step: the optimiser step.
        first: its value on one side; None: it is not there.
        second: on the other.
    """

    metric: str
    step: int
    first: float | None
    second: float | None

    @property
    def same(self) -> bool:
        """Whether both are there and the same to the bit; NaN is NaN."""
        if self.first is None or self.second is None:
            return False
        return self.first == self.second or (math.isnan(self.first) and math.isnan(self.second))

    @property
    def difference(self) -> float:
        """Relative to the larger one, or to 1 where both are smaller; infinite where one lacks."""
        if self.same:
            return 0.0
        if self.first is None or self.second is None:
            return math.inf
        away = abs(self.first - self.second)
        return away / max(1.0, abs(self.first), abs(self.second)) if away < math.inf else math.inf

    def within(self, tolerance: float) -> bool:
        """Whether they agree but for a relative tolerance."""
        if self.first is None or self.second is None:
            return False
        counts = _COUNTS.get(self.metric, 0.0)
        return self.difference <= tolerance or abs(self.first - self.second) <= counts


@dataclass(frozen=True)
class Comparison:
    """All points of two runs up to a step.

    Attributes:
        points: how many were compared.
        until: the last step that counts.
        different: those that are not the same, the earliest first.
        weights: whether the last weights are the same; None: one side's are not known.
    """

    points: int
    until: int
    different: list[Point]
    weights: bool | None

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return bool(self.points) and not self.different and self.weights is not False

    @property
    def largest(self) -> Point | None:
        """The point that differs most; None: none differs."""
        return max(self.different, key=lambda point: point.difference, default=None)

    def within(self, precision: str) -> bool:
        """Whether all that differs does so by no more than a number format's tolerance."""
        tolerance = tolerance_of(precision)
        return bool(self.points) and all(point.within(tolerance) for point in self.different)


def tolerance_of(precision: str) -> float:
    """By how much numbers may differ, relatively, that were computed alike on other machines.

    Args:
        precision: Lightning's name of the number format.
    """
    return _TOLERANCES.get(precision, _TOLERANCES["32-true"])


def compare(
    first: Mapping[str, Curve], second: Mapping[str, Curve], until: int, *, weights: bool | None
) -> Comparison:
    """Compare every metric at every step up to one.

    Args:
        first: one side's metrics: value by step, by name.
        second: the other's.
        until: the last step that counts.
        weights: whether the last weights are the same.
    """
    points = [
        Point(name, step, first.get(name, {}).get(step), second.get(name, {}).get(step))
        for name in sorted(first.keys() | second.keys())
        for step in sorted(first.get(name, {}).keys() | second.get(name, {}).keys())
        if step <= until
    ]
    different = [point for point in points if not point.same]
    different.sort(key=lambda point: (point.step, point.metric))
    return Comparison(len(points), until, different, weights)
