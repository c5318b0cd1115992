"""The DIP-VAE-II (Kumar, Sattigeri & Balakrishnan 2018)."""

import torch
from torch import Tensor

from latentsweep.config.model import DIPVAEIIConfig
from latentsweep.models.ae import Parts
from latentsweep.models.dip_vae_i import DIPVAEI
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WholeBatch


class DIPVAEII(DIPVAEI):
    """A DIP-VAE that holds the covariance of its latents to be the identity (equation 7)."""

    def covariance(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """That of the means and the mean of the posteriors' own, (latent, latent)."""
        variance = whole.mean(torch.exp(given(terms.log_variance)))
        return super().covariance(terms, whole) + torch.diag_embed(variance)


def build(config: DIPVAEIIConfig, parts: Parts) -> DIPVAEII:
    """The model of `conf/model/dip_vae_ii.yaml`."""
    return DIPVAEII(
        lambda_off_diagonal=config.lambda_off_diagonal,
        lambda_diagonal=config.lambda_diagonal,
        prior=StandardNormal(),
        **parts,
    )
