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


def ppca_rate_distortion(
    eigenvalues: Tensor, latent_size: int, beta: float = 1.0, variance: float | None = None
) -> tuple[float, float]:
    """Rate and distortion in nats per sample of the best linear beta-VAE with fixed noise.

    Its posterior is that of pPCA with noise beta * variance, for beta times the KL beside squared
    errors over 2 variance is the loss of that noise, times beta. So latent i has the rate
    1/2 max(0, ln l_i / (beta variance)) and leaves a squared error of min(l_i, beta variance);
    of a discarded direction all of l_i is left. The distortion, -log p(x|z) under the posterior,
    is d/2 ln(2 pi variance) + error / (2 variance). At beta 1 and the best variance, rate plus
    distortion is minus `ppca_log_likelihood` (Lucas et al. 2019; Alemi et al. 2018, Fixing a
    Broken ELBO, for the plane).

    Args:
        eigenvalues: of the data's covariance, (d,).
        latent_size: 0 to d - 1, or d where the variance is given.
        beta: weight of the KL, above 0.
        variance: of the decoder's noise; `ppca_variance` if None, which is best at beta 1.

    Raises:
        ValueError: no variance is given and none is left, or it is not above 0.
    """
    noise = ppca_variance(eigenvalues, latent_size) if variance is None else variance
    if not noise > 0:
        raise ValueError(f"the noise's variance must be above 0, not {noise}")
    ordered = _descending(eigenvalues)
    kept, discarded = ordered[:latent_size], ordered[latent_size:]
    rate = 0.5 * float((kept / (beta * noise)).clamp(min=1).log().sum())
    error = float(kept.clamp(max=beta * noise).sum() + discarded.sum())
    return rate, 0.5 * (len(ordered) * log(2 * pi * noise) + error / noise)


def _descending(eigenvalues: Tensor) -> Tensor:
    return eigenvalues.double().sort(descending=True).values
