"""Pictures for a run's record: reconstructions, prior samples, traversals."""

from collections.abc import Sequence

import torch
from torch import Tensor

from latentsweep.figures.image_model import ImageModel
from latentsweep.figures.tiles import (
    Picture,
    columns_that_fit,
    pixel_limits,
    scaled,
    stack,
    tile,
)
from latentsweep.figures.traversal import traverse

_COLUMNS = 12
_STEPS = 11
_ROW_PAIRS = 4
_PRIOR_ROWS = 8
_TRAVERSAL_ROWS = 16


@torch.no_grad()
def reconstruction_grid(model: ImageModel, images: Tensor) -> Picture:
    """Originals above their reconstructions, at most four such pairs of rows.

    Args:
        model: a model.
        images: (n, channels, height, width), as many shown as fit in whole columns.

    Returns:
        (height, width) or (height, width, 3).
    """
    columns = min(len(images), columns_that_fit(images.shape[-1], _COLUMNS))
    pairs = min(_ROW_PAIRS, len(images) // columns)
    shown = images[: pairs * columns]
    both = torch.stack([shown, model.decode(model.encode(shown)[0])])
    visible = scaled(both, pixel_limits(images))
    rows = visible.reshape(2, pairs, columns, *images.shape[1:]).transpose(0, 1)
    return stack([tile(pair) for pair in rows])


@torch.no_grad()
def prior_grid(model: ImageModel, noise: Tensor) -> Picture:
    """Images drawn from the prior, at most eight rows.

    Args:
        model: a model.
        noise: standard normal numbers, (n, latent).

    Returns:
        (height, width) or (height, width, 3).
    """
    drawn = model.sample(noise)
    columns = min(len(drawn), columns_that_fit(drawn.shape[-1], _COLUMNS))
    rows = min(_PRIOR_ROWS, len(drawn) // columns)
    grid = drawn[: rows * columns].reshape(rows, columns, *drawn.shape[1:])
    return tile(scaled(grid, pixel_limits(drawn)))


def traversal_grid(
    model: ImageModel,
    image: Tensor,
    order: Sequence[int],
    span: float = 3.0,
) -> Picture:
    """One row a latent, each moved from -span to span around one image's posterior mean.

    Args:
        model: a model.
        image: (channels, height, width).
        order: latents from the top down, say by falling KL; the first 16 are shown.
        span: where a latent's journey ends, in units of the prior's standard deviation.

    Returns:
        (height, width) or (height, width, 3).
    """
    steps = columns_that_fit(image.shape[-1], _STEPS)
    rows = traverse(model, image, order[:_TRAVERSAL_ROWS], span, steps)
    return tile(scaled(rows, pixel_limits(image)))
