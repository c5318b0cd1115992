"""How all figures look: one page width, one set of inks, colours told apart by everybody.

Everything is set on a figure or on axes, never in matplotlib's global settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

INK = "#1f2933"
MUTED = "#66727f"
FAINT = "#a3adb8"
RULE = "#e4e7eb"
BLUE = "#2c6fbb"
ORANGE = "#d9730d"
TEAL = "#3a9d8f"

# Text in points. A figure is 900 pixels wide on a screen.
TITLE, LABEL, TICK, NOTE = 11.5, 10.0, 9.0, 8.5
WIDTH = 9.0
DOTS_PER_INCH = 100

# Reads the same with and without colour vision, and in grey.
SEQUENTIAL = "cividis"
_DIVERGING = ("#0f3f78", "#5b93cf", "#f6f7f8", "#eb9a4c", "#93420a")
_CYCLIC = (INK, BLUE, "#b9c3cc", ORANGE, INK)

# Told apart under each kind of colour blindness (simulated after Machado et al. 2009).
_COLOURS = (
    *(BLUE, ORANGE, TEAL, "#7b2d5e", "#6cc0ee", INK, "#e0c200"),
    *("#960f1e", "#8250e6", "#967d4b"),
)
# Lengths without a common divisor: 110 marks before one comes again, ten of them with nothing in
# common, as many as most data sets have classes.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "p")
_DASHES = ("solid", "dashed", "dotted", "dashdot", (0, (6, 1, 1, 1, 1, 1)))


@dataclass(frozen=True)
class Mark:
    """How one group is drawn: in print without colour its marker and dashes still tell it."""

    colour: str
    marker: str
    dashes: Any


def mark(number: int) -> Mark:
    """The mark of a group by its number, from 0."""
    return Mark(
        _COLOURS[number % len(_COLOURS)],
        _MARKERS[number % len(_MARKERS)],
        _DASHES[number % len(_DASHES)],
    )


def diverging() -> "Colormap":
    """Colours from -1 (blue) through 0 (white) to 1 (orange); what is unknown is grey."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("latentsweep", _DIVERGING)
    return colours.with_extremes(bad=FAINT)


def cyclic() -> "Colormap":
    """Colours of a circle, the last again the first; none is as light as the page."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("latentsweep_cyclic", _CYCLIC)


def blank(height: float, width: float = WIDTH) -> "Figure":
    """A white figure, its sizes in inches, that makes room for labels by itself."""
    from matplotlib.figure import Figure

    size = (width, height)
    return Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")


def style_axes(axes: "Axes", *, title: str = "", x: str = "", y: str = "") -> None:
    """Name axes and draw them as all others: open at the top and right, in quiet ink."""
    axes.set_title(title, loc="left", fontsize=TITLE, color=INK)
    axes.set_xlabel(x, fontsize=LABEL, color=MUTED)
    axes.set_ylabel(y, fontsize=LABEL, color=MUTED)
    axes.tick_params(which="both", labelsize=TICK, labelcolor=INK, color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def frameless(axes: "Axes") -> None:
    """Take spines and tick marks away and leave the labels, as suits images and matrices."""
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", length=0)


def colour_bar(
    axes: "Axes",
    drawn: Any,
    label: str,
    *,
    ticks: Sequence[float] | None = None,
    panels: int = 1,
) -> None:
    """The scale of a picture's colours, at the right of its axes.

    Args:
        axes: the picture's.
        drawn: what has the colours.
        label: what they stand for.
        ticks: the values to be named; the scale chooses where none are given.
        panels: beside each other on the page, the picture's axes among them.
    """
    place = axes.inset_axes((1 + 0.02 * panels, 0, 0.03 * panels, 1))
    bar = axes.figure.colorbar(drawn, cax=place)
    if ticks is not None:
        bar.set_ticks(ticks)
        bar.minorticks_off()
    bar.set_label(label, fontsize=LABEL, color=MUTED)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK, labelcolor=INK, color=FAINT)


def legend(axes: "Axes", **options: Any) -> None:
    """Name the groups in their full colours, without a frame."""
    drawn = axes.legend(frameon=False, fontsize=TICK, labelcolor=INK, **options)
    drawn.get_title().set(fontsize=TICK, color=MUTED)
    for handle in drawn.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def minus(number: str) -> str:
    """A number with the minus sign that matplotlib's axes have."""
    return number.replace("-", "\N{MINUS SIGN}")
