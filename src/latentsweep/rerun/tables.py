"""The last values of recorded runs, beside each other."""

from __future__ import annotations

from latentsweep.tracking.recorded import RecordedRun

SIDES = ("", "at step")  # of `side_by_side`, before the two sides and their difference
_COUNTS = 1000


def away_told(first: float, second: float) -> str:
    """By how much the second number is larger, to three digits."""
    return "0" if first == second else f"{second - first:+.3g}"


def metric_names(*runs: RecordedRun) -> list[str]:
    """The metrics that any of some runs has, those of validation first."""
    names = {name for run in runs for name in run.metrics} - {"epoch"}
    return sorted(names, key=lambda name: (not name.startswith("val/"), name))


def number_told(value: float | None) -> str:
    """A number for people: a count without decimals; nothing for none."""
    if value is None:
        return ""
    return f"{value:.0f}" if value == int(value) and abs(value) < _COUNTS else f"{value:.4f}"


def side_by_side(first: RecordedRun, second: RecordedRun) -> list[tuple[str, ...]]:
    """A row a metric by `SIDES`: at the last step that both have or, of one only, at its own."""
    rows: list[tuple[str, ...]] = []
    for name in metric_names(first, second):
        mine, other = first.metrics.get(name, {}), second.metrics.get(name, {})
        step = max(mine.keys() & other.keys(), default=max(mine.keys() | other.keys()))
        a, b = mine.get(step), other.get(step)
        away = "" if a is None or b is None else away_told(a, b)
        rows.append((name, str(step), number_told(a), number_told(b), away))
    return rows


def last_value(run: RecordedRun, metric: str) -> float:
    """The last value on record of a metric that the run has."""
    curve = run.metrics[metric]
    return curve[max(curve)]
