"""Rows of images, each with a name: several models beside each other."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from latentsweep.figures.drawn import Drawn, Row
from latentsweep.figures.image_panel import image_sheet, show_images
from latentsweep.figures.pixels import pixel_cells, pixel_columns
from latentsweep.figures.style import style_axes
from latentsweep.figures.tiles import pixel_limits, scaled


def image_rows(rows: Mapping[str, Tensor], title: str, x: str = "") -> Drawn:
    """One or more rows of images for each name.

    The table has a row for each image: the name, its row and its column there, the pixels.

    Args:
        rows: by name, (rows, columns, channels, height, width), all of the same columns.
        title: of the figure.
        x: what the columns are.
    """
    images = torch.cat(list(rows.values()))
    limits = pixel_limits(next(iter(rows.values())))
    high, across = images.shape[:2]
    shape = images.shape[2:]
    figure = image_sheet(high, across, shape[-2] / shape[-1])
    axes = figure.add_subplot()
    show_images(axes, scaled(images, limits), (0, across), (0, high))
    edges = np.cumsum([0, *(len(each) for each in rows.values())])
    axes.set_yticks((edges[:-1] + edges[1:]) / 2, list(rows))
    axes.set_xticks([])
    style_axes(axes, title=title, x=x)
    table: list[Row] = [
        [name, row, column, *pixel_cells(block[row, column])]
        for name, block in rows.items()
        for row in range(len(block))
        for column in range(across)
    ]
    return Drawn(figure, ["name", "row", "column", *pixel_columns(shape)], table)
