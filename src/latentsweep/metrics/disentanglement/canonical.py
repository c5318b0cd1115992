"""Codes and factors in a form that does not tell their order, sign or scale.

The order of latents, their signs and their scales mean nothing, and neither does the order of the
factors. So metrics see all of them in one form, and what reaches it from there (the draws of a
random number, the ties and tolerances of a solver) cannot depend on them.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentsweep.errors import MetricError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Steps of a standard deviation: coarse against the rounding of arithmetic in float64, fine against
# anything that a metric could see.
_STEPS = 2.0**20
# A latent whose codes reach over less than this share of their magnitude holds float32's rounding.
_ROUNDING = 1e-6


def canonical_codes(codes: Tensor) -> tuple[Floats, Integers]:
    """Standardised codes, each latent with the sign that makes its first code positive, in order.

    Args:
        codes: posterior means, (n, latent).

    Returns:
        The codes, float64 (n, latent), each latent of mean 0 and variance 1, or all 0 if it does
        not vary; and where each of these latents was before, (latent,).

    Raises:
        ValueError: the codes are not floating point numbers of that shape, or there are none.
        MetricError: a code is not finite.
    """
    if codes.ndim != 2 or 0 in codes.shape or not codes.is_floating_point():
        raise ValueError(
            f"codes: expected floating point (n, latent), found {codes.dtype} {tuple(codes.shape)}"
        )
    values = codes.detach().cpu().double().numpy()
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise MetricError(
            "no metric of codes that are not finite",
            found=f"NaN or infinity in the codes of {(~finite).sum()} of {len(finite)} points",
            expected="finite posterior means",
            mend="evaluate a checkpoint from before the training diverged",
        )
    latents = [_canonical_latent(latent) for latent in np.ascontiguousarray(values.T)]
    order = sorted(range(len(latents)), key=lambda latent: latents[latent].tolist())
    return np.stack([latents[latent] for latent in order], axis=1), np.array(order, np.int64)


def _canonical_latent(latent: Floats) -> Floats:
    reach = latent.max() - latent.min()
    if reach <= _ROUNDING * np.abs(latent).max():
        return np.zeros_like(latent)
    centred = (latent - latent.mean()) / reach
    steps = np.rint(centred / centred.std() * _STEPS)
    # Adding 0 makes -0 positive: the two are equal, but their bits are not.
    signed: Floats = steps * np.sign(steps[steps != 0][0]) / _STEPS + 0.0
    return signed


def canonical_factors(factors: Tensor, n: int, least: int = 1) -> Integers:
    """The factors that vary, each value renumbered from 0, in an order that is the columns' own.

    Args:
        factors: whole numbers, the index of each factor's value, (n, factor).
        n: number of points.
        least: how many factors must vary.

    Returns:
        int64 (n, varying factors).

    Raises:
        ValueError: the factors are not whole numbers of that shape.
        MetricError: fewer than `least` factors vary, or a value is that of one point alone.
    """
    if factors.ndim != 2 or len(factors) != n or factors.is_floating_point():
        raise ValueError(
            f"factors: expected whole numbers ({n}, factor), "
            f"found {factors.dtype} {tuple(factors.shape)}"
        )
    columns: list[Integers] = []
    for index, column in enumerate(factors.cpu().to(torch.int64).T.numpy()):
        _, renumbered, counts = np.unique(column, return_inverse=True, return_counts=True)
        if len(counts) > 1:
            _check_counts(index, counts)
            columns.append(renumbered.astype(np.int64))
    if len(columns) < least:
        raise MetricError(
            "these factors cannot tell anything of the codes",
            found=f"{len(columns)} of {factors.shape[1]} factors vary over {n} points",
            expected=f"{least} at least",
            mend="evaluate points of a data set whose factors vary, or more of its points",
        )
    # Two columns that are equal may take either place.
    order = sorted(range(len(columns)), key=lambda index: columns[index].tolist())
    return np.stack([columns[index] for index in order], axis=1)


def _check_counts(index: int, counts: Integers) -> None:
    alone = int((counts == 1).sum())
    if alone:
        raise MetricError(
            f"too few points for the values of factor {index} (counted from 0)",
            found=f"{alone} of its {len(counts)} values are of one point alone",
            expected="2 points of each value at least, better 100",
            mend="evaluate more points",
        )
