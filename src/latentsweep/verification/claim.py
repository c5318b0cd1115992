"""One claim: what a source says a number is, and how this project computes it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentsweep.errors import LatentsweepError


@dataclass(frozen=True)
class Tolerance:
    """How far a number may lie from what is expected, in its own unit.

    Attributes:
        below: how far below; infinite where only too much is wrong.
        above: how far above; infinite where only too little is.
    """

    below: float
    above: float

    def holds(self, expected: float, got: float) -> bool:
        """Whether a number is near enough; NaN never is, on either side."""
        return expected - self.below <= got <= expected + self.above

    def __str__(self) -> str:
        if math.isinf(self.above):
            return f"-{self.below:g} or more" if self.below else "or more"
        if math.isinf(self.below):
            return f"+{self.above:g} or less" if self.above else "or less"
        if self.below != self.above:
            return f"-{self.below:g} to +{self.above:g}"
        return f"+- {self.above:g}" if self.above else "exact"


EXACT = Tolerance(0.0, 0.0)


def within(distance: float) -> Tolerance:
    """So far on either side."""
    return Tolerance(distance, distance)


def at_least(slack: float = 0.0) -> Tolerance:
    """What is expected or more."""
    return Tolerance(slack, math.inf)


def at_most(slack: float = 0.0) -> Tolerance:
    """What is expected or less."""
    return Tolerance(math.inf, slack)


@dataclass(frozen=True)
class Found:
    """What a claim's computation came to.

    Attributes:
        got: the number.
        expected: what it should be, where that is computed, too; None: the claim says it.
        standard_error: of the number; None where nothing is drawn.
        note: what a reader of the number has to know, in a few words.
    """

    got: float
    expected: float | None = None
    standard_error: float | None = None
    note: str = ""


def _never(_: Path) -> bool:
    return False


@dataclass(frozen=True)
class Claim:
    """A row of the reference table.

    Attributes:
        name: by which `ONLY=` finds it.
        family: of claims that stand together.
        claim: what is said, in a few words, with its unit.
        source: paper and equation, or which implementation makes the mistake.
        tolerance: how far the number may lie from what is expected.
        measure: computes it; it may train in the directory that it is given.
        expected: the number that the source gives; None where it is computed beside.
        full: whether it takes hours, and is left out without `FULL=1`.
        ready: whether what takes the hours is done already, in its directory: then it is tried.
    """

    name: str
    family: str
    claim: str
    source: str
    tolerance: Tolerance
    measure: Callable[[Path], Found]
    expected: float | None = None
    full: bool = False
    ready: Callable[[Path], bool] = _never


class NotRunError(LatentsweepError):
    """A claim cannot be tried here, which says nothing of whether it holds."""
