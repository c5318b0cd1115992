"""Whether the latent that varies least tells which factor was held."""

import numpy as np
import torch
from torch import Tensor

from latentsweep.metrics.disentanglement.canonical import Floats, Integers
from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points
from latentsweep.metrics.disentanglement.shared_values import SharedValues

_BATCH = 64
_TRAIN, _EVALUATION = 10_000, 5_000
_AT_ONCE = 500


@in_one_thread
def factor_vae_score(
    codes: Tensor, factors: Tensor, seed: int = 0, active: Tensor | None = None
) -> float:
    """FactorVAE score (Kim & Mnih 2018, section 4) in the protocol of Locatello et al. 2019.

    A factor is drawn, then 64 points that share its value; the latent whose variance over them is
    the least share of its variance over all points votes for the factor. Each latent stands for the
    factor that most of its 10,000 training votes were for. Points are drawn, with replacement, from
    those given, where the protocol renders new ones.

    The protocol leaves out collapsed latents by their absolute variance, which a scaled latent
    would change: so the caller says which count. `uncollapsed(codes)` are those of the protocol.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of all draws.
        active: which latents may vote, bool (latent,); those that do not vary at all never do.
            Default: all that vary.

    Returns:
        The share of 5,000 more votes that are for their latent's factor, in [0, 1]; 0 if no latent
        may vote.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, fewer than two factors vary, or a value is that of one
            point alone.
    """
    points = Points.of(codes, factors, least_factors=2)
    voters = points.codes[:, points.codes.any(axis=0) & _in_order(active, points.order)]
    if not voters.shape[1]:
        return 0.0
    latents, held = _votes(voters, points.factors, np.random.default_rng(seed))
    tally = np.zeros((voters.shape[1], points.factors.shape[1]), np.int64)
    np.add.at(tally, (latents[:_TRAIN], held[:_TRAIN]), 1)
    stands_for = tally.argmax(axis=1)
    return float(np.mean(stands_for[latents[_TRAIN:]] == held[_TRAIN:]))


def uncollapsed(codes: Tensor, threshold: float = 0.05) -> Tensor:
    """Which latents did not collapse, bool (latent,): the mask of Locatello et al. 2019.

    Args:
        codes: posterior means as the model gives them, (n, latent).
        threshold: the least variance over the points (with n - 1) of a latent that counts.
    """
    return codes.double().var(dim=0) >= threshold


def _in_order(active: Tensor | None, order: Integers) -> np.ndarray:
    if active is None:
        return np.ones(len(order), dtype=bool)
    if active.dtype != torch.bool or active.shape != order.shape:
        raise ValueError(
            f"active: expected bool ({len(order)},), found {active.dtype} {tuple(active.shape)}"
        )
    mask: np.ndarray = active.cpu().numpy()[order]
    return mask


def _votes(
    codes: Floats, factors: Integers, drawn: np.random.Generator
) -> tuple[Integers, Integers]:
    """The latent that varies least in each batch, and the factor that its points share."""
    groups = [SharedValues(factor) for factor in factors.T]
    held = drawn.integers(0, len(groups), _TRAIN + _EVALUATION)
    latents = np.empty_like(held)
    for first in range(0, len(held), _AT_ONCE):
        some = held[first : first + _AT_ONCE]
        seen = drawn.integers(0, len(codes), len(some))
        batches = np.empty((len(some), _BATCH), np.int64)
        for factor, group in enumerate(groups):
            batches[some == factor] = group.companions(seen[some == factor], _BATCH, drawn)
        # Codes have variance 1 over all points: these are shares already.
        shares = codes[batches].var(axis=1, ddof=1)
        latents[first : first + _AT_ONCE] = shares.argmin(axis=1)
    return latents, held
