"""Points in the colours of their class, or in the shades of a factor, and what these stand for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentsweep.figures.factor_shades import Factor, shades
from latentsweep.figures.style import BLUE, colour_bar, legend, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = npt.NDArray[np.float64]
_MOST_NAMED = 20
_IN_LEGEND = 8.0  # width of a mark there, in points


def draw_points(
    axes: "Axes",
    x: Numbers,
    y: Numbers,
    classes: Sequence[str] | None = None,
    factor: Factor | None = None,
    panels: int = 1,
) -> None:
    """Draw points by class, else by factor, else all alike.

    Args:
        axes: where.
        x: places from left to right, (n,).
        y: places upwards, (n,).
        classes: the name of each point's class, (n,).
        factor: of each point.
        panels: beside each other on the page, these axes among them.
    """
    size = float(np.clip(30_000 / max(len(x), 1), 12, 36)) / panels**0.5
    if classes is not None:
        own = np.asarray(classes)
        for number, name in enumerate(class_names(classes)):
            look = mark(number)
            axes.scatter(
                x[own == name],
                y[own == name],
                color=look.colour,
                marker=look.marker,
                s=size,
                edgecolors="white",
                linewidths=0.3,
                label=name,
            )
    elif factor is not None:
        scale = shades(factor)
        values = np.asarray(factor.values, dtype=float)
        axes.scatter(x, y, c=values, cmap=scale.colours, norm=scale.norm, s=size, linewidths=0)
    else:
        axes.scatter(x, y, color=BLUE, s=size, alpha=0.6, linewidths=0)


def explain_colours(axes: "Axes", factor: Factor | None, panels: int = 1) -> None:
    """Name the classes, 20 at most, or the factor's values at the right of axes with points.

    Args:
        axes: where the points are.
        factor: whose shades they have, if any.
        panels: beside each other on the page, these axes among them.
    """
    from matplotlib.collections import PathCollection

    drawn = [each for each in axes.collections if isinstance(each, PathCollection)]
    if factor is not None:
        colour_bar(axes, drawn[0], factor.name, ticks=shades(factor).ticks, panels=panels)
    elif 1 < len(drawn) <= _MOST_NAMED:
        scale = _IN_LEGEND / drawn[0].get_sizes()[0] ** 0.5
        legend(axes, title="class", loc="upper left", bbox_to_anchor=(1, 1), markerscale=scale)


def class_names(classes: Sequence[str]) -> list[str]:
    """Each class once, numbers by what they count."""
    return sorted(set(classes), key=lambda name: (len(name) if name.isdigit() else 0, name))
