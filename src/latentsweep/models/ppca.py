"""Principal components as models: what a linear map can do, in closed form.

They are built of the same parts as trained models and so pass through the same evaluation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import AEConfig, ModelConfig, VAEConfig
from latentsweep.config.network import LinearConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model


@dataclass(frozen=True)
class PrincipalComponents:
    """Of a data set of d numbers an image.

    Attributes:
        mean: (d,).
        directions: unit vectors of the greatest variances, (latent, d).
        variances: along these, with n below the line, (latent,).
        noise_variance: mean of the variances of all other directions.
        shape: (channels, height, width) of an image, d numbers.
    """

    mean: Tensor
    directions: Tensor
    variances: Tensor
    noise_variance: float
    shape: tuple[int, int, int]


def ppca_model(found: PrincipalComponents) -> AE:
    """Probabilistic PCA at its greatest likelihood (Tipping & Bishop 1999, eqs. 6 to 8).

    Its posterior is exact, so that its ELBO is its log likelihood.
    """
    scale = (found.variances - found.noise_variance).clamp(min=0.0).sqrt()
    encode = (scale / found.variances).unsqueeze(1) * found.directions
    log_variance = (found.noise_variance / found.variances).log()
    return _linear(
        VAEConfig(latent_size=len(scale)),
        found,
        encode=torch.cat([encode, torch.zeros_like(encode)]),
        shift=torch.cat([-encode @ found.mean, log_variance]),
        decode=found.directions.T * scale,
    )


def pca_model(found: PrincipalComponents) -> AE:
    """PCA, the best linear autoencoder; its codes are scaled to variance 1."""
    scale = found.variances.sqrt()
    encode = found.directions / scale.unsqueeze(1)
    return _linear(
        AEConfig(latent_size=len(scale)),
        found,
        encode=encode,
        shift=-encode @ found.mean,
        decode=found.directions.T * scale,
    )


def _linear(
    config: ModelConfig,
    found: PrincipalComponents,
    *,
    encode: Tensor,
    shift: Tensor,
    decode: Tensor,
) -> AE:
    """A linear model with these weights, whose decoder's bias is the mean image."""
    likelihood = GaussianConfig(variance=found.noise_variance, learn_variance=False)
    model = build_model(config, LinearConfig(), likelihood, found.shape)
    weights = {
        "encoder.1.weight": encode,
        "encoder.1.bias": shift,
        "decoder.0.weight": decode,
        "decoder.0.bias": found.mean,
    }
    model.load_state_dict({**model.state_dict(), **weights})
    return model.eval()
