"""How far each factor of variation is told by one latent alone."""

import torch
from torch import Tensor

from latentsweep.metrics.mutual_information import binned, mutual_information

_SAMPLES = 10_000


def mutual_information_gap(codes: Tensor, factors: Tensor) -> float:
    """MIG (Chen et al. 2018, eq. 6) in disentanglement_lib's protocol (Locatello et al. 2019).

    For each factor, the mutual information of the latent that tells most about it, less that of the
    next, as a share of the factor's entropy; the mean over the factors. Codes fall into 20 bins of
    equal width a latent. Of more than 10,000 samples 10,000 count, always the same. Factors that do
    not vary are left out; without any that does the gap is 0.

    Args:
        codes: posterior means, (n, latent).
        factors: whole numbers from 0, the index of each factor's value, (n, factor).

    Returns:
        A number in [0, 1].
    """
    if len(codes) > _SAMPLES:
        # Images often lie in the order of their factors: the first ones would be all alike.
        chosen = torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))[:_SAMPLES]
        codes, factors = codes[chosen.to(codes.device)], factors[chosen.to(factors.device)]
    bins = binned(codes.detach().cpu())
    gaps = [_gap(bins, factor) for factor in factors.cpu().T if factor.min() < factor.max()]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _gap(bins: Tensor, factor: Tensor) -> float:
    """The gap of one factor: `bins` (latent, n), `factor` (n,)."""
    information, entropy = mutual_information(bins, factor)
    most = torch.cat([information, torch.zeros(1)]).topk(2).values
    return max(0.0, float((most[0] - most[1]) / entropy))
