"""One picture that shows what a model has learned."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentsweep.figures.image_model import ImageModel
from latentsweep.figures.latents import falling, latent_name
from latentsweep.figures.style import DOTS_PER_INCH, INK, LABEL, NOTE, TITLE
from latentsweep.figures.tiles import pixel_limits, scaled, tile
from latentsweep.figures.traversal import traverse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Sizes in pixels of the saved picture.
_WIDTH = 900
_MARGIN = 14
_HEADING = 26
_TITLE = 40
_NAMES = 52
_LATENT_NAMES = 92

_IMAGES = 16
_SIDE = 8
_STEPS = 9


@torch.no_grad()
def overview(
    model: ImageModel,
    images: Tensor,
    noise: Tensor,
    importance: Tensor,
    title: str,
    *,
    has_prior: bool = True,
) -> "Figure":
    """Originals and reconstructions above prior samples and traversals, 900 pixels wide.

    Args:
        model: a model.
        images: (n, channels, height, width); the first 16 are reconstructed, the first traversed.
        noise: standard normal numbers, (n, latent), n >= 64; the first 64 are shown.
        importance: (latent,); the 8 latents with the most are traversed. Each latent's mean KL in
            nats per image; without a prior, the variance of its codes.
        title: one line above everything.
        has_prior: whether the model has a prior, and so a KL.
    """
    limits = pixel_limits(images)
    shown = images[:_IMAGES]
    latents = falling(importance.tolist())[:_SIDE]
    pair = scaled(torch.stack([shown, model.decode(model.encode(shown)[0])]), limits)
    drawn = scaled(model.sample(noise[: _SIDE**2]), limits)
    drawn = drawn.reshape(_SIDE, _SIDE, *images.shape[1:])
    moved = scaled(traverse(model, images[0], latents, 3.0, _STEPS), limits)

    tallness = images.shape[-2] / images.shape[-1]
    pair_width: float = _WIDTH - _NAMES - _MARGIN
    if len(shown) < _IMAGES:  # few images are not blown up
        pair_width *= len(shown) / _IMAGES
    pair_height = tallness * pair_width * 2 / len(shown)
    cell = (_WIDTH - 3 * _MARGIN - _LATENT_NAMES) / (_SIDE + _STEPS)
    lower = _TITLE + _HEADING + pair_height + _HEADING + _MARGIN / 2
    figure = _blank(lower + tallness * cell * _SIDE + _MARGIN, title)

    heading = "Images, and their reconstructions"
    axes = _panel(figure, (_NAMES, _TITLE + _HEADING), (pair_width, pair_height), heading, pair)
    _name_rows(axes, ["data", "model"])
    size = (_SIDE * cell, tallness * cell * _SIDE)
    heading = "Drawn from the prior" if has_prior else "Decoded from normal noise"
    _panel(figure, (_MARGIN, lower), size, heading, drawn)
    corner = (2 * _MARGIN + _SIDE * cell + _LATENT_NAMES, lower)
    size = (_STEPS * cell, tallness * cell * len(latents))
    axes = _panel(figure, corner, size, "One latent moved from -3 to 3", moved)
    names = [
        latent_name(latent, float(importance[latent]), has_prior=has_prior) for latent in latents
    ]
    _name_rows(axes, names)
    return figure


def _blank(height: float, title: str) -> "Figure":
    from matplotlib.figure import Figure

    size = (_WIDTH / DOTS_PER_INCH, round(height) / DOTS_PER_INCH)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor="white")
    top = 1 - _MARGIN / height
    x = _MARGIN / _WIDTH
    figure.text(x, top, title, va="top", fontsize=TITLE, fontweight="bold", color=INK)
    return figure


def _panel(
    figure: "Figure",
    corner: tuple[float, float],
    size: tuple[float, float],
    heading: str,
    images: Tensor,
) -> "Axes":
    """Draw (rows, columns, channels, height, width) in [0, 1], `corner` counted from top left."""
    _, whole = figure.get_size_inches() * DOTS_PER_INCH
    left, bottom = corner[0] / _WIDTH, 1 - (corner[1] + size[1]) / whole
    axes = figure.add_axes((left, bottom, size[0] / _WIDTH, size[1] / whole))
    rows = len(images)
    # Rows are numbered from the top, so that their names stand at half past each.
    extent = (0, 1, rows, 0)
    axes.imshow(tile(images), cmap="gray", vmin=0, vmax=255, aspect="auto", extent=extent)
    axes.set_title(heading, loc="left", fontsize=LABEL, color=INK)
    axes.set_axis_off()
    return axes


def _name_rows(axes: "Axes", names: list[str]) -> None:
    for row, name in enumerate(names):
        axes.annotate(
            name,
            (0, row + 0.5),
            xytext=(-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=NOTE,
            color=INK,
        )
