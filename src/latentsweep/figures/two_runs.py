"""The curves of two runs, one metric a panel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from latentsweep.figures.style import blank, legend, mark, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Mapping[int, float]
_ACROSS = 3


def two_runs(
    panels: Sequence[str], first: Mapping[str, Curve], second: Mapping[str, Curve]
) -> "Figure":
    """One panel a metric with the curves of two runs.

    Args:
        panels: metrics by name, one at least.
        first: one run's curves, value by optimiser step, by metric.
        second: the other's.
    """
    rows = -(-len(panels) // _ACROSS)
    figure = blank(2.4 * rows, width=3.6 * _ACROSS)
    for number, name in enumerate(panels):
        axes = figure.add_subplot(rows, _ACROSS, number + 1)
        for run, (label, side) in enumerate((("A", first), ("B", second))):
            curve = side.get(name, {})
            steps = sorted(curve)
            axes.plot(
                steps,
                [curve[step] for step in steps],
                label=label,
                color=mark(run).colour,
                linestyle=mark(run).dashes,
                linewidth=1.4,
                marker=mark(run).marker if len(steps) < 2 else None,
            )
        lowest = number >= len(panels) - _ACROSS
        style_axes(axes, title=name, x="optimiser step" if lowest else "")
        if number == 0:
            legend(axes)
    return figure
