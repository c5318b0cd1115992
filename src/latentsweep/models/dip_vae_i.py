"""The DIP-VAE-I (Kumar, Sattigeri & Balakrishnan 2018)."""

from typing import Unpack

from torch import Tensor

from latentsweep.config.model import DIPVAEIConfig
from latentsweep.models.ae import Parts
from latentsweep.models.coupled_vae import CoupledVAE
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WholeBatch


class DIPVAEI(CoupledVAE):
    """A VAE that holds the covariance of its posterior means to be the identity (equation 6).

    Args:
        lambda_off_diagonal: weight of the squared covariances of different latents.
        lambda_diagonal: weight of the squared differences of the variances from 1.
        prior: p(z).
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self,
        *,
        lambda_off_diagonal: float,
        lambda_diagonal: float,
        prior: StandardNormal,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(prior=prior, **parts)
        self.lambda_off_diagonal = lambda_off_diagonal
        self.lambda_diagonal = lambda_diagonal

    def covariance(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """The covariance that is held to be the identity, (latent, latent)."""
        return covariance(whole.rows(given(terms.mean)))

    def penalty(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """Weighted squared differences of the covariance from the identity: a scalar."""
        found = self.covariance(terms, whole)
        diagonal = found.diagonal()
        off_diagonal = (found**2).sum() - (diagonal**2).sum()
        unequal = ((diagonal - 1) ** 2).sum()
        return self.lambda_off_diagonal * off_diagonal + self.lambda_diagonal * unequal


def covariance(rows: Tensor) -> Tensor:
    """Of rows (batch, latent), with the number of rows below the line: (latent, latent)."""
    centred = rows - rows.mean(dim=0)
    # No matrix product, which bfloat16 training would round.
    return (centred[:, :, None] * centred[:, None, :]).mean(dim=0)


def build(config: DIPVAEIConfig, parts: Parts) -> DIPVAEI:
    """The model of `conf/model/dip_vae_i.yaml`."""
    return DIPVAEI(
        lambda_off_diagonal=config.lambda_off_diagonal,
        lambda_diagonal=config.lambda_diagonal,
        prior=StandardNormal(),
        **parts,
    )
