"""How many latents a model uses."""

from torch import Tensor


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    """Number of latents whose posterior mean varies over the data (Burda et al. 2016).

    Args:
        means: posterior means, (n, latent).
        threshold: variance over the images above which a latent is active; theirs is 0.01.
    """
    return int((means.var(dim=0, correction=0) > threshold).sum())
