"""Schema of `conf/model/`: which autoencoder, how many latents, what its loss weighs how much."""

from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from latentsweep.config.component import NonNegativeFloat, PositiveFloat, PositiveInt, component


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


@component
class BetaTCVAEConfig:
    """A beta-TCVAE (Chen et al. 2018): a VAE with its total correlation weighted."""

    name: Literal["beta_tcvae"] = "beta_tcvae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    beta: NonNegativeFloat
    """Weight of the total correlation; the other parts of the KL have weight 1."""


@component
class FactorVAEConfig:
    """A FactorVAE (Kim & Mnih 2018): a VAE with a total correlation that a discriminator tells."""

    name: Literal["factor_vae"] = "factor_vae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    gamma: NonNegativeFloat
    """Weight of the total correlation, beside the whole KL."""
    discriminator_learning_rate: PositiveFloat
    """Step size of the discriminator's own Adam."""


@component
class DIPVAEIConfig:
    """A DIP-VAE-I (Kumar et al. 2018): the covariance of the posterior means is held to be 1."""

    name: Literal["dip_vae_i"] = "dip_vae_i"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    lambda_off_diagonal: NonNegativeFloat
    """Weight of the squared covariances of different latents."""
    lambda_diagonal: NonNegativeFloat
    """Weight of the squared differences of the variances from 1."""


@component
class DIPVAEIIConfig:
    """A DIP-VAE-II (Kumar et al. 2018): the covariance of the latents is held to be 1."""

    name: Literal["dip_vae_ii"] = "dip_vae_ii"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    lambda_off_diagonal: NonNegativeFloat
    """Weight of the squared covariances of different latents."""
    lambda_diagonal: NonNegativeFloat
    """Weight of the squared differences of the variances from 1."""


@component
class IWAEConfig:
    """An importance-weighted autoencoder (Burda et al. 2016): a VAE with a tighter bound."""

    name: Literal["iwae"] = "iwae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    importance_samples: PositiveInt
    """Samples of the posterior for each image (k)."""


@component
class InfoVAEConfig:
    """An InfoVAE (Zhao et al. 2019) whose divergence is the maximum mean discrepancy (MMD)."""

    name: Literal["info_vae"] = "info_vae"
    """Which model this is."""
    latent_size: PositiveInt
    """Number of latent units."""
    alpha: Annotated[StrictFloat, Field(ge=0, le=1)]
    """Share of the KL that is left out: its weight is 1 - alpha."""
    mmd_weight: NonNegativeFloat
    """Weight of the squared MMD of codes and prior (the paper's alpha + lambda - 1)."""


ModelConfig = Annotated[
    AEConfig
    | VAEConfig
    | BetaVAEConfig
    | BetaTCVAEConfig
    | FactorVAEConfig
    | DIPVAEIConfig
    | DIPVAEIIConfig
    | IWAEConfig
    | InfoVAEConfig,
    Field(discriminator="name"),
]
CouplingConfig = BetaTCVAEConfig | FactorVAEConfig | DIPVAEIConfig | DIPVAEIIConfig | InfoVAEConfig
"""The models whose loss couples the images of a batch."""

WEIGHTS = {
    "beta": "b",
    "gamma": "g",
    "lambda_off_diagonal": "od",
    "lambda_diagonal": "d",
    "alpha": "a",
    "mmd_weight": "m",
    "importance_samples": "k",
}
"""Keys of models that settle what the loss is, with their letters in the names of runs."""


def weights_of(model: ModelConfig) -> dict[str, float]:
    """Those of a model, by key, in the order of `WEIGHTS`."""
    return {key: getattr(model, key) for key in WEIGHTS if hasattr(model, key)}
