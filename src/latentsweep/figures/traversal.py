"""What each latent does to one image."""

from collections.abc import Sequence

import torch
from torch import Tensor

from latentsweep.figures.image_model import ImageModel


@torch.no_grad()
def traverse(
    model: ImageModel, image: Tensor, latents: Sequence[int], span: float, steps: int
) -> Tensor:
    """Mean images as one latent after the other takes the place of its posterior mean.

    Args:
        model: a model.
        image: the image whose posterior mean is moved, (channels, height, width).
        latents: which latents to move, one a row.
        span: a latent goes from -span to span, in units of the prior's standard deviation.
        steps: values of each latent.

    Returns:
        (len(latents), steps, channels, height, width).
    """
    mean = model.encode(image[None])[0]
    values = torch.linspace(-span, span, steps, dtype=mean.dtype, device=mean.device)
    z = mean.repeat(len(latents), steps, 1)
    for row, latent in enumerate(latents):
        z[row, :, latent] = values
    moved = model.decode(z.flatten(0, 1))
    return moved.reshape(len(latents), steps, *image.shape)
