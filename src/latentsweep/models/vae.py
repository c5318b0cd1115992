"""The variational autoencoder (Kingma & Welling 2014)."""

from typing import Unpack

from torch import Tensor

from latentsweep.config.model import VAEConfig
from latentsweep.models.ae import AE, Parts, at_least_float32
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms
from latentsweep.models.whole_batch import WHOLE, WholeBatch


class VAE(AE):
    """An autoencoder whose codes are distributions, pulled towards a prior.

    Attributes:
        beta: KL weight at full strength.

    Args:
        prior: p(z).
        free_bits: nats per latent and image below which the KL term does not press.
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    has_prior = True
    beta = 1.0

    def __init__(
        self, *, prior: StandardNormal, free_bits: float = 0.0, **parts: Unpack[Parts]
    ) -> None:
        super().__init__(**parts)
        self.prior = prior
        self.free_bits = free_bits

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x) of images (batch, channels, height, width)."""
        mean, log_variance = at_least_float32(self.encoder(x)).chunk(2, dim=-1)
        return DiagonalGaussian(mean, log_variance)

    def sample(self, noise: Tensor) -> Tensor:
        """Mean images of draws from the prior, made from standard normal noise (n, latent)."""
        return self.decode(self.prior.sample(noise))

    def log_prior(self, z: Tensor) -> Tensor:
        """Log p(z) of latents (..., latent): (...) nats."""
        return self.prior.log_density(z)

    def terms_of(self, posterior: DiagonalGaussian, x: Tensor, noise: Tensor) -> Terms:
        """`terms`, where the posterior is known."""
        return self.terms_at(posterior, x, posterior.sample(noise))

    def terms_at(self, posterior: DiagonalGaussian, x: Tensor, z: Tensor) -> Terms:
        """`terms`, where the posterior's sample is known, too: z (batch, latent)."""
        output = at_least_float32(self.decoder(z))
        return Terms(self.likelihood.log_prob(output, x), self.prior.kl(posterior))

    def loss(self, terms: Terms, pressure: Pressure, whole: WholeBatch = WHOLE) -> Tensor:
        """The objective to be made small: a scalar, nats per image.

        It is -log_likelihood + weight * beta * R, with the rate R = sum_j max(free_bits, KL_j) and
        KL_j the batch mean of latent j's KL (Kingma et al. 2016); under a capacity C,
        |R - C| stands in the place of R (Burgess et al. 2018). Free bits act first: the
        rate that is held against the capacity is the one with the floors. Both bend the batch's
        mean KL, so there the mean of two half batches' losses is not the whole batch's loss.

        Args:
            terms: of a batch.
            pressure: how hard the KL term presses.
            whole: the batch of which `terms` may be a part only.
        """
        rate = whole.mean(terms.kl).clamp(min=self.free_bits).sum()
        if pressure.capacity is not None:
            rate = (rate - pressure.capacity).abs()
        return -terms.log_likelihood.mean() + pressure.weight * self.beta * rate


def build(config: VAEConfig, parts: Parts) -> VAE:
    """The model of `conf/model/vae.yaml`."""
    return VAE(prior=StandardNormal(), free_bits=config.free_bits, **parts)
