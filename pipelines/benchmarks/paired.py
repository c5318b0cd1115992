"""Two ways of doing the same, told apart below the noise of a machine: in turns, in one process."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

_RESAMPLES = 2000


@dataclass(frozen=True)
class Turns:
    """Seconds of blocks of equal work that were done in turns: off, on, off, on, ..., off.

    A block is compared with the mean of the two beside it, so that a machine which slows down
    evenly changes nothing.

    Attributes:
        on: ratios of each block `on` to the two `off` beside it.
        floor: ratios of each block `off` to the two next blocks `off`: what noise alone makes.
        seconds_on: seconds of all blocks `on`.
        seconds_off: seconds of those that they are compared with.
    """

    on: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    seconds_on: list[float] = field(default_factory=list)
    seconds_off: list[float] = field(default_factory=list)

    def take(self, turns: int, block: Callable[[bool], float]) -> None:
        """Do `turns` blocks `on` between blocks `off`.

        Args:
            turns: how many.
            block: does one block, `on` or not, and returns its seconds.
        """
        off, on = [block(False)], []
        for _ in range(turns):
            on.append(block(True))
            off.append(block(False))
        beside = [(before + after) / 2 for before, after in pairwise(off)]
        self.on.extend(mine / theirs for mine, theirs in zip(on, beside, strict=True))
        self.floor.extend(
            2 * mine / (before + after)
            for before, mine, after in zip(off, off[1:], off[2:], strict=False)
        )
        self.seconds_on.extend(on)
        self.seconds_off.extend(beside)

    def median(self) -> str:
        """What `on` adds, by the median block, and the quartiles: `0.31 % (0.12 to 0.55)`."""
        return _percent(self.on)

    def noise(self) -> str:
        """The same of `off` against itself."""
        return _percent(self.floor)

    def whole(self) -> str:
        """What `on` adds to all blocks together, rare ones included, and its 95 % interval."""
        pairs = list(zip(self.seconds_on, self.seconds_off, strict=True))
        draw = random.Random(0)
        resampled = sorted(
            _ratio_of_sums(draw.choices(pairs, k=len(pairs))) for _ in range(_RESAMPLES)
        )
        low, high = resampled[_RESAMPLES // 40], resampled[-_RESAMPLES // 40]
        return _shown(_ratio_of_sums(pairs), low, high)


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, lower and upper quartile."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def _ratio_of_sums(pairs: list[tuple[float, float]]) -> float:
    return sum(on for on, _ in pairs) / sum(off for _, off in pairs)


def _percent(ratios: list[float]) -> str:
    return _shown(*spread(ratios)) if len(ratios) > 1 else ""


def _shown(middle: float, low: float, high: float) -> str:
    middle, low, high = (100 * (ratio - 1) for ratio in (middle, low, high))
    return f"{middle:.2f} % ({low:.2f} to {high:.2f})"
