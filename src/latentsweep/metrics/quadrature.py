"""log p(x) by Gauss-Hermite quadrature, for models of few latents.

The nodes of each image are laid around its posterior, whose mean and covariance the quadrature
itself gives (Naylor & Smith 1982, Applications of a method for the efficient computation of
posterior distributions). Around the prior instead, nodes would lie too far apart to see posteriors
as narrow as those of images are.
"""

from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor

from latentsweep.metrics.interval import standard_error
from latentsweep.metrics.latent_variable_model import LatentVariableModel

MOST_LATENTS = 3
# Nodes along each latent: with the first they are laid, with the others two must agree.
_RULES = (7, 9, 12, 16, 22, 30, 42, 60, 84, 120)
_LAYINGS = 12  # at most
_MOST_NODES = 2**14  # of an image
_PIXELS_AT_ONCE = 2**20  # what a processor keeps at hand
# A part of the posterior that was laid around before, so that a covariance that few nodes have
# seen does not collapse.
_KEPT = 0.1


@dataclass(frozen=True)
class QuadratureEstimate:
    """log p(x) of n images, in nats per image.

    Attributes:
        log_likelihood: float64 (n,).
        error: how far the last two rules of an image are apart, (n,): an estimate of the error of
            the coarser one.
        nodes: along each latent, of the finer one, int64 (n,).
    """

    log_likelihood: Tensor
    error: Tensor
    nodes: Tensor

    @property
    def nll(self) -> float:
        """Negative log likelihood, mean over the images."""
        return -float(self.log_likelihood.mean())

    @property
    def mean_error(self) -> float:
        """The mean of the errors: that of `nll` if all were on one side."""
        return float(self.error.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of `nll` over images."""
        return standard_error(self.log_likelihood)


@torch.no_grad()
def quadrature(
    model: LatentVariableModel,
    images: Tensor,
    tolerance: float = 0.01,
    posterior: tuple[Tensor, Tensor] | None = None,
) -> QuadratureEstimate:
    """Log p(x) = log of the integral of p(x|z) p(z) over z, of each image.

    More nodes are laid for an image until two rules differ by no more than the tolerance, or there
    are 16,384: 22 along each of three latents, 120 along two or one.

    Args:
        model: with a prior.
        images: (n, channels, height, width).
        tolerance: in nats per image.
        posterior: mean and variance, (n, latent), around which to begin; None: q(z|x).

    Raises:
        ValueError: the model has more than three latents, and so too many nodes.
    """
    mean, variance = posterior if posterior is not None else model.encode(images)
    latents = mean.shape[1]
    if latents > MOST_LATENTS:
        raise ValueError(
            f"quadrature over {latents} latents: {_RULES[0]}^{latents} nodes an image are too many"
        )
    centre, scale = mean.double().clone(), torch.diag_embed(variance.double().sqrt())
    value = torch.full((len(images),), torch.inf, dtype=torch.float64, device=images.device)
    change = value.clone()
    used = torch.zeros_like(value, dtype=torch.int64)
    everyone = torch.arange(len(images), device=images.device)

    def integrate(rows: Tensor, nodes: int) -> Tensor:
        """Integrate anew, and give the rows in which that still changed something."""
        found, centre[rows], scale[rows] = _integral(
            model, images[rows], nodes, centre[rows], scale[rows]
        )
        change[rows] = (found - value[rows]).abs()
        value[rows], used[rows] = found, nodes
        return rows[change[rows] > tolerance]

    rows = everyone
    for _ in range(_LAYINGS):
        if len(rows):
            rows = integrate(rows, _RULES[0])
    rows = everyone
    for nodes in _RULES[1:]:
        if nodes**latents > _MOST_NODES or not len(rows):
            break
        rows = integrate(rows, nodes)
    return QuadratureEstimate(value, change, used)


def _rule(nodes: int, latents: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Places (nodes^latents, latents) and log weights of the rule for a standard normal density."""
    places, weights = np.polynomial.hermite_e.hermegauss(nodes)
    axis = torch.from_numpy(places).to(like.device)
    log_weights = torch.from_numpy(np.log(weights) - 0.5 * log(2 * pi)).to(like.device)
    grid = torch.cartesian_prod(*[axis] * latents).reshape(-1, latents)
    return grid, torch.cartesian_prod(*[log_weights] * latents).reshape(-1, latents).sum(dim=1)


def _terms(
    model: LatentVariableModel, images: Tensor, nodes: int, centre: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """The logarithms that the integral sums, (n, nodes^latents), and their places in z."""
    grid, log_weights = _rule(nodes, centre.shape[1], centre)
    z = centre.unsqueeze(1) + grid @ scale.mT  # (n, places, latent)
    # The density of the normal distribution that the rule integrates over.
    log_volume = scale.diagonal(dim1=1, dim2=2).log().sum(dim=1, keepdim=True)
    log_normal = -0.5 * (grid**2 + log(2 * pi)).sum(dim=1) - log_volume
    return _log_joint(model, images, z) - log_normal + log_weights, z


def _log_joint(model: LatentVariableModel, images: Tensor, z: Tensor) -> Tensor:
    """Log p(x, z) at places z (n, places, latent) of each image: (n, places)."""
    places_first = z.transpose(0, 1).to(images.dtype)
    at_once = max(1, _at_once(images) // len(images))
    parts = [
        model.log_likelihood(images, part).double() + model.log_prior(part).double()
        for part in torch.split(places_first, at_once)
    ]
    return torch.cat(parts).T


def _integral(
    model: LatentVariableModel, images: Tensor, nodes: int, centre: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Log p(x) by one rule, (n,), and how to lay the next one's nodes.

    That is the mean of the posterior p(z|x) and a root of its covariance, as the rule gives them.
    """
    values, centres, scales = [], [], []
    for part in _parts(images, nodes, centre, scale):
        terms, z = _terms(model, *part)
        values.append(torch.logsumexp(terms, dim=1))
        share = torch.softmax(terms, dim=1).unsqueeze(2)
        mean = (share * z).sum(dim=1)
        away = z - mean.unsqueeze(1)
        covariance = away.mT @ (share * away)
        before = part[3] @ part[3].mT
        centres.append(mean)
        scales.append(torch.linalg.cholesky((1 - _KEPT) * covariance + _KEPT * before))
    return torch.cat(values), torch.cat(centres), torch.cat(scales)


def _at_once(images: Tensor) -> int:
    """How many images are decoded beside each other."""
    return max(64, _PIXELS_AT_ONCE // images[0].numel())


def _parts(
    images: Tensor, nodes: int, centre: Tensor, scale: Tensor
) -> list[tuple[Tensor, int, Tensor, Tensor]]:
    """The arguments in parts whose images fit beside each other."""
    size = max(1, _at_once(images) // nodes ** centre.shape[1])
    return [
        (
            images[start : start + size],
            nodes,
            centre[start : start + size],
            scale[start : start + size],
        )
        for start in range(0, len(images), size)
    ]
