"""The report's picture: each figure against its goal, and how cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import RATIO, Figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MET, _MISSED, _PLAIN, _INK = "#2a7f62", "#c4512d", "#3b5b8c", "#444444"
_INCHES_A_ROW, _INCHES_AROUND = 0.34, 1.5
_SMALLEST = 1e-3  # on a logarithmic axis nothing is 0


def draw(figures: Sequence[Figure], path: Path, caption: str) -> bool:
    """Draw figures with a goal, and ratios without one.

    Args:
        figures: in the order in which they are to stand.
        path: of the PNG.
        caption: where and when they were measured.

    Returns:
        Whether there was anything to draw; nothing is written where not.
    """
    held = [figure for figure in figures if figure.goal]
    free = [figure for figure in figures if not figure.goal and figure.unit == RATIO]
    panels = [(rows, paint) for rows, paint in ((held, _goals), (free, _ratios)) if rows]
    if not panels:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Picture

    heights = [_INCHES_A_ROW * len(rows) + _INCHES_AROUND for rows, _ in panels]
    picture = Picture(figsize=(11, sum(heights)), layout="constrained", facecolor="white")
    FigureCanvasAgg(picture)
    axes = picture.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (rows, paint) in zip(axes, panels, strict=True):
        _prepare(axis, rows)
        paint(axis, rows)
    picture.supxlabel(caption, fontsize=8, color="#777777")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=150)
    return True


def _goals(axis: Axes, rows: Sequence[Figure]) -> None:
    """How many times better than its goal each figure is, for figures of all units."""
    axis.set_title("against the goal", loc="left", fontsize=12, fontweight="bold")
    axis.axvline(1, color="#cccccc", lw=1, zorder=0)
    for place, figure in enumerate(rows):
        low, high = (_better(figure, value) for value in figure.quartiles)
        middle = _better(figure, figure.median)
        color = _MET if figure.met else _MISSED
        axis.plot(1, place, "|", color=_INK, ms=16, mew=2)
        axis.plot([low, high], [place, place], color=color, lw=2.5, solid_capstyle="round")
        axis.plot(middle, place, "o", color=color, ms=8)
        text = f"{shown(figure.median)} {figure.unit or 'x'}"
        sign = "≥" if figure.goal and figure.goal.at_least else "≤"
        bound = figure.goal.bound if figure.goal else 0
        _beside(axis, place, f"{text}  (goal {sign} {bound:g})", color)
    axis.set_xscale("log")
    _numbers(axis, [_better(f, v) for f in rows for v in (*f.quartiles, f.median)])
    axis.set_xlabel(
        "times better than the goal, which is the mark at 1   (dot: median, line: quartiles)",
        fontsize=9,
        color=_INK,
    )


def _ratios(axis: Axes, rows: Sequence[Figure]) -> None:
    """Ratios that have no goal, such as how cost grows."""
    axis.set_title("ratios without a goal", loc="left", fontsize=12, fontweight="bold")
    axis.axvline(1, color="#cccccc", lw=1, zorder=0)
    for place, figure in enumerate(rows):
        axis.plot(figure.quartiles, [place, place], color=_PLAIN, lw=2.5, solid_capstyle="round")
        axis.plot(figure.median, place, "o", color=_PLAIN, ms=8)
        _beside(axis, place, f"{shown(figure.median)} x", _PLAIN)
    axis.set_xscale("log")
    _numbers(axis, [value for figure in rows for value in (*figure.quartiles, figure.median)])
    axis.set_xlabel("ratio   (dot: median, line: quartiles)", fontsize=9, color=_INK)


def _better(figure: Figure, value: float) -> float:
    assert figure.goal
    bound = max(figure.goal.bound, _SMALLEST)
    value = max(value, _SMALLEST)
    return value / bound if figure.goal.at_least else bound / value


def _prepare(axis: Axes, rows: Sequence[Figure]) -> None:
    """Names at the left, no frame, the first row on top."""
    axis.set_yticks(range(len(rows)), [figure.name.strip() for figure in rows], fontsize=9)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", labelsize=9, colors=_INK)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.grid(axis="y", color="#eeeeee", lw=0.8)
    axis.set_axisbelow(True)


def _beside(axis: Axes, place: int, text: str, color: str) -> None:
    """The number itself, in a column right of the axis."""
    axis.text(
        1.02,
        place,
        text,
        transform=axis.get_yaxis_transform(),
        va="center",
        fontsize=9,
        color=color,
    )


def _numbers(axis: Axes, values: Sequence[float]) -> None:
    """Plain numbers at a few places around all values, never powers of ten."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = max(min(*values, 1.0), _SMALLEST) / 1.15, max(*values, 1.0) * 1.15
    axis.set_xlim(low, high)
    places: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
    if high / low < 15:
        places = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10)
    if high / low < 3:
        places = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5)
    axis.xaxis.set_major_locator(FixedLocator([place for place in places if low < place < high]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
