"""A model from its configuration."""

from importlib import import_module

from latentsweep.config.likelihood import LikelihoodConfig
from latentsweep.config.model import AEConfig, ModelConfig
from latentsweep.config.network import NetworkConfig
from latentsweep.models.ae import AE, Parts
from latentsweep.models.likelihoods.build import build_likelihood
from latentsweep.models.networks.build import build_decoder, build_encoder


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
    # By name, so that a new model is one new module.
    module = import_module(f"latentsweep.models.{model.name}")
    built: AE = module.build(model, parts)
    return built
