"""One measured figure: its repeats, their middle and spread, and the goal it is held against."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import Any

from rich.table import Table

RATIO = ""  # the unit of a plain ratio


@dataclass(frozen=True)
class Goal:
    """A bound on a figure's median.

    Attributes:
        bound: in the figure's unit.
        at_least: whether the figure is to lie above it; else below.
    """

    bound: float
    at_least: bool

    def met(self, value: float) -> bool:
        """Whether `value` is on the right side."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """A number that was measured several times.

    Attributes:
        part: of the benchmark, as `PART=` names it.
        name: what it says, such as `conv 64x64, against the bare loop`.
        unit: `s`, `ms`, `GB`, `%`; empty for a ratio.
        repeats: in the order in which they were measured, at least one.
        goal: None where there is none.
    """

    part: str
    name: str
    unit: str
    repeats: tuple[float, ...]
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """The middle of the repeats."""
        return statistics.median(self.repeats)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile; both the one repeat where there is no other."""
        if len(self.repeats) == 1:
            return self.repeats[0], self.repeats[0]
        low, _, high = statistics.quantiles(self.repeats, n=4, method="inclusive")
        return low, high

    @property
    def met(self) -> bool | None:
        """Whether the median meets the goal; None without one."""
        return self.goal.met(self.median) if self.goal else None

    def as_json(self) -> dict[str, Any]:
        """What the report keeps of it."""
        low, high = self.quartiles
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "low_quartile": low,
            "high_quartile": high,
            "repeats": list(self.repeats),
            "goal": str(self.goal) if self.goal else None,
            "met": self.met,
        }


@dataclass(frozen=True)
class Figures:
    """Figures that belong into one table.

    Attributes:
        title: of the table.
        figures: a row each.
    """

    title: str
    figures: tuple[Figure, ...]

    def without_goals(self) -> Figures:
        """The same, held against nothing."""
        return replace(self, figures=tuple(replace(each, goal=None) for each in self.figures))

    def table(self) -> Table:
        """Figure, median, quartiles, goal and whether it is met."""
        table = Table("figure", title=self.title)
        for heading in ("median", "quartiles", "repeats", "goal", "met"):
            table.add_column(heading, justify="right")
        for figure in self.figures:
            low, high = figure.quartiles
            table.add_row(
                figure.name,
                f"{shown(figure.median)} {figure.unit}".strip(),
                f"{shown(low)} to {shown(high)}",
                str(len(figure.repeats)),
                f"{figure.goal} {figure.unit}".strip() if figure.goal else "",
                {True: "yes", False: "no", None: ""}[figure.met],
            )
        return table


@dataclass(frozen=True)
class NotMeasured:
    """A part for which this machine lacks something; that is no fault.

    Attributes:
        part: of the benchmark.
        reason: one line.
    """

    part: str
    reason: str


def shown(value: float) -> str:
    """Three digits, never as a power of ten."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def ratios(above: list[float], below: list[float]) -> tuple[float, ...]:
    """Ratios within the turns: what the machine did to a whole turn cancels out."""
    return tuple(mine / theirs for mine, theirs in zip(above, below, strict=True))
