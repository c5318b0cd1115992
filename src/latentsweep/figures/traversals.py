"""What each latent does to an image, the one that carries most on top."""

import numpy as np
import torch
from torch import Tensor

from latentsweep.figures.drawn import Drawn
from latentsweep.figures.image_model import ImageModel
from latentsweep.figures.image_panel import image_sheet, show_images
from latentsweep.figures.latents import MOST_LATENTS, falling, latent_name, out_of
from latentsweep.figures.pixels import pixel_cells, pixel_columns
from latentsweep.figures.style import style_axes
from latentsweep.figures.tiles import pixel_limits, scaled
from latentsweep.figures.traversal import traverse


def traversals(
    model: ImageModel,
    image: Tensor,
    importance: Tensor,
    *,
    name: str = "model",
    start: str = "an image",
    has_prior: bool = True,
    span: float = 3.0,
    steps: int = 13,
) -> Drawn:
    """One row a latent, moved from -span to span about an image's posterior mean.

    The table has a row for each image: latent, its importance, its value, the pixels.

    Args:
        model: a model.
        image: (channels, height, width).
        importance: (latent,); the 16 with the most are shown. Each latent's mean KL in nats per
            image; without a prior, the variance of its codes.
        name: the model's.
        start: what the image is called.
        has_prior: whether the model has a prior, and so a KL.
        span: where a latent's journey ends, in units of the prior's standard deviation.
        steps: images of each latent, two at least.
    """
    carried = importance.tolist()
    order = falling(carried)[:MOST_LATENTS]
    moved = traverse(model, image, order, span, steps)
    values = torch.linspace(-span, span, steps, dtype=torch.float64).tolist()
    figure = image_sheet(len(order), steps, image.shape[-2] / image.shape[-1])
    axes = figure.add_subplot()
    half = span / (steps - 1)
    shown = scaled(moved, pixel_limits(image))
    show_images(axes, shown, (-span - half, span + half), (0, len(order)))
    axes.set_xticks(np.arange(np.ceil(-span), np.floor(span) + 1))
    names = [latent_name(latent, carried[latent], has_prior=has_prior) for latent in order]
    axes.set_yticks(np.arange(len(order)) + 0.5, names)
    by = "KL" if has_prior else "variance"
    title = f"{name}: one latent moved at a time from the code of {start}, by falling {by}"
    title += out_of(len(order), len(carried))
    style_axes(axes, title=title, x="value of the latent")
    columns = ["latent", by.lower(), "value", *pixel_columns(image.shape)]
    rows = [
        [latent, carried[latent], value, *pixel_cells(moved[row, step])]
        for row, latent in enumerate(order)
        for step, value in enumerate(values)
    ]
    told = (
        f"Images as {len(order)} latents of {name} are moved one by one from the code of {start}."
    )
    return Drawn(figure, columns, rows, told)
