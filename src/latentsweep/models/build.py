"""A model from its configuration."""

from typing import assert_never

from latentsweep.config.likelihood import LikelihoodConfig
from latentsweep.config.model import AEConfig, BetaVAEConfig, ModelConfig, VAEConfig
from latentsweep.config.network import NetworkConfig
from latentsweep.models.ae import AE, Parts
from latentsweep.models.beta_vae import BetaVAE
from latentsweep.models.likelihoods.build import build_likelihood
from latentsweep.models.networks.build import build_decoder, build_encoder
from latentsweep.models.prior import StandardNormal
from latentsweep.models.vae import VAE


def build_model(
    model: ModelConfig,
    network: NetworkConfig,
    likelihood: LikelihoodConfig,
    shape: tuple[int, int, int],
) -> AE:
    """The model that the configuration names, for images (channels, height, width) = `shape`.

    The weights come from torch's global generator: whoever calls this seeds it.

    Raises:
        ConfigError: the network cannot take images of this size.
    """
    latent_size = model.latent_size
    # An autoencoder's encoder gives a code, the others' a mean and a log variance a latent.
    outputs = latent_size if isinstance(model, AEConfig) else 2 * latent_size
    parts = Parts(
        encoder=build_encoder(network, shape, outputs),
        decoder=build_decoder(network, latent_size, shape),
        likelihood=build_likelihood(likelihood),
        latent_size=latent_size,
        shape=shape,
    )
    match model:
        case AEConfig():
            return AE(**parts)
        case VAEConfig():
            return VAE(prior=StandardNormal(), free_bits=model.free_bits, **parts)
        case BetaVAEConfig():
            return BetaVAE(
                beta=model.beta, prior=StandardNormal(), free_bits=model.free_bits, **parts
            )
        case _:
            assert_never(model)
