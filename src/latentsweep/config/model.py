"""Schema of `conf/model/`: which autoencoder, how many latents, how hard the KL term presses."""

from typing import Annotated, Literal

from pydantic import Field

from latentsweep.config.component import NonNegativeFloat, PositiveInt, component


@component
class AEConfig:
    """An autoencoder: no prior, no KL term."""

    name: Literal["ae"] = "ae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""


@component
class VAEConfig:
    """A variational autoencoder (Kingma & Welling 2014): KL weight 1."""

    name: Literal["vae"] = "vae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    beta: NonNegativeFloat = 1.0
    """KL weight: always 1; another weight makes it a beta-VAE (`model=beta_vae`)."""
    free_bits: NonNegativeFloat = 0.0
    """Nats per latent and image below which the KL term does not press (Kingma et al. 2016)."""


@component
class BetaVAEConfig:
    """A beta-VAE (Higgins et al. 2017): a VAE with its KL term weighted."""

    name: Literal["beta_vae"] = "beta_vae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    beta: NonNegativeFloat
    """KL weight at full strength (gamma, where `kl_schedule=capacity`)."""
    free_bits: NonNegativeFloat = 0.0
    """Nats per latent and image below which the KL term does not press (Kingma et al. 2016)."""


ModelConfig = Annotated[AEConfig | VAEConfig | BetaVAEConfig, Field(discriminator="name")]
