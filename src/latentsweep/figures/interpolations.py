"""The way from one image to another through latent space."""

import numpy as np
import torch
from torch import Tensor

from latentsweep.figures.drawn import Drawn, Row
from latentsweep.figures.image_model import ImageModel
from latentsweep.figures.image_panel import APART, image_sheet, show_between
from latentsweep.figures.pixels import pixel_cells, pixel_columns
from latentsweep.figures.style import style_axes
from latentsweep.figures.tiles import pixel_limits, scaled


@torch.no_grad()
def interpolations(
    model: ImageModel, starts: Tensor, ends: Tensor, *, name: str = "model", steps: int = 9
) -> Drawn:
    """Straight lines between pairs of posterior means, the data at both ends.

    The table has a row for each image: its pair from 0, `data` or `model`, how much of the way is
    behind it (0 to 1; the reconstructions are the model's at 0 and 1), the pixels.

    Args:
        model: a model.
        starts: (n, channels, height, width), one a row of the figure.
        ends: the same.
        name: the model's.
        steps: the model's images of a pair, two at least.
    """
    first, last = model.encode(starts)[0], model.encode(ends)[0]
    ways: list[float] = torch.linspace(0, 1, steps, dtype=torch.float64).tolist()
    codes = torch.stack([torch.lerp(first, last, way) for way in ways], dim=1)
    pairs, shape = len(starts), starts.shape[1:]
    between = model.decode(codes.flatten(0, 1)).reshape(pairs, steps, *shape)
    limits = pixel_limits(torch.cat([starts, ends]))

    columns = steps + 2 + 2 * APART
    figure = image_sheet(pairs, columns, shape[-2] / shape[-1], names=0.1)
    axes = figure.add_subplot()
    images = torch.cat([starts[:, None], between, ends[:, None]], dim=1)
    left, right = show_between(axes, scaled(images, limits), (0, pairs))
    axes.set_xlim(left, right)
    axes.set_ylim(pairs, 0)
    marked = np.unique(np.linspace(0, steps - 1, min(5, steps)).round().astype(int))
    ticks = [left + 0.5, *(marked + 0.5), right - 0.5]
    axes.set_xticks(ticks, ["data", *(f"{ways[step]:.3g}" for step in marked), "data"])
    axes.set_yticks([])
    title = f"{name}: from one image to another in latent space"
    style_axes(axes, title=title, x="share of the way; at 0 and 1 reconstructions")
    rows: list[Row] = [
        [pair, whose, way, *pixel_cells(image)]
        for pair in range(pairs)
        for whose, way, image in (
            ("data", 0.0, starts[pair]),
            *(("model", way, image) for way, image in zip(ways, between[pair], strict=True)),
            ("data", 1.0, ends[pair]),
        )
    ]
    told = f"Images that {name} decodes on the straight lines between {pairs} pairs of images."
    return Drawn(figure, ["pair", "whose", "way", *pixel_columns(shape)], rows, told)
