"""The beta-TCVAE (Chen, Li, Grosse & Duvenaud 2018)."""

from math import log, pi
from typing import Unpack

import torch
from torch import Tensor

from latentsweep.config.model import BetaTCVAEConfig
from latentsweep.models.ae import Parts
from latentsweep.models.coupled_vae import CoupledVAE
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WholeBatch


class BetaTCVAE(CoupledVAE):
    """A VAE whose total correlation is weighted, and no other part of its KL.

    The paper's alpha and gamma are 1, as in disentanglement_lib, so that the loss is
    -log_likelihood + KL + (beta - 1) * TC, and beta 1 is a VAE.

    Args:
        total_correlation_weight: beta.
        prior: p(z).
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self, *, total_correlation_weight: float, prior: StandardNormal, **parts: Unpack[Parts]
    ) -> None:
        super().__init__(prior=prior, **parts)
        self.total_correlation_weight = total_correlation_weight

    def penalty(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """(beta - 1) * TC of the whole batch."""
        z, mean, log_variance = (
            whole.rows(given(field)) for field in (terms.z, terms.mean, terms.log_variance)
        )
        return (self.total_correlation_weight - 1) * total_correlation(z, mean, log_variance)


def total_correlation(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z) || prod_j q(z_j)) by minibatch-weighted sampling (Chen et al. 2018, appendix C.1).

    q(z) is the mixture of the batch's posteriors, with weights 1/M. The paper's are 1/(N M), N
    images in the data set, which adds (latents - 1) * log N: a constant without a gradient, left
    out here, as disentanglement_lib leaves out M, too.

    Args:
        z: one sample of each posterior, (batch, latent).
        mean: of the posteriors, (batch, latent).
        log_variance: of the posteriors, (batch, latent).

    Returns:
        A scalar, in nats; it takes memory for (batch, batch, latent).
    """
    squared = (z[:, None] - mean) ** 2 * torch.exp(-log_variance)
    log_q = -0.5 * (squared + log_variance + log(2 * pi))  # [i, j, l]: of z_il under posterior j
    joint = log_q.sum(dim=2).logsumexp(dim=1) - log(len(z))
    product = (log_q.logsumexp(dim=1) - log(len(z))).sum(dim=1)
    return (joint - product).mean()


def build(config: BetaTCVAEConfig, parts: Parts) -> BetaTCVAE:
    """The model of `conf/model/beta_tcvae.yaml`."""
    return BetaTCVAE(total_correlation_weight=config.beta, prior=StandardNormal(), **parts)
