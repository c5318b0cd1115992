"""Linear VAEs, trained to an optimum that is known exactly (Lucas et al. 2019)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import ModelConfig
from latentsweep.config.network import LinearConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import Terms

FULL = Pressure(weight=1.0, capacity=None)


@dataclass(frozen=True)
class LinearProblem:
    """Normal data of d pixels.

    Attributes:
        images: (n, 1, 1, d) float64.
        eigenvalues: of their covariance, descending, (d,).
        eigenvectors: its columns, (d, d).
    """

    images: Tensor
    eigenvalues: Tensor
    eigenvectors: Tensor


def linear_problem(*eigenvalues: float, count: int) -> LinearProblem:
    """Images drawn with these eigenvalues, and those that the drawn images have.

    Args:
        eigenvalues: of the distribution's covariance.
        count: how many images.
    """
    generator = torch.Generator().manual_seed(1)
    size = len(eigenvalues)
    scale = torch.tensor(eigenvalues, dtype=torch.float64).sqrt()
    turn = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator)).Q
    rows = torch.randn(count, size, dtype=torch.float64, generator=generator) * scale @ turn.T
    rows = rows + torch.randn(size, dtype=torch.float64, generator=generator)
    values, vectors = torch.linalg.eigh(torch.cov(rows.T, correction=0))
    return LinearProblem(rows.reshape(count, 1, 1, size), values.flip(0), vectors.flip(1))


def linear_model(config: ModelConfig, size: int, variance: float, *, learned: bool) -> AE:
    """A linear model of images (1, 1, size), in float64.

    Args:
        config: of the model.
        size: number of pixels.
        variance: of a pixel, where training begins.
        learned: whether training changes it.
    """
    torch.manual_seed(0)
    likelihood = GaussianConfig(variance=variance, learn_variance=learned)
    return build_model(config, LinearConfig(), likelihood, (1, 1, size)).double()


def expected_terms(model: AE, images: Tensor) -> Terms:
    """Terms whose mean is their expectation over the noise, exactly, of a linear model.

    A linear decoder's log likelihood is quadratic in the noise, so that 2k points with the first
    two moments of the normal distribution stand for all noise.

    Args:
        model: of k latents.
        images: (n, 1, 1, d).

    Returns:
        Of (2 k n) images: each with each point.
    """
    points = torch.eye(model.latent_size, dtype=torch.float64) * model.latent_size**0.5
    noise = torch.cat([points, -points]).repeat_interleave(len(images), 0)
    return model.terms(images.repeat(2 * model.latent_size, 1, 1, 1), noise)


def train_to_optimum(model: AE, images: Tensor) -> None:
    """Minimise the expectation of `model.loss` by a deterministic optimiser.

    In one thread: matrices are so small that others would only wait for each other.
    """
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=400,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = model.loss(expected_terms(model, images), FULL)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    finally:
        torch.set_num_threads(threads)
