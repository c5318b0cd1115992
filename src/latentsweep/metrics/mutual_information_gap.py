"""How far each factor of variation is told by one latent alone."""

import torch
from torch import Tensor

_BINS = 20
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
    bins = _binned(codes.detach().cpu())
    gaps = [_gap(bins, factor) for factor in factors.cpu().T if factor.min() < factor.max()]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _binned(codes: Tensor) -> Tensor:
    """The bin of each code, int64 (latent, n), numbered through over all latents."""
    by_latent = codes.double().T.contiguous()
    least, most = by_latent.aminmax(dim=1, keepdim=True)
    # A latent that does not vary, or is not finite, tells nothing: all of it is in one bin.
    places = ((by_latent - least) / (most - least) * _BINS).nan_to_num(0.0, 0.0, 0.0)
    first = torch.arange(len(by_latent)).unsqueeze(1) * _BINS
    return places.long().clamp(max=_BINS - 1) + first


def _gap(bins: Tensor, factor: Tensor) -> float:
    """The gap of one factor: `bins` (latent, n), `factor` (n,)."""
    latents, samples = bins.shape
    values = int(factor.max()) + 1
    counts = torch.bincount((bins * values + factor).flatten(), minlength=latents * _BINS * values)
    joint = counts.reshape(latents, _BINS, values).double() / samples
    entropy = _entropy(joint[0].sum(dim=0), dims=(0,))
    # I(z; v) = H(z) + H(v) - H(z, v)
    information = _entropy(joint.sum(dim=2), dims=(1,)) + entropy - _entropy(joint, dims=(1, 2))
    most = torch.cat([information, torch.zeros(1)]).topk(2).values
    return max(0.0, float((most[0] - most[1]) / entropy))


def _entropy(probabilities: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Entropy in nats of the distributions that `dims` run over."""
    terms: Tensor = torch.special.entr(probabilities)
    return terms.sum(dim=dims)
