"""Rows of images on axes that count in something."""

from typing import TYPE_CHECKING

from torch import Tensor

from latentsweep.figures.style import WIDTH, blank, frameless
from latentsweep.figures.tiles import tile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

APART = 0.25  # of an image, between images of different kinds
_NAMES = 1.3
_WORDS = 0.75
_LARGEST = 0.9
_TALLEST = 11.0


def image_sheet(rows: float, columns: float, tallness: float, *, names: float = _NAMES) -> "Figure":
    """A figure as tall as rows of images need.

    Args:
        rows: of images.
        columns: of images.
        tallness: an image's height by its width.
        names: inches for the names of rows.
    """
    side = min(_LARGEST, (WIDTH - names) / columns, (_TALLEST - _WORDS) / rows / tallness)
    return blank(rows * side * tallness + _WORDS, WIDTH)


def show_images(
    axes: "Axes",
    images: Tensor,
    across: tuple[float, float],
    down: tuple[float, float],
    *,
    beside: int = 0,
) -> None:
    """Draw images between the outer edges of the first and last column and row.

    Args:
        axes: where.
        images: (rows, columns, channels, height, width), values in [0, 1].
        across: left edge of the first column, right edge of the last.
        down: upper edge of the first row, lower edge of the last.
        beside: columns of other images on the same axes.
    """
    rows, columns, _, height, width = images.shape
    extent = (*across, down[1], down[0])
    axes.imshow(tile(images, beside), cmap="gray", vmin=0, vmax=255, extent=extent)
    per_row = abs(down[1] - down[0]) / rows
    per_column = abs(across[1] - across[0]) / columns
    axes.set_aspect(height / width * per_column / per_row)
    axes.set_anchor("NW")
    frameless(axes)


def show_between(axes: "Axes", images: Tensor, down: tuple[float, float]) -> tuple[float, float]:
    """Draw images of which the first and the last column stand apart; the inner ones begin at 0.

    Args:
        axes: where.
        images: (rows, columns, channels, height, width), values in [0, 1]; three columns at least.
        down: upper edge of the first row, lower edge of the last.

    Returns:
        The left edge of the first column and the right edge of the last.
    """
    columns = images.shape[1]
    first, last = -1 - APART, columns - 2 + APART
    parts = ((images[:, :1], first), (images[:, 1:-1], 0.0), (images[:, -1:], last))
    for part, left in parts:
        across = (left, left + part.shape[1])
        show_images(axes, part, across, down, beside=columns - part.shape[1])
    return first, last + 1
