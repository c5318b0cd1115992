"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2016)."""

from math import log, pi
from typing import Unpack

from torch import Tensor

from latentsweep.config.model import IWAEConfig
from latentsweep.models.ae import Parts, at_least_float32
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.vae import VAE
from latentsweep.models.whole_batch import WHOLE, WholeBatch


class IWAE(VAE):
    """A VAE that is trained on the bound of several samples of an image's posterior.

    Its terms are those of the plain ELBO, the log likelihood as the mean over the samples and the
    KL in closed form, so that ELBOs compare with other models'; the loss is the tighter bound.

    Args:
        importance_samples: k.
        prior: p(z).
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self, *, importance_samples: int, prior: StandardNormal, **parts: Unpack[Parts]
    ) -> None:
        super().__init__(prior=prior, **parts)
        self.importance_samples = importance_samples

    @property
    def noise_size(self) -> int:
        """For each of the samples."""
        return self.importance_samples * self.latent_size

    def terms_of(self, posterior: DiagonalGaussian, x: Tensor, noise: Tensor) -> Terms:
        """`terms`, where the posterior is known; with the log weights of all samples."""
        k, images = self.importance_samples, len(x)
        noise = noise.reshape(images * k, self.latent_size)
        each = DiagonalGaussian(
            posterior.mean.repeat_interleave(k, dim=0),
            posterior.log_variance.repeat_interleave(k, dim=0),
        )
        z = each.sample(noise)
        output = at_least_float32(self.decoder(z))
        log_likelihood = self.likelihood.log_prob(output, x.repeat_interleave(k, dim=0))
        log_q = -0.5 * (noise**2 + each.log_variance + log(2 * pi)).sum(dim=1)
        log_weights = log_likelihood + self.prior.log_density(z) - log_q
        return Terms(
            log_likelihood.reshape(images, k).mean(dim=1),
            self.prior.kl(posterior),
            log_weights=log_weights.reshape(images, k),
        )

    def loss(self, terms: Terms, pressure: Pressure, whole: WholeBatch = WHOLE) -> Tensor:
        """Minus the bound log(mean of the k weights) (equation 8): a scalar, nats per image.

        With one sample it is a VAE's loss with the KL by that sample, not in closed form. No
        schedule moves it, since the bound has no KL term of its own.
        """
        bound = given(terms.log_weights).logsumexp(dim=1) - log(self.importance_samples)
        return -bound.mean()


def build(config: IWAEConfig, parts: Parts) -> IWAE:
    """The model of `conf/model/iwae.yaml`."""
    prior = StandardNormal()
    return IWAE(importance_samples=config.importance_samples, prior=prior, **parts)
