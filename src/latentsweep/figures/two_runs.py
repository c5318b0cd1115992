"""The curves of two runs, one metric a panel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Mapping[int, float]
# Told apart without colour vision, and by their dashes in print.
_STYLES = (("A", "#2c6fbb", "solid"), ("B", "#d9730d", "dashed"))
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
    from matplotlib.figure import Figure

    rows = -(-len(panels) // _ACROSS)
    figure = Figure(figsize=(3.6 * _ACROSS, 2.4 * rows), layout="constrained")
    for number, name in enumerate(panels):
        axes = figure.add_subplot(rows, _ACROSS, number + 1)
        for (label, colour, dashes), side in zip(_STYLES, (first, second), strict=True):
            curve = side.get(name, {})
            steps = sorted(curve)
            marker = "o" if len(steps) < 2 else None
            values = [curve[step] for step in steps]
            axes.plot(
                *(steps, values),
                label=label,
                color=colour,
                linestyle=dashes,
                linewidth=1.4,
                marker=marker,
            )
        axes.set_title(name, loc="left", fontsize=10)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        if number == 0:
            axes.legend(frameon=False, fontsize=8)
        if number >= len(panels) - _ACROSS:
            axes.set_xlabel("optimiser step", fontsize=8)
    return figure
