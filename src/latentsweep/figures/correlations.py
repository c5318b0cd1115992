"""How latents go with each other, or with the factors behind the data."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentsweep.figures.drawn import Drawn, Row
from latentsweep.figures.style import (
    INK,
    NOTE,
    WIDTH,
    blank,
    colour_bar,
    diverging,
    frameless,
    minus,
    style_axes,
)

_MOST_WRITTEN = 16
_MOST_NAMES = 32
_LARGEST = 6.9
_LETTER = 0.1


def correlations(
    matrix: npt.ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "Correlation",
) -> Drawn:
    """Heat map from -1 to 1, with the numbers in it up to 16 rows and columns.

    The table has a row for each cell: row, column, correlation.

    Args:
        matrix: correlations, (rows, columns); NaN, as of a constant latent, is a grey cell.
        rows: names from the top down.
        columns: names from the left.
        title: of the figure.

    Raises:
        ValueError: there is not one name a row and one a column.
    """
    values = np.asarray(matrix, dtype=float)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"{len(rows)} x {len(columns)} names for a matrix of {values.shape}")
    longest = max(map(len, columns))
    cell = float(np.clip(_LARGEST / max(values.shape), 0.04, 0.5))
    upright = _LETTER * longest > cell * -(-len(columns) // _MOST_NAMES)
    left, below = _LETTER * max(map(len, rows)), _LETTER * longest if upright else 0.2
    width = max(left + 1.06 * cell * len(columns) + 1.0, _LETTER * len(title) + left + 1.0)
    figure = blank(max(cell * len(rows) + below + 0.5, 2.0), min(WIDTH, width))
    axes = figure.add_subplot()
    drawn = axes.imshow(values, cmap=diverging(), vmin=-1, vmax=1, interpolation="nearest")
    for set_ticks, names in ((axes.set_xticks, columns), (axes.set_yticks, rows)):
        marked = range(0, len(names), -(-len(names) // _MOST_NAMES))
        set_ticks(marked, [names[place] for place in marked])
    style_axes(axes, title=title)
    frameless(axes)
    axes.set_anchor("NW")
    if upright:
        axes.tick_params(axis="x", rotation=90)
    if max(values.shape) <= _MOST_WRITTEN:
        for (row, column), value in np.ndenumerate(values):
            colour = "white" if abs(value) > 0.6 else INK
            text = "-" if np.isnan(value) else minus(f"{value:.2f}")
            axes.text(column, row, text, ha="center", va="center", fontsize=NOTE, color=colour)
    colour_bar(axes, drawn, "correlation")
    cells: list[Row] = [
        [rows[row], columns[column], float(value)]
        for (row, column), value in np.ndenumerate(values)
    ]
    told = f"{title}, as a heat map of {len(rows)} rows and {len(columns)} columns."
    return Drawn(figure, ["row", "column", "correlation"], cells, told)
