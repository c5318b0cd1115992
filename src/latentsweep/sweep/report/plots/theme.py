"""How all plots of a report look, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latentsweep.figures import style
from latentsweep.figures.page import FONT

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK = style.INK
MUTED = style.MUTED
RULE = style.RULE
FINISHED = style.BLUE
PRUNED = style.FAINT
BEST = style.ORANGE
RUNNING = style.TEAL
SCALE = style.SEQUENTIAL.capitalize()
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}
_TELLING = 8  # fewer values say nothing about which of them are outliers


def blank(height: int = 380) -> go.Figure:
    """A figure with nothing in it yet."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 68, "r": 16, "t": 36, "b": 52},
        font={"family": FONT, "size": 12, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"bgcolor": "white", "bordercolor": RULE, "font": {"family": FONT, "size": 12}},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemwidth": 30},
    )
    return figure


def style_axes(figure: go.Figure) -> None:
    """Draw all axes alike; called when they all exist."""
    axis = {
        "showline": True,
        "linecolor": PRUNED,
        "gridcolor": RULE,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": PRUNED,
        "ticklen": 4,
        "automargin": True,
        "title": {"font": {"size": 12, "color": MUTED}, "standoff": 8},
        "minor": {"showgrid": False},
    }
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)


def interval_axis(low: float, high: float, *, log: bool) -> dict[str, Any]:
    """Axis settings that show a whole interval; on a logarithmic scale with round numbers."""
    ends = np.log10([low, high]) if log else np.array([low, high])
    margin = 0.05 * (ends[1] - ends[0])
    axis: dict[str, Any] = {"range": [float(ends[0] - margin), float(ends[1] + margin)]}
    if log:
        ticks, names = _round_numbers(low, high)
        axis |= {"type": "log", "tickvals": ticks, "ticktext": names}
    return axis


def colour_bar(values: Sequence[float], title: str, *, log: bool = False) -> dict[str, Any]:
    """A marker's colours for `values`, with their scale, as they are, at the side."""
    numbers = np.asarray(values, dtype=float)
    bar: dict[str, Any] = {
        "title": {"text": title, "side": "right", "font": {"size": 12, "color": MUTED}},
        "thickness": 12,
        "outlinewidth": 0,
        "len": 0.9,
    }
    if log:
        ticks, names = _round_numbers(float(numbers.min()), float(numbers.max()))
        bar |= {"tickvals": np.log10(ticks), "ticktext": names}
        numbers = np.log10(numbers)
    return {"color": numbers, "colorscale": SCALE, "colorbar": bar, "showscale": True}


def _round_numbers(low: float, high: float) -> tuple[list[float], list[str]]:
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 1000 else (1,)
    ticks = sorted(float(step * decade) for decade in decades for step in steps)
    inside = [tick for tick in ticks if low * 0.99 <= tick <= high * 1.01]
    shown = inside if len(inside) >= 2 else [low, high]
    return shown, [f"{tick:.3g}" for tick in shown]


def focus(values: Sequence[float], *, maximize: bool) -> tuple[float, float]:
    """Limits for an axis that keep a few very bad values from hiding all others."""
    costs = np.sort(-np.asarray(values) if maximize else np.asarray(values))
    best, limit = costs[0], costs[-1]
    if len(costs) >= _TELLING:
        bad = np.quantile(costs, 0.85)
        if bad > best:
            limit = min(limit, bad + 0.5 * (bad - best))
    margin = 0.08 * (limit - best) or 0.5
    limits = float(best - margin), float(limit + margin)
    return (-limits[1], -limits[0]) if maximize else limits


def bad_end(limits: tuple[float, float], *, maximize: bool) -> float:
    """Where an axis with these limits shows what has no value of its own."""
    low, high = limits
    return low + 0.025 * (high - low) if maximize else high - 0.025 * (high - low)
