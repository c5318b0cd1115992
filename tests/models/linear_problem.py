"""A small data set with a known spectrum, and training to the optimum by the model's own loss."""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import ModelConfig
from latentsweep.config.network import LinearConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure

FULL = Pressure(weight=1.0, capacity=None)


@dataclass(frozen=True)
class LinearProblem:
    images: Tensor
    eigenvalues: Tensor
    eigenvectors: Tensor


def linear_problem(*eigenvalues: float, count: int) -> LinearProblem:
    generator = torch.Generator().manual_seed(1)
    size = len(eigenvalues)
    scale = torch.tensor(eigenvalues, dtype=torch.float64).sqrt()
    turn = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator)).Q
    rows = torch.randn(count, size, dtype=torch.float64, generator=generator) * scale @ turn.T
    rows = rows + torch.randn(size, dtype=torch.float64, generator=generator)
    values, vectors = torch.linalg.eigh(torch.cov(rows.T, correction=0))
    return LinearProblem(rows.reshape(count, 1, 1, size), values.flip(0), vectors.flip(1))


def linear_model(config: ModelConfig, size: int, variance: float, *, learned: bool) -> AE:
    torch.manual_seed(0)
    likelihood = GaussianConfig(variance=variance, learn_variance=learned)
    return build_model(config, LinearConfig(), likelihood, (1, 1, size)).double()


def train_to_optimum(model: AE, images: Tensor) -> None:
    """Minimise `model.loss` with noise whose first two moments are exactly the normal's.

    A linear decoder's log likelihood is quadratic in the noise, so the mean over these 2k points
    is the expectation itself, and a deterministic optimiser can find the optimum.
    """
    points = torch.eye(model.latent_size, dtype=torch.float64) * model.latent_size**0.5
    noise = torch.cat([points, -points]).repeat_interleave(len(images), 0)
    batch = images.repeat(2 * model.latent_size, 1, 1, 1)
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=1000,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = model.loss(model.terms(batch, noise), FULL)
        loss.backward()
        return loss

    optimizer.step(closure)
