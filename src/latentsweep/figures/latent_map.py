"""Where the data lies in the two latents that carry most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from latentsweep.figures.drawn import Drawn
from latentsweep.figures.labels import place_labels
from latentsweep.figures.latents import falling, latent_name
from latentsweep.figures.style import (
    BLUE,
    FAINT,
    MUTED,
    NOTE,
    SEQUENTIAL,
    blank,
    colour_bar,
    legend,
    mark,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = npt.NDArray[np.float64]
_PRIOR_95 = 2.4477  # radius that holds 95 % of a standard normal of two dimensions
_MOST_NAMED = 20


def latent_map(
    codes: npt.ArrayLike,
    importance: npt.ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    factor: npt.ArrayLike | None = None,
    factor_name: str = "factor",
    has_prior: bool = True,
) -> Drawn:
    """Codes as points, in colours and marks by class or in shades by an ordered factor.

    A model of one latent has its codes on a line, classes or factor upwards. The table has a row
    for each point: the codes of the latents drawn, and the class or factor where there is one.

    Args:
        codes: posterior means, (n, latent).
        importance: (latent,). Each latent's mean KL in nats per image; without a prior, the
            variance of its codes.
        classes: the name of each point's class, (n,).
        factor: a number of each point, (n,), in place of classes.
        factor_name: what the factor is called.
        has_prior: whether the model has a prior; the circle holds 95 % of it.
    """
    points = np.asarray(codes, dtype=float)
    carried = np.asarray(importance, dtype=float)
    latents = falling(carried)[:2]
    table: dict[str, Any] = {f"z{latent}": points[:, latent] for latent in latents}
    x = points[:, latents[0]]
    shades = None if factor is None else np.asarray(factor, dtype=float)
    if classes is not None:
        table["class"] = np.asarray(classes)
    elif shades is not None:
        table[factor_name] = shades
    figure = blank(7.0 if len(latents) == 2 else 4.0)
    axes = figure.add_subplot()
    names = [latent_name(latent, carried[latent], has_prior=has_prior) for latent in latents]
    style_axes(axes, title="Posterior means", x=names[0], y=names[1] if len(names) > 1 else "")
    if len(latents) == 1:
        y = _heights(axes, classes, shades, factor_name, len(x))
    else:
        y = points[:, latents[1]]
        axes.set_aspect("equal", "datalim")
        if has_prior:
            _prior(axes)
    if classes is not None:
        _draw_classes(axes, x, y, np.asarray(classes), named=len(latents) == 2)
    elif shades is not None and len(latents) == 2:
        drawn = axes.scatter(x, y, c=shades, cmap=SEQUENTIAL, s=_size(len(x)), linewidths=0)
        colour_bar(axes, drawn, factor_name)
    else:
        axes.scatter(x, y, color=BLUE, s=_size(len(x)), alpha=0.6, linewidths=0)
    rows = [list(row) for row in zip(*(column.tolist() for column in table.values()), strict=True)]
    return Drawn(figure, list(table), rows)


def _size(points: int) -> float:
    return float(np.clip(30_000 / max(points, 1), 12, 36))


def _prior(axes: "Axes") -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((0, 0), _PRIOR_95, fill=False, edgecolor=FAINT, linestyle="dashed"))
    axes.set_title("circle: 95 % of the prior", loc="right", fontsize=NOTE, color=MUTED)


def _heights(
    axes: "Axes",
    classes: Sequence[str] | None,
    factor: Numbers | None,
    factor_name: str,
    points: int,
) -> Numbers:
    """Where the points of a single latent stand: at their class, at their factor, or at 0."""
    if classes is not None:
        names, heights = np.unique(np.asarray(classes), return_inverse=True)
        axes.set_yticks(range(len(names)), names.tolist())
        return heights.astype(float)
    if factor is not None:
        axes.set_ylabel(factor_name)
        return factor
    axes.set_yticks([])
    return np.zeros(points)


def _draw_classes(axes: "Axes", x: Numbers, y: Numbers, classes: Any, *, named: bool) -> None:
    names: list[str] = np.unique(classes).tolist()
    centres = []
    for number, name in enumerate(names):
        mine = classes == name
        look = mark(number)
        axes.scatter(
            x[mine],
            y[mine],
            color=look.colour,
            marker=look.marker,
            s=_size(len(x)),
            alpha=0.7,
            linewidths=0,
            label=name,
        )
        centres.append((float(np.nanmedian(x[mine])), float(np.nanmedian(y[mine]))))
    if named:
        if len(names) <= _MOST_NAMED:
            legend(axes, loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.5)
        place_labels(axes, centres, names, upon=True)
