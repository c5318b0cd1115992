"""The InfoVAE with the maximum mean discrepancy (Zhao, Song & Ermon 2019)."""

from typing import Unpack

import torch
from torch import Tensor

from latentsweep.config.model import InfoVAEConfig
from latentsweep.models.ae import Parts
from latentsweep.models.coupled_vae import CoupledVAE
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WholeBatch


class InfoVAE(CoupledVAE):
    """A VAE that pulls its codes of all images together towards the prior, and each one less.

    The loss is -log_likelihood + (1 - alpha) * KL + mmd_weight * MMD^2(q(z), p(z)), where the
    paper's lambda is mmd_weight + 1 - alpha. The prior's draws are noise.

    Args:
        alpha: share of the KL that is left out.
        mmd_weight: weight of the squared discrepancy.
        prior: p(z).
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self, *, alpha: float, mmd_weight: float, prior: StandardNormal, **parts: Unpack[Parts]
    ) -> None:
        super().__init__(prior=prior, **parts)
        self.beta = 1 - alpha
        self.mmd_weight = mmd_weight

    @property
    def noise_size(self) -> int:
        """For the posterior's sample and for a draw from the prior."""
        return 2 * self.latent_size

    def penalty(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """The weighted squared discrepancy of the whole batch."""
        draws = self.prior.sample(given(terms.draws))
        discrepancy = squared_mmd(whole.rows(given(terms.z)), whole.rows(draws))
        return self.mmd_weight * discrepancy


def squared_mmd(one: Tensor, other: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of two samples, each (batch, latent): a scalar.

    The kernel is exp(-|a - b|^2 / (2 * latents)): two draws from a standard normal prior are
    2 * latents apart in the mean, squared. Means are over all pairs, a row's with itself among
    them, as in the authors' code: this estimate (Gretton et al. 2012) is never negative, and above
    0 by the order of 2 / batch where the distributions agree. It takes memory for
    (batch, batch, latent).
    """
    return _kernel(one, one) + _kernel(other, other) - 2 * _kernel(one, other)


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    """The kernel's mean over all pairs."""
    squared = ((one[:, None] - other) ** 2).sum(dim=2)
    return torch.exp(-squared / (2 * one.shape[1])).mean()


def build(config: InfoVAEConfig, parts: Parts) -> InfoVAE:
    """The model of `conf/model/info_vae.yaml`."""
    prior = StandardNormal()
    return InfoVAE(alpha=config.alpha, mmd_weight=config.mmd_weight, prior=prior, **parts)
