"""Latents in the order of what they carry, and what to call them."""

import numpy as np
import numpy.typing as npt

# More do not stand legibly on a page.
MOST_LATENTS = 16


def falling(importance: npt.ArrayLike) -> list[int]:
    """Latents by falling importance, (latent,); equal ones as they are, NaN at the end."""
    order: list[int] = np.argsort(-np.asarray(importance, dtype=float), kind="stable").tolist()
    return order


def latent_name(latent: int, importance: float, *, has_prior: bool = True) -> str:
    """A latent with its KL in nats; without a prior, with the variance of its codes."""
    number = f"{importance:.0f}" if importance >= 100 else f"{importance:.2f}"
    return f"z{latent}  {number} nats" if has_prior else f"z{latent}  var. {number}"


def out_of(shown: int, latents: int) -> str:
    """Words for a title: nothing where all are shown, else for example ` (16 of 100)`."""
    return "" if shown == latents else f" ({shown} of {latents})"
