"""Probabilistic PCA in closed form: the optimum that a linear VAE must reach.

`eigenvalues` are those of the data's covariance matrix (with n, not n - 1, below the line), (d,),
in any order. Sources: Tipping & Bishop 1999; Lucas et al. 2019.
"""

from math import log, pi

from torch import Tensor


def ppca_variance(eigenvalues: Tensor, latent_size: int) -> float:
    """Best noise variance, the mean of the discarded eigenvalues (Tipping & Bishop 1999, eq. 8).

    Raises:
        ValueError: there are not more eigenvalues than latents, so none is discarded.
    """
    discarded = _descending(eigenvalues)[latent_size:]
    if not len(discarded):
        raise ValueError(f"{latent_size} latents leave none of {len(eigenvalues)} eigenvalues")
    return float(discarded.mean())


def ppca_log_likelihood(eigenvalues: Tensor, latent_size: int) -> float:
    """Greatest log likelihood in nats per sample (Tipping & Bishop 1999, eq. 4 at its optimum).

    Raises:
        ValueError: there are not more eigenvalues than latents.
    """
    dimensions = len(eigenvalues)
    kept = _descending(eigenvalues)[:latent_size]
    noise = (dimensions - latent_size) * log(ppca_variance(eigenvalues, latent_size))
    return -0.5 * (dimensions * log(2 * pi) + float(kept.log().sum()) + noise + dimensions)


def ppca_active_units(eigenvalues: Tensor, beta: float, variance: float, latent_size: int) -> int:
    """Latents that a linear beta-VAE with fixed noise keeps: eigenvalue > beta * variance.

    The KL weight acts as that much more noise (Lucas et al. 2019).
    """
    return int((_descending(eigenvalues)[:latent_size] > beta * variance).sum())


def _descending(eigenvalues: Tensor) -> Tensor:
    return eigenvalues.double().sort(descending=True).values
