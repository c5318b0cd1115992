"""How many latents a model uses."""

from torch import Tensor

# Variance over the images above which a latent is active (Burda et al. 2016).
ACTIVE = 0.01


def active_units(means: Tensor) -> int:
    """Number of latents whose posterior mean varies over the data (Burda et al. 2016).

    Args:
        means: posterior means, (n, latent).
    """
    return int((means.var(dim=0, correction=0) > ACTIVE).sum())
