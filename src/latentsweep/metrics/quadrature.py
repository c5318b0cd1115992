"""log p(x) by Gauss-Hermite quadrature, for models of few latents.

The nodes of each image are laid around the modes of its posterior, with means and covariances that
the quadrature itself gives (Naylor & Smith 1982, Applications of a method for the efficient
computation of posterior distributions). Around the prior instead, nodes would lie too far apart to
see posteriors as narrow as those of images are.
"""

from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor

from latentsweep.metrics.interval import standard_error
from latentsweep.metrics.latent_variable_model import LatentVariableModel
from latentsweep.metrics.posterior_modes import find_modes, images_at_once, log_joint

MOST_LATENTS = 3
# Nodes along each latent: with the first they are laid, with the others two must agree.
RULES = (7, 9, 12, 16, 22, 30, 42, 60, 84, 120)
_LAYINGS = 12  # at most
_MOST_NODES = 2**14  # of a mode
# A part of the covariance that nodes were laid by before, so that one that few of them have seen
# does not collapse.
_KEPT = 0.1
_FAR = 1.0  # deviations


@dataclass(frozen=True)
class QuadratureEstimate:
    """log p(x) of n images, in nats per image.

    Attributes:
        log_likelihood: float64 (n,).
        error: by how much the last two integrations of an image, with other nodes each, have moved
            it, (n,). Of a mode that was not found it knows nothing.
        nodes: along each latent, of the finer one, int64 (n,).
        modes: that the nodes of an image are laid around, int64 (n,).
    """

    log_likelihood: Tensor
    error: Tensor
    nodes: Tensor
    modes: Tensor

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

    More nodes are laid for an image until it moves by no more than the tolerance, or there
    are 16,384 around each mode: 22 along each of three latents, 120 along two or one.

    Args:
        model: with a prior.
        images: (n, channels, height, width).
        tolerance: in nats per image.
        posterior: mean and variance, (n, latent), from which to begin; None: q(z|x).

    Raises:
        ValueError: the model has more than three latents, and so too many nodes.
    """
    mean, variance = posterior if posterior is not None else model.encode(images)
    latents = mean.shape[1]
    if latents > MOST_LATENTS:
        raise ValueError(
            f"quadrature over {latents} latents: expected at most {MOST_LATENTS}, since nodes grow "
            f"as {RULES[0]}^latents; importance weights take any number"
        )
    integral = _Integral(model, images, mean, variance)
    rows = everyone = torch.arange(len(images), device=images.device)
    for _ in range(_LAYINGS):
        if len(rows):
            rows = integral.refine(rows, RULES[0], tolerance)
    rows = everyone
    for nodes in RULES[1:]:
        if nodes**latents <= _MOST_NODES and len(rows):
            rows = integral.refine(rows, nodes, tolerance)
    return QuadratureEstimate(
        integral.value, integral.error, integral.nodes, integral.there.sum(dim=1)
    )


class _Integral:
    """The integrals of all images, and the normal distributions that their nodes are laid by.

    Attributes:
        there: which modes each image has, (n, modes).
        value: log p(x) as far as it is known, (n,).
        error: by how much the last two integrations have changed it, the more of them, (n,).
        nodes: of the last one along each latent, (n,).
    """

    def __init__(
        self, model: LatentVariableModel, images: Tensor, mean: Tensor, variance: Tensor
    ) -> None:
        self._model, self._images = model, images
        self._centre, self.there = find_modes(model, images, mean)
        deviations = torch.diag_embed(variance.double().sqrt())
        modes = self.there.shape[1]
        self._scale = deviations.unsqueeze(1).repeat(1, modes, 1, 1)
        self.value = torch.full((len(images),), torch.inf, dtype=torch.float64, device=mean.device)
        self._change, self.error = self.value.clone(), self.value.clone()
        self.nodes = torch.zeros_like(self.value, dtype=torch.int64)

    def refine(self, rows: Tensor, nodes: int, tolerance: float) -> Tensor:
        """Integrate some images by a rule, and lay the nodes of the next one.

        Returns:
            Those of the rows whose error is above the tolerance.
        """
        whole = torch.full_like(self.there[rows], -torch.inf, dtype=torch.float64)
        centre, scale = self._centre[rows].clone(), self._scale[rows].clone()
        place, mode = self.there[rows].nonzero(as_tuple=True)
        size = max(1, images_at_once(self._images) // nodes ** centre.shape[2])
        for p, m in zip(torch.split(place, size), torch.split(mode, size), strict=True):
            whole[p, m], centre[p, m], scale[p, m] = self._of_modes(rows[p], m, nodes)
        found = whole.logsumexp(dim=1)
        self._centre[rows], self._scale[rows] = centre, scale
        change = (found - self.value[rows]).abs()
        # Two rules may agree by chance.
        self.error[rows] = torch.maximum(change, self._change[rows]).nan_to_num(torch.inf)
        self._change[rows] = change
        self.value[rows], self.nodes[rows] = found, nodes
        return rows[self.error[rows] > tolerance]

    def _of_modes(self, rows: Tensor, mode: Tensor, nodes: int) -> tuple[Tensor, Tensor, Tensor]:
        """Each mode's part of log p(x), (pairs,), and mean and root of covariance of that part.

        The parts of several modes are told apart by the share that each one's normal distribution
        has in the sum of all of them.
        """
        centre, scale = self._centre[rows, mode], self._scale[rows, mode]
        grid, log_weights = _rule(nodes, centre.shape[1], centre)
        z = centre.unsqueeze(1) + grid @ scale.mT  # (pairs, places, latent)
        terms = log_joint(self._model, self._images[rows], z) + log_weights
        terms = terms - self._log_normals(rows, z)
        share = torch.softmax(terms, dim=1).unsqueeze(2)
        mean = (share * z).sum(dim=1)
        away = z - mean.unsqueeze(1)
        before = scale @ scale.mT
        covariance = (1 - _KEPT) * away.mT @ (share * away) + _KEPT * before
        moved = torch.linalg.solve_triangular(scale, (mean - centre).unsqueeze(2), upper=False)
        far = moved.abs().amax(dim=(1, 2)) > _FAR  # it is on its way: no time to look closely
        covariance = torch.where(far[:, None, None], before, covariance)
        root, failed = torch.linalg.cholesky_ex(covariance.nan_to_num(0.0))
        root = torch.where((failed > 0)[:, None, None], scale, root)
        mean = torch.where(mean.isfinite(), mean, centre)
        return torch.logsumexp(terms, dim=1), mean, root

    def _log_normals(self, rows: Tensor, z: Tensor) -> Tensor:
        """Log of the sum of the densities of all normal distributions of an image, at places z."""
        centre, scale, there = self._centre[rows], self._scale[rows], self.there[rows]
        away = (z.unsqueeze(1) - centre.unsqueeze(2)).mT  # (pairs, modes, latent, places)
        units = torch.linalg.solve_triangular(scale, away, upper=False)
        log_volume = scale.diagonal(dim1=2, dim2=3).log().sum(dim=2, keepdim=True)
        density: Tensor = -0.5 * (units**2 + log(2 * pi)).sum(dim=2) - log_volume
        return density.masked_fill(~there.unsqueeze(2), -torch.inf).logsumexp(dim=1)


def _rule(nodes: int, latents: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Places (nodes^latents, latents) and log weights of the rule for a standard normal density."""
    places, weights = np.polynomial.hermite_e.hermegauss(nodes)
    axis = torch.from_numpy(places).to(like.device)
    log_weights = torch.from_numpy(np.log(weights) - 0.5 * log(2 * pi)).to(like.device)
    grid = torch.cartesian_prod(*[axis] * latents).reshape(-1, latents)
    return grid, torch.cartesian_prod(*[log_weights] * latents).reshape(-1, latents).sum(dim=1)
