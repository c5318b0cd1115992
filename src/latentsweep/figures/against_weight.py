"""Metrics against the weight of the KL term."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from latentsweep.figures.drawn import Cell, Drawn
from latentsweep.figures.groups import by_group
from latentsweep.figures.style import blank, legend, mark, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACROSS = 2
_APART = 3.5  # points between the bars of two groups at one weight


@dataclass(frozen=True)
class AtWeight:
    """A metric of one setting over its seeds.

    Attributes:
        weight: of the KL term, 0 or more.
        values: one a seed.
        mean: of the values.
        low: lower end of the mean's 95 % interval; NaN where there is none, as of one seed.
        high: its upper end.
        group: settings of a group share a colour and are joined by weight.
    """

    weight: float
    values: Sequence[float]
    mean: float
    low: float
    high: float
    group: str = ""


def against_weight(panels: Mapping[str, Sequence[AtWeight]], *, weight: str = "beta") -> Drawn:
    """One panel a metric: means joined by weight, their intervals as bars, each seed a dot.

    The table has a row for each number drawn: metric, group, weight, what it is (`mean`, `low`,
    `high`, or `seed`, which come in the order given), and the number.

    Args:
        panels: settings by metric, whose name says its unit, as `ELBO (nats per image)`.
        weight: the weight's name.
    """
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure = blank(3.6 * down + 0.2)
    rows: list[list[Cell]] = []
    for number, (metric, settings) in enumerate(panels.items()):
        axes = figure.add_subplot(down, across, number + 1)
        groups = by_group(settings)
        for group_number, (group, members) in enumerate(groups.items()):
            members.sort(key=lambda setting: setting.weight)
            shift = _APART * (group_number - (len(groups) - 1) / 2)
            _draw_group(axes, group_number, group, members, shift)
            rows += [
                [metric, group, setting.weight, what, value]
                for setting in members
                for what, value in _numbers(setting)
            ]
        _weight_axis(axes, [setting.weight for setting in settings])
        _value_axis(axes, settings)
        style_axes(axes, title=metric, x=f"{weight}: weight of the KL")
        if number == 0 and any(groups):
            legend(axes)
    told = f"{', '.join(panels)} against {weight}, the weight of the KL."
    return Drawn(figure, ["metric", "group", "weight", "what", "value"], rows, told)


def _numbers(setting: AtWeight) -> list[tuple[str, float]]:
    ends = [("mean", setting.mean), ("low", setting.low), ("high", setting.high)]
    return [*ends, *(("seed", value) for value in setting.values)]


def _draw_group(
    axes: "Axes", number: int, group: str, members: Sequence[AtWeight], shift: float
) -> None:
    from matplotlib.transforms import ScaledTranslation

    look = mark(number)
    # Groups stand beside each other on the page; their numbers stay what they are.
    beside = ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)
    weights = [setting.weight for setting in members]
    means = np.array([setting.mean for setting in members])
    ends = np.array([(setting.low, setting.high) for setting in members]).T
    axes.errorbar(
        weights,
        means,
        yerr=np.abs(ends - means),
        label=group,
        color=look.colour,
        marker=look.marker,
        markersize=5.5,
        linestyle=look.dashes,
        linewidth=1.3,
        elinewidth=1.3,
        capsize=3,
        zorder=3,
        transform=axes.transData + beside,
    )
    seeds = [(s.weight, value) for s in members if len(s.values) > 1 for value in s.values]
    if seeds:
        axes.plot(
            *zip(*seeds, strict=True),
            color=look.colour,
            marker=look.marker,
            markersize=3,
            markerfacecolor="white",
            linestyle="none",
            alpha=0.6,
            zorder=2,
            transform=axes.transData + beside,
        )


def _weight_axis(axes: "Axes", weights: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator

    known = sorted({weight for weight in weights if isfinite(weight)})
    positive = [weight for weight in known if weight > 0]
    if not positive:
        return
    if known[0] > 0:
        axes.set_xscale("log")
        axes.set_xlim(known[0] / 1.4, known[-1] * 1.4)
    else:
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
        axes.set_xlim(-0.4 * positive[0], known[-1] * 1.4)
    if len(known) <= 10:
        axes.set_xticks(known, [f"{weight:.3g}" for weight in known])
        axes.xaxis.set_minor_locator(NullLocator())


def _value_axis(axes: "Axes", settings: Sequence[AtWeight]) -> None:
    """Limits around all that is drawn, which matplotlib does not see when it stands aside."""
    drawn = [value for setting in settings for _, value in _numbers(setting) if isfinite(value)]
    if drawn:
        low, high = min(drawn), max(drawn)
        margin = 0.07 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(low - margin, high + margin)
