"""The two halves of the evidence lower bound, before any weight is put on them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Terms(NamedTuple):
    """What one noise sample says of each image of a batch, in nats per image.

    Models whose loss takes more than the bound's halves give what it takes.

    Attributes:
        log_likelihood: log p(x|z), summed over pixels, (batch,).
        kl: KL(q(z_j|x) || p(z_j)) of each latent, (batch, latent).
        mean: of q(z|x), (batch, latent).
        log_variance: of q(z|x), (batch, latent).
        z: the sample of q(z|x), (batch, latent).
        draws: standard normal numbers that nothing else was made of, (batch, latent).
        log_weights: log p(x|z) p(z) / q(z|x) of several samples, (batch, samples).
    """

    log_likelihood: Tensor
    kl: Tensor
    mean: Tensor | None = None
    log_variance: Tensor | None = None
    z: Tensor | None = None
    draws: Tensor | None = None
    log_weights: Tensor | None = None

    @property
    def elbo(self) -> Tensor:
        """The evidence lower bound, always at KL weight 1, (batch,)."""
        return self.log_likelihood - self.kl.sum(dim=-1)

    def map(self, change: Callable[[Tensor], Tensor]) -> "Terms":
        """These, with every tensor changed."""
        return Terms(**{name: change(field) for name, field in self._present().items()})

    def rows(self, rows: slice) -> "Terms":
        """Those of some of the images."""
        return self.map(lambda field: field[rows])

    @classmethod
    def joined(cls, parts: Sequence["Terms"]) -> "Terms":
        """The terms of one batch after the other, as those of one."""
        return cls(
            **{
                name: torch.cat([getattr(part, name) for part in parts])
                for name in parts[0]._present()
            }
        )

    def _present(self) -> dict[str, Tensor]:
        """Those that the model gives, by name."""
        return {name: field for name, field in self._asdict().items() if field is not None}


def given(field: Tensor | None) -> Tensor:
    """A field that the model at hand gives."""
    assert field is not None
    return field
