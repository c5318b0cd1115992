"""The two halves of the evidence lower bound, before any weight is put on them."""

from typing import NamedTuple

from torch import Tensor


class Terms(NamedTuple):
    """What one noise sample says of each image of a batch, in nats per image.

    Attributes:
        log_likelihood: log p(x|z), summed over pixels, (batch,).
        kl: KL(q(z_j|x) || p(z_j)) of each latent, (batch, latent).
    """

    log_likelihood: Tensor
    kl: Tensor

    @property
    def elbo(self) -> Tensor:
        """The evidence lower bound, always at KL weight 1, (batch,)."""
        return self.log_likelihood - self.kl.sum(dim=-1)
