"""Where the posterior of an image has its modes, for models of few latents."""

import torch
from torch import Tensor
from torch.nn import functional

from latentsweep.metrics.latent_variable_model import LatentVariableModel

MOST_MODES = 3
# A grid over the prior by number of latents, from whose local maxima the search begins.
_POINTS = {1: 65, 2: 25, 3: 9}
_REACH = 3.25  # of the grid, in deviations of the prior
_STEPS = 45
_FASTER, _SLOWER = 1.2, 0.5  # Riedmiller & Braun 1993
_PIXELS_AT_ONCE = 2**20
_SHARING = 32
# Nats below the greatest, and distance from a greater one, that make a mode not worth having.
_NEGLIGIBLE, _SAME = 30.0, 0.02


def find_modes(model: LatentVariableModel, images: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
    """Local maxima of p(x, z) over z: from the best points of a grid, and from the encoder's mean.

    Args:
        model: with a prior.
        images: (n, channels, height, width).
        means: of q(z|x), (n, latent), at most three latents.

    Returns:
        Places (n, 3, latent) in float64, the greatest first, and which of them are there, bool
        (n, 3).
    """
    starts = torch.cat([_of_a_grid(model, images, means.shape[1]), means.unsqueeze(1)], dim=1)
    places, values = _climbed(model, images, starts.to(images.dtype))
    order = values.argsort(dim=1, descending=True)
    places = places.gather(1, order.unsqueeze(2).expand_as(places)).double()
    values = values.gather(1, order)
    there = values > values[:, :1] - _NEGLIGIBLE
    for later in range(1, places.shape[1]):
        away = (places[:, :later] - places[:, later : later + 1]).abs().amax(dim=2)
        there[:, later] &= ~((away < _SAME) & there[:, :later]).any(dim=1)
    return places, there


def log_joint(model: LatentVariableModel, images: Tensor, z: Tensor) -> Tensor:
    """Log p(x, z) at places z (n, places, latent) of each image: float64 (n, places) nats."""
    places_first = z.transpose(0, 1).to(images.dtype)
    parts = [
        model.log_likelihood(images, part).double() + model.log_prior(part).double()
        for part in torch.split(places_first, max(1, images_at_once(images) // len(images)))
    ]
    return torch.cat(parts).T


def images_at_once(images: Tensor) -> int:
    """How many images are decoded beside each other: as many as a processor keeps at hand."""
    return max(64, _PIXELS_AT_ONCE // images[0].numel())


@torch.no_grad()
def _of_a_grid(model: LatentVariableModel, images: Tensor, latents: int) -> Tensor:
    """The greatest local maxima of a grid, (n, 2, latent); of fewer the greatest again."""
    points = _POINTS[latents]
    axis = torch.linspace(-_REACH, _REACH, points, device=images.device)
    grid = torch.cartesian_prod(*[axis] * latents).reshape(-1, latents)
    found = []
    for some in torch.split(images, _SHARING):  # which a decoded point is held against
        values = _over_grid(model, some, grid)
        shape = (len(some), 1, *[points] * latents)
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[latents - 1]
        around = pool(values.reshape(shape), 3, stride=1, padding=1).reshape(len(some), -1)
        peaks = values.masked_fill(values < around, -torch.inf)
        best = peaks.topk(MOST_MODES - 1, dim=1)
        places = torch.where(best.values.isfinite(), best.indices, best.indices[:, :1])
        found.append(grid[places])
    return torch.cat(found)


def _over_grid(model: LatentVariableModel, images: Tensor, grid: Tensor) -> Tensor:
    """Log p(x, z) of each image at each point, (n, points)."""
    beside = images.unsqueeze(1)
    at_once = max(1, images_at_once(images) // len(images))
    parts = [
        model.log_likelihood(beside, part) + model.log_prior(part)
        for part in torch.split(grid.to(images.dtype), at_once)
    ]
    return torch.cat(parts, dim=1)


def _climbed(model: LatentVariableModel, images: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Where the ascent from each start ends, and log p(x, z) there, (n, starts)."""
    z = starts.clone()
    best, height = z.clone(), torch.full(z.shape[:2], -torch.inf, device=z.device)
    step = torch.full_like(z, _REACH / _POINTS[z.shape[2]])
    before = torch.zeros_like(z)
    for _ in range(_STEPS):
        with torch.enable_grad():
            there = z.detach().requires_grad_()
            values = log_joint(model, images, there)
            (slope,) = torch.autograd.grad(values.sum(), there)
        higher = values.detach() > height
        best, height = (
            torch.where(higher.unsqueeze(2), z, best),
            torch.where(higher, values.detach().to(height), height),
        )
        agrees = slope * before
        step = torch.where(
            agrees > 0, step * _FASTER, torch.where(agrees < 0, step * _SLOWER, step)
        )
        before = torch.where(agrees < 0, torch.zeros_like(slope), slope)
        z = z + before.sign() * step
    return best, height
