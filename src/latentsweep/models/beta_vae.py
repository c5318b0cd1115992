"""The beta-VAE (Higgins et al. 2017)."""

from typing import Unpack

from latentsweep.config.model import BetaVAEConfig
from latentsweep.models.ae import Parts
from latentsweep.models.prior import StandardNormal
from latentsweep.models.vae import VAE


class BetaVAE(VAE):
    """A VAE with its KL term weighted.

    Args:
        beta: KL weight at full strength.
        prior: p(z).
        free_bits: nats per latent and image below which the KL term does not press.
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self,
        *,
        beta: float,
        prior: StandardNormal,
        free_bits: float = 0.0,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(prior=prior, free_bits=free_bits, **parts)
        self.beta = beta


def build(config: BetaVAEConfig, parts: Parts) -> BetaVAE:
    """The model of `conf/model/beta_vae.yaml`."""
    prior = StandardNormal()
    return BetaVAE(beta=config.beta, prior=prior, free_bits=config.free_bits, **parts)
