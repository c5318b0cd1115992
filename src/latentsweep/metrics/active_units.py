"""How many latents a model uses."""

from torch import Tensor

# Variance over the images above which a latent is active (Burda et al. 2016).
ACTIVE = 0.01


def active(means: Tensor) -> Tensor:
    """Which latents' posterior means vary over the data (Burda et al. 2016).

    Args:
        means: posterior means, (n, latent).

    Returns:
        bool (latent,).
    """
    return means.var(dim=0, correction=0) > ACTIVE


def active_units(means: Tensor) -> int:
    """Number of latents that are active.

    Args:
        means: posterior means, (n, latent).
    """
    return int(active(means).sum())
