"""Rows of images, each with a name: several models beside each other."""

from collections.abc import Mapping

import torch
from torch import Tensor

from latentsweep.figures.drawn import Drawn, Row
from latentsweep.figures.image_panel import APART, image_sheet, show_between, show_images
from latentsweep.figures.pixels import pixel_cells, pixel_columns
from latentsweep.figures.style import style_axes
from latentsweep.figures.tiles import pixel_limits, scaled


def image_rows(rows: Mapping[str, Tensor], title: str, x: str = "", *, ends: str = "") -> Drawn:
    """One or more rows of images for each name, those of one name apart from the others.

    The table has a row for each image: the name, its row and its column there, whose image it is
    (the name's, or that of the ends), the pixels.

    Args:
        rows: by name, (rows, columns, channels, height, width), all of the same columns.
        title: of the figure.
        x: what the columns are.
        ends: whose the first and the last column are, which then stand apart.
    """
    images = torch.cat(list(rows.values()))
    limits = pixel_limits(next(iter(rows.values())))
    high, across = images.shape[:2]
    shape = images.shape[2:]
    down = high + APART * (len(rows) - 1)
    figure = image_sheet(down, across + (2 * APART if ends else 0), shape[-2] / shape[-1])
    axes = figure.add_subplot()
    top, left, right, middles = 0.0, 0.0, float(across), []
    for block in rows.values():
        span = (top, top + len(block))
        if ends:
            left, right = show_between(axes, scaled(block, limits), span)
        else:
            show_images(axes, scaled(block, limits), (left, right), span)
        middles.append(sum(span) / 2)
        top = span[1] + APART
    axes.set_xlim(left, right)
    axes.set_ylim(down, 0)
    axes.set_yticks(middles, list(rows))
    axes.set_xticks([left + 0.5, right - 0.5] if ends else [], [ends, ends] if ends else [])
    style_axes(axes, title=title, x=x)
    table: list[Row] = [
        [name, row, column, whose, *pixel_cells(block[row, column])]
        for name, block in rows.items()
        for row in range(len(block))
        for column in range(across)
        for whose in (ends if ends and column in (0, across - 1) else name,)
    ]
    told = f"{title}: rows of images, by {', '.join(rows)}."
    columns = ["name", "row", "column", "whose", *pixel_columns(shape)]
    return Drawn(figure, columns, table, told)
