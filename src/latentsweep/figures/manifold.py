"""All that a model of two latents can draw, on one sheet."""

from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from latentsweep.figures.drawn import Drawn
from latentsweep.figures.image_model import ImageModel
from latentsweep.figures.image_panel import image_sheet, show_images
from latentsweep.figures.pixels import pixel_cells, pixel_columns
from latentsweep.figures.style import minus, style_axes
from latentsweep.figures.tiles import pixel_limits, scaled

_TICKS = 5


@torch.no_grad()
def manifold(model: ImageModel, images: Tensor, *, name: str = "model", steps: int = 15) -> Drawn:
    """Mean images at the prior's quantiles: each stands for as much of the prior as the others.

    The table has a row for each image: its two latents, the pixels.

    Args:
        model: a model of two latents with a standard normal prior.
        images: some of the data, which set black and white, (n, channels, height, width).
        name: the model's.
        steps: images along each latent.

    Raises:
        ValueError: the model has not two latents.
    """
    mean = model.encode(images[:1])[0]
    if mean.shape[1] != 2:
        raise ValueError(f"a manifold is drawn of 2 latents, and this model has {mean.shape[1]}")
    values = [NormalDist().inv_cdf((step + 0.5) / steps) for step in range(steps)]
    # The first row is the top one, so z1 falls from row to row.
    codes = [(left, up) for up in reversed(values) for left in values]
    drawn = model.decode(torch.tensor(codes, dtype=mean.dtype, device=mean.device))
    shape = images.shape[1:]
    figure = image_sheet(steps, steps, shape[-2] / shape[-1], names=0.75)
    axes = figure.add_subplot()
    grid = scaled(drawn, pixel_limits(images)).reshape(steps, steps, *shape)
    show_images(axes, grid, (-0.5, steps - 0.5), (steps - 0.5, -0.5))
    ticks = np.unique(np.linspace(0, steps - 1, min(_TICKS, steps)).round().astype(int))
    names = [minus(f"{values[tick]:.2f}") for tick in ticks]
    axes.set_xticks(ticks, names)
    axes.set_yticks(ticks, names)
    title = f"{name}: decoded at equal steps of the prior's probability"
    style_axes(axes, title=title, x="z0", y="z1")
    rows = [[*code, *pixel_cells(image)] for code, image in zip(codes, drawn, strict=True)]
    told = f"Images that {name} decodes all over the plane of its two latents."
    return Drawn(figure, ["z0", "z1", *pixel_columns(shape)], rows, told)
