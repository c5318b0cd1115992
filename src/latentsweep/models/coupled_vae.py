"""What the VAEs share whose loss couples the images of a batch."""

from torch import Tensor

from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.terms import Terms
from latentsweep.models.vae import VAE
from latentsweep.models.whole_batch import WHOLE, WholeBatch


class CoupledVAE(VAE):
    """A VAE with a penalty on the distribution of its codes over a whole batch.

    The penalty is an estimate that depends on the size of the batch. What a schedule's weight
    multiplies is all that is not the log likelihood.
    """

    couples_images = True

    def terms_of(self, posterior: DiagonalGaussian, x: Tensor, noise: Tensor) -> Terms:
        """`terms`, where the posterior is known; with the codes, for the penalty."""
        own, draws = noise[:, : self.latent_size], noise[:, self.latent_size :]
        z = posterior.sample(own)
        log_likelihood, kl = self.terms_at(posterior, x, z)[:2]
        return Terms(
            log_likelihood,
            kl,
            mean=posterior.mean,
            log_variance=posterior.log_variance,
            z=z,
            draws=draws if self.noise_size > self.latent_size else None,
        )

    def penalty(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """What is added to the weighted KL: a scalar, nats per image."""
        raise NotImplementedError

    def loss(self, terms: Terms, pressure: Pressure, whole: WholeBatch = WHOLE) -> Tensor:
        """A VAE's, and the penalty: a scalar, nats per image."""
        return super().loss(terms, pressure, whole) + pressure.weight * self.penalty(terms, whole)
