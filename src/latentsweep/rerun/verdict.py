"""What a comparison comes to: identical, within tolerance, or different, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from latentsweep.rerun.comparison import Comparison, Point, tolerances_told
from latentsweep.rerun.facts import Difference, Effect, told_reasons


class Judgement(Enum):
    """How a rerun compares with the record."""

    IDENTICAL = "IDENTICAL"
    WITHIN_TOLERANCE = "WITHIN TOLERANCE"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Verdict:
    """A judgement with its reasons.

    Attributes:
        judgement: what it is.
        comparison: what it was judged by.
        precision: the number format of training.
        reasons: recorded differences that may explain what differs.
        ending: how the two ended, where they did not end alike.
    """

    judgement: Judgement
    comparison: Comparison
    precision: str
    reasons: Sequence[Difference]
    ending: str = ""

    @property
    def exit_code(self) -> int:
        """0, or 1 where the numbers differ."""
        return int(self.judgement is Judgement.DIFFERENT)

    def lines(self) -> list[str]:
        """The verdict for people, the judgement in the first line."""
        compared = self.comparison
        what = f"{compared.points} numbers up to step {compared.until}"
        if self.judgement is Judgement.IDENTICAL:
            weights = {True: ", and the last weights", None: "; weights not compared"}
            return [f"IDENTICAL: {what} are the same to the bit{weights.get(compared.weights, '')}"]
        lines = [f"{self.judgement.value}: {len(compared.different)} of {what} differ"]
        if self.ending:
            lines.append(f"  ending:    {self.ending}")
        if not compared.points:
            return [f"{lines[0]}: there is nothing to compare"]
        first, largest = next(iter(compared.different), None), compared.largest
        if first:
            lines.append(f"  first:     {_told(first)}")
        if largest:
            lines.append(f"  largest:   {_told(largest)}, {largest.difference:.1e} relative")
        if compared.weights is False and not compared.different:
            lines.append("  the last weights differ, which no metric shows yet")
        elif compared.weights is False:
            lines.append("  the last weights differ, too")
        bound = tolerances_told(self.precision)
        if self.judgement is Judgement.WITHIN_TOLERANCE:
            return [*lines, f"  tolerance: {bound}", f"  expected:  {told_reasons(self.reasons)}"]
        reasons = told_reasons(self.reasons) or "nothing that is on record"
        if self.reasons and all(each.effect is Effect.DIGITS for each in self.reasons):
            outside = compared.outside(self.precision)
            where = f" (first by {_told(outside)})" if outside else ""
            lines.append(f"  tolerance: {bound}; it is exceeded{where}")
        return [*lines, f"  may be due to: {reasons}"]


def judge(
    comparison: Comparison, precision: str, found: Sequence[Difference], ending: str = ""
) -> Verdict:
    """Judge a comparison.

    Numbers that differ are within tolerance only where the record tells why they would: by another
    machine, number of threads or ranks; and where nothing else differs that may change every
    number, such as the code.

    Args:
        comparison: of the record and the rerun.
        precision: the number format of training.
        found: differences between where the two runs' numbers come from.
        ending: how the two ended, where they did not end alike.
    """
    reasons = [each for each in found if each.effect is not Effect.NOTHING]
    if ending:
        judgement = Judgement.DIFFERENT
    elif comparison.identical:
        judgement = Judgement.IDENTICAL
    elif (
        comparison.within(precision)
        and reasons
        and all(each.effect is Effect.DIGITS for each in reasons)
    ):
        judgement = Judgement.WITHIN_TOLERANCE
    else:
        judgement = Judgement.DIFFERENT
    return Verdict(judgement, comparison, precision, reasons, ending)


def _told(point: Point) -> str:
    sides = ["nothing" if v is None else f"{v:.9g}" for v in (point.first, point.second)]
    return f"{point.metric} at step {point.step}: {sides[0]} on record, {sides[1]} again"
