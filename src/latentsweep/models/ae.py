"""The autoencoder: what every model here offers."""

from typing import Any, TypedDict, Unpack

import torch
from torch import Tensor, nn

from latentsweep.config.model import AEConfig
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.likelihoods.likelihood import Likelihood
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.terms import Terms
from latentsweep.models.whole_batch import WHOLE, WholeBatch


class Parts(TypedDict):
    """What every model is made of.

    Attributes:
        encoder: (batch, channels, height, width) -> (batch, outputs); the outputs are the code
            of an AE, (batch, latent), or means and log variances, (batch, 2 * latent), of a VAE.
        decoder: (batch, latent) -> (batch, channels, height, width), as `likelihood` takes it.
        likelihood: p(x|z).
        latent_size: number of latent units.
        shape: (channels, height, width) of an image.
    """

    encoder: nn.Module
    decoder: nn.Module
    likelihood: Likelihood
    latent_size: int
    shape: tuple[int, int, int]


def at_least_float32(output: Tensor) -> Tensor:
    """A network's output in the precision of the terms, also where the network ran in bfloat16.

    Nats of a few hundred per image have no digits behind the point in bfloat16.
    """
    return output.to(torch.promote_types(output.dtype, torch.float32))


class AE(nn.Module):
    """An autoencoder: each image has one code, and nothing presses on it.

    Everything is a function of the parameters and the arguments: no model draws noise or counts
    steps, so the loss may be called through `torch.func.functional_call` and `vmap`.

    Attributes:
        has_prior: whether there is a p(z), and so a KL.
        couples_images: whether the loss is more than a mean over images and a function of their
            mean KL, so that a part of a batch says little of it.
    """

    has_prior = False
    couples_images = False

    def __init__(self, **parts: Unpack[Parts]) -> None:
        super().__init__()
        self.encoder = parts["encoder"]
        self.decoder = parts["decoder"]
        self.likelihood = parts["likelihood"]
        self.latent_size = parts["latent_size"]
        self.shape = parts["shape"]

    @property
    def noise_size(self) -> int:
        """Standard normal numbers that `terms` takes for each image."""
        return self.latent_size

    def parameter_groups(self) -> list[dict[str, Any]]:
        """All parameters in the optimiser's groups, with the settings that a group has of its own.

        Gradients are clipped group by group.
        """
        return [{"params": list(self.parameters())}]

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x) of images (batch, channels, height, width): here a point for each."""
        code = at_least_float32(self.encoder(x))
        return DiagonalGaussian(code, torch.full_like(code, -torch.inf))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of q(z|x), both (batch, latent)."""
        posterior = self.posterior(x)
        return posterior.mean, posterior.variance

    def decode(self, z: Tensor) -> Tensor:
        """Mean images (batch, channels, height, width) of latents (batch, latent)."""
        return self.likelihood.mean(at_least_float32(self.decoder(z)))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Mean images of the posterior means of `x`, of its shape."""
        return self.decode(self.posterior(x).mean)

    def sample(self, noise: Tensor) -> Tensor:
        """Mean images of standard normal noise (n, latent).

        Nothing made the codes of an autoencoder normal, so these show how far they are from it.
        """
        return self.decode(noise)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x|z) of images (batch, ...) at latents (..., batch, latent): (..., batch) nats."""
        output = at_least_float32(self.decoder(z.flatten(0, -2)))
        return self.likelihood.log_prob(output.reshape(*z.shape[:-1], *self.shape), x)

    def terms(self, x: Tensor, noise: Tensor) -> Terms:
        """Log likelihood and KL of images `x` at one posterior sample.

        Args:
            x: (batch, channels, height, width).
            noise: (batch, noise_size).
        """
        return self.terms_of(self.posterior(x), x, noise)

    def terms_of(self, posterior: DiagonalGaussian, x: Tensor, noise: Tensor) -> Terms:
        """`terms`, where the posterior is known: a KL of zeros, and no part for `noise`."""
        code = posterior.mean
        output = at_least_float32(self.decoder(code))
        return Terms(self.likelihood.log_prob(output, x), torch.zeros_like(code))

    def loss(self, terms: Terms, pressure: Pressure, whole: WholeBatch = WHOLE) -> Tensor:
        """Mean over the batch of the negative log likelihood: a scalar, nats per image."""
        return -terms.log_likelihood.mean()

    def forward(self, x: Tensor, noise: Tensor, pressure: Pressure) -> Tensor:
        """The loss of images (batch, channels, height, width) with noise (batch, noise_size)."""
        return self.loss(self.terms(x, noise), pressure)


def build(config: AEConfig, parts: Parts) -> AE:  # noqa: ARG001
    """The model of `conf/model/ae.yaml`."""
    return AE(**parts)
