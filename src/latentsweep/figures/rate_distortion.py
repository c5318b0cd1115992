"""What models pay in rate and get in distortion."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentsweep.figures.drawn import Drawn, Row
from latentsweep.figures.groups import by_group
from latentsweep.figures.iso_elbo import Ends, iso_elbo_lines
from latentsweep.figures.labels import place_labels
from latentsweep.figures.style import INK, blank, legend, mark, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = npt.NDArray[np.float64]
_UNKNOWN = (nan, nan)
_PPCA = "pPCA of the training images, by size"


@dataclass(frozen=True)
class RatePoint:
    """A model, or the mean of several seeds of it.

    Attributes:
        rate: mean KL from posterior to prior, nats per image.
        distortion: mean of -log p(x|z) under the posterior, nats per image.
        label: what stands beside the point.
        group: points of a group share a colour and are joined by falling rate; those without one
            are not joined.
        rate_interval: low and high end; NaN where there are none.
        distortion_interval: the same.
    """

    rate: float
    distortion: float
    label: str = ""
    group: str = ""
    rate_interval: Ends = _UNKNOWN
    distortion_interval: Ends = _UNKNOWN


def rate_distortion(
    points: Sequence[RatePoint], ppca: tuple[npt.ArrayLike, npt.ArrayLike] | None = None
) -> Drawn:
    """Distortion against rate, with diagonals on which the ELBO is the same where they are steep.

    Rate plus distortion is -ELBO (Alemi et al. 2018). The table has a row for each point: series
    (`model` or `ppca`), group, label, rate and distortion, and the ends of their intervals.

    Args:
        points: one a model.
        ppca: rates and distortions of probabilistic PCA, (n,) each, nats per image.
    """
    curve = np.asarray(ppca, dtype=float).T if ppca is not None else np.empty((0, 2))
    figure = blank(6.0)
    axes = figure.add_subplot()
    groups = by_group(points)
    for number, (group, members) in enumerate(groups.items()):
        _draw_group(axes, number, group, members)
    if len(curve):
        axes.plot(*curve.T, color=INK, linewidth=1.2, label=_PPCA, zorder=1)
    style_axes(
        axes,
        title="Rate and distortion",
        x="rate: KL, nats per image",
        y="distortion: -log p(x|z), nats per image",
    )
    across, up = _limits(points, curve)
    axes.set_xlim(across)
    axes.set_ylim(up)
    iso_elbo_lines(axes, across, up)
    if len(curve) or any(groups):
        legend(axes, loc="upper right")
    seen = [p for p in points if p.label and isfinite(p.rate) and isfinite(p.distortion)]
    place_labels(axes, [(p.rate, p.distortion) for p in seen], [p.label for p in seen])
    columns = ["series", "group", "label", "rate", "distortion"]
    columns += ["rate_low", "rate_high", "distortion_low", "distortion_high"]
    rows: list[Row] = [
        ["model", p.group, p.label, p.rate, p.distortion, *p.rate_interval, *p.distortion_interval]
        for p in points
    ]
    rows += [["ppca", "", "", *pair, *_UNKNOWN, *_UNKNOWN] for pair in curve.tolist()]
    whose = [p.label for p in points] + [_PPCA] * bool(len(curve))
    return Drawn(figure, columns, rows, f"Distortion against rate of {', '.join(whose)}.")


def _draw_group(axes: "Axes", number: int, group: str, members: Sequence[RatePoint]) -> None:
    look = mark(number)
    joined = sorted(members, key=lambda point: -point.rate)
    rates = np.array([point.rate for point in joined])
    distortions = np.array([point.distortion for point in joined])
    axes.errorbar(
        rates,
        distortions,
        xerr=_bars(rates, [point.rate_interval for point in joined]),
        yerr=_bars(distortions, [point.distortion_interval for point in joined]),
        label=group or None,
        color=look.colour,
        marker=look.marker,
        markersize=7,
        linestyle=look.dashes if group and len(joined) > 1 else "none",
        linewidth=1.0,
        elinewidth=1.2,
        capsize=2.5,
        zorder=3,
    )


def _bars(middles: Numbers, intervals: Sequence[Ends]) -> Numbers | None:
    """Lengths of bars below and above, (2, n); None where no interval is known."""
    ends = np.array(intervals).T
    return np.abs(ends - middles) if np.isfinite(ends).any() else None


def _limits(points: Sequence[RatePoint], curve: Numbers) -> tuple[Ends, Ends]:
    """The whole of the points, and of the curve what lies above and below them."""
    ends = [(p.rate, p.distortion) for p in points]
    ends += [
        end for p in points for end in zip(p.rate_interval, p.distortion_interval, strict=True)
    ]
    own = np.array(ends).reshape(-1, 2)
    own = own[np.isfinite(own).all(1)]
    farthest = max(own[:, 0] if len(own) else curve[:, 0], default=1.0) or 1.0
    seen = np.concatenate([own, curve[curve[:, 0] <= 1.1 * farthest]])
    if not len(seen):
        return (0.0, 1.0), (0.0, 1.0)
    low, high = float(seen[:, 1].min()), float(seen[:, 1].max())
    # Few points do not look further apart than they are.
    margin = max(0.08 * (high - low), 0.25 * farthest - 0.5 * (high - low))
    return (-0.03 * farthest, 1.12 * farthest), (low - margin, high + margin)
