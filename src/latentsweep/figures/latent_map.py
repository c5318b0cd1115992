"""Where the data lies in the latents that carry most."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentsweep.figures.coloured_points import class_names, draw_points, explain_colours
from latentsweep.figures.drawn import Cell, Drawn
from latentsweep.figures.factor_shades import Factor
from latentsweep.figures.labels import place_labels
from latentsweep.figures.latents import falling, latent_name
from latentsweep.figures.style import INK, MUTED, NOTE, TITLE, blank, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = npt.NDArray[np.float64]
_PRIOR_95 = 2.4477  # radius that holds 95 % of a standard normal of two dimensions
_ALL_PAIRS = 3  # latents of which each pair has a panel
_HEIGHTS = {1: 4.0, 2: 7.0, 3: 3.7}  # inches, by latents drawn


def latent_map(
    codes: npt.ArrayLike,
    importance: npt.ArrayLike,
    *,
    name: str = "model",
    classes: Sequence[str] | None = None,
    factor: Factor | None = None,
    has_prior: bool = True,
) -> Drawn:
    """Codes as points, in colours and marks by class or in the shades of a factor.

    Of three latents each pair has a panel; of more, the two that carry most are drawn. A model of
    one latent has its codes on a line, classes or factor upwards. The table has a row for each
    point: the codes of the latents drawn, and the class or factor where there is one.

    Args:
        codes: posterior means, (n, latent).
        importance: (latent,). Each latent's mean KL in nats per image; without a prior, the
            variance of its codes.
        name: the model's.
        classes: the name of each point's class, (n,).
        factor: of each point, in place of classes.
        has_prior: whether the model has a prior; the circle holds 95 % of it.
    """
    points = np.asarray(codes, dtype=float)
    carried = np.asarray(importance, dtype=float)
    order = falling(carried)
    shown = order if len(order) == _ALL_PAIRS else order[:2]
    names = {j: latent_name(j, carried[j], has_prior=has_prior) for j in shown}
    figure = blank(_HEIGHTS[len(shown)])
    if len(shown) == 1:
        panels = [figure.add_subplot()]
        _draw_line(panels[0], points[:, 0], names[0], classes, factor)
    else:
        panels = _draw_pairs(figure, points, names, classes, factor)
        explain_colours(panels[-1], factor, len(panels))
        if has_prior:
            _draw_prior(panels)
    what = "posterior means" if has_prior else "codes"
    which = _which(order, "KL" if has_prior else "variance")
    title = f"{name}: {what}{which}"
    panels[0].set_title(title, loc="left", fontsize=TITLE, color=INK)
    if classes is not None and len(shown) == 2:
        _name_centres(panels[0], points[:, shown], classes)
    codes_shown = {f"z{latent}": points[:, latent].tolist() for latent in shown}
    colours = _colours(classes, factor)
    told = f"The {what} of {len(points)} images by {name}, as points over "
    told += " and ".join(codes_shown) + "".join(f", by {each}" for each in colours) + "."
    table = {**codes_shown, **colours}
    return Drawn(figure, list(table), list(zip(*table.values(), strict=True)), told)


def _colours(classes: Sequence[str] | None, factor: Factor | None) -> dict[str, Sequence[Cell]]:
    """What colours stand for, with its name; nothing where all points are alike."""
    if classes is not None:
        return {"class": classes}
    return {} if factor is None else {factor.name: np.asarray(factor.values).tolist()}


def _draw_pairs(
    figure: "Figure",
    points: Numbers,
    names: Mapping[int, str],
    classes: Sequence[str] | None,
    factor: Factor | None,
) -> list["Axes"]:
    """A panel for each two of the named latents."""
    pairs = list(combinations(names, 2))
    panels = [figure.add_subplot(1, len(pairs), number + 1) for number in range(len(pairs))]
    for axes, (across, up) in zip(panels, pairs, strict=True):
        style_axes(axes, x=names[across], y=names[up])
        axes.set_aspect("equal", "datalim")
        draw_points(axes, points[:, across], points[:, up], classes, factor, len(pairs))
    return panels


def _which(order: Sequence[int], by: str) -> str:
    """Words for the title: which latents are drawn of how many."""
    if len(order) < _ALL_PAIRS:
        return ""
    if len(order) == _ALL_PAIRS:
        return ", each pair of its 3 latents"
    return f" in z{order[0]} and z{order[1]}, of its {len(order)} latents those with most {by}"


def _draw_prior(panels: Sequence["Axes"]) -> None:
    from matplotlib.patches import Circle

    for axes in panels:
        axes.add_patch(Circle((0, 0), _PRIOR_95, fill=False, edgecolor=MUTED, linestyle="dashed"))
    told = "circle: 95 % of the prior"
    panels[-1].set_title(told, loc="right", fontsize=NOTE, color=MUTED)


def _draw_line(
    axes: "Axes",
    x: Numbers,
    latent: str,
    classes: Sequence[str] | None,
    factor: Factor | None,
) -> None:
    """Codes of a single latent: at the height of their class, of their factor, or at 0."""
    style_axes(axes, x=latent, y=factor.name if factor is not None else "")
    heights = np.zeros(len(x))
    if classes is not None:
        names = class_names(classes)
        heights = np.array([names.index(name) for name in classes], dtype=float)
        axes.set_yticks(range(len(names)), names)
    elif factor is not None:
        heights = np.asarray(factor.values, dtype=float)
    else:
        axes.set_yticks([])
    draw_points(axes, x, heights, classes)


def _name_centres(axes: "Axes", points: Numbers, classes: Sequence[str]) -> None:
    """Write each class at the median of its points, where it is clear of the others."""
    own, names = np.asarray(classes), class_names(classes)
    centres = [np.nanmedian(points[own == name], axis=0) for name in names]
    place_labels(axes, [(float(x), float(y)) for x, y in centres], names, upon=True)
