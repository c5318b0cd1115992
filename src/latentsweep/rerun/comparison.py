"""Two runs' metrics held against each other, point by point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from latentsweep.tracking.recorded import Curve

# What sums in another order may come to: relative to the value, and to 1 nat where it is smaller.
# At first they differ by rounding alone. Then Adam, which divides by the root of squared gradients,
# makes much of that where they are almost zero: the two runs drift apart, within some tens of steps
# as far as they ever will. Measured: docs/reruns.md.
_FIRST_STEPS = 2
_ROUNDING = {"64-true": 1e-12, "32-true": 1e-5, "bf16-mixed": 5e-3, "16-mixed": 5e-3}
_DRIFT = 0.1
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

    def within(self, precision: str) -> bool:
        """Whether they agree but for what a number format's rounding comes to by that step."""
        if self.first is None or self.second is None:
            return False
        tolerance = rounding_of(precision) if self.step <= _FIRST_STEPS else _DRIFT
        counts = _COUNTS.get(self.metric, 0.0)
        return self.difference <= tolerance or abs(self.first - self.second) <= counts


@dataclass(frozen=True)
class Comparison:
    """All points of two runs up to a step.

    Attributes:
        points: how many were compared.
        until: the last step of any.
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
        return bool(self.points) and all(point.within(precision) for point in self.different)

    def outside(self, precision: str) -> Point | None:
        """The first point that differs by more than that; None: none does."""
        return next((point for point in self.different if not point.within(precision)), None)


def rounding_of(precision: str) -> float:
    """By how much the first steps may differ, relatively, that were computed on other machines.

    Args:
        precision: Lightning's name of the number format.
    """
    return _ROUNDING.get(precision, _ROUNDING["32-true"])


def tolerances_told(precision: str) -> str:
    """The tolerances for people."""
    first = f"{rounding_of(precision):g} relative in the first {_FIRST_STEPS} steps"
    return f"{first} of {precision}, {_DRIFT:g} from then on"


def compare(
    first: Mapping[str, Curve],
    second: Mapping[str, Curve],
    until: int,
    *,
    weights: bool | None,
    since: int = 0,
    cut: bool = False,
) -> Comparison:
    """Compare every metric at every step up to one.

    Args:
        first: one side's metrics: value by step, by name.
        second: the other's.
        until: the last step that counts.
        weights: whether the last weights are the same.
        since: the first step that counts.
        cut: whether the first side's record breaks off within its last step.
    """
    points = [
        Point(name, step, first.get(name, {}).get(step), second.get(name, {}).get(step))
        for name in sorted(first.keys() | second.keys())
        for step in sorted(first.get(name, {}).keys() | second.get(name, {}).keys())
        if since <= step <= until
    ]
    if cut:
        points = [point for point in points if point.first is not None or point.step < until]
    different = [point for point in points if not point.same]
    different.sort(key=lambda point: (point.step, point.metric))
    last = max((point.step for point in points), default=until)
    return Comparison(len(points), last, different, weights)
