"""One small model of each kind, and a batch for it."""

import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import (
    AEConfig,
    BetaTCVAEConfig,
    BetaVAEConfig,
    DIPVAEIConfig,
    DIPVAEIIConfig,
    FactorVAEConfig,
    InfoVAEConfig,
    IWAEConfig,
    ModelConfig,
    VAEConfig,
)
from latentsweep.config.network import MLPConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure

FULL = Pressure(1.0, None)
LATENTS = 3
MODELS: list[ModelConfig] = [
    AEConfig(latent_size=LATENTS),
    VAEConfig(latent_size=LATENTS),
    BetaVAEConfig(latent_size=LATENTS, beta=4.0, free_bits=0.1),
    BetaTCVAEConfig(latent_size=LATENTS, beta=6.0),
    FactorVAEConfig(latent_size=LATENTS, gamma=10.0, discriminator_learning_rate=1e-4),
    DIPVAEIConfig(latent_size=LATENTS, lambda_off_diagonal=3.0, lambda_diagonal=7.0),
    DIPVAEIIConfig(latent_size=LATENTS, lambda_off_diagonal=3.0, lambda_diagonal=7.0),
    IWAEConfig(latent_size=LATENTS, importance_samples=4),
    InfoVAEConfig(latent_size=LATENTS, alpha=0.25, mmd_weight=50.0),
]


def built(config: ModelConfig, seed: int = 0) -> AE:
    """Weights of the seed: the encoder's and the decoder's are equal for all VAEs."""
    torch.manual_seed(seed)
    network = MLPConfig(hidden_sizes=(8,), activation="tanh")
    likelihood = GaussianConfig(variance=0.1, learn_variance=True)
    return build_model(config, network, likelihood, (1, 4, 4)).double()


def batch(model: AE, size: int = 6) -> tuple[Tensor, Tensor]:
    """Images and noise; the posteriors' noise is the same whatever else a model draws."""
    generator = torch.Generator().manual_seed(9)
    x = torch.rand(size, 1, 4, 4, generator=generator, dtype=torch.float64)
    own = torch.randn(size, LATENTS, generator=generator, dtype=torch.float64)
    more = torch.randn(size, model.noise_size - LATENTS, generator=generator, dtype=torch.float64)
    return x, torch.cat([own, more], dim=1)


def vae_loss(size: int = 6) -> Tensor:
    """The VAE's of the same weights, images and noise."""
    vae = built(MODELS[1])
    return vae(*batch(vae, size), FULL)
