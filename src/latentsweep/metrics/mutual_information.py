"""What one latent alone tells about a factor of variation."""

import torch
from torch import Tensor

BINS = 20


def binned(codes: Tensor) -> Tensor:
    """The bin of each code, int64 (latent, n), numbered through over all latents.

    A latent's 20 bins have equal width and reach from its least code to its greatest.

    Args:
        codes: posterior means, (n, latent).
    """
    by_latent = codes.double().T.contiguous()
    least, most = by_latent.aminmax(dim=1, keepdim=True)
    # A latent that does not vary, or is not finite, tells nothing: all of it is in one bin.
    places = ((by_latent - least) / (most - least) * BINS).nan_to_num(0.0, 0.0, 0.0)
    first = torch.arange(len(by_latent)).unsqueeze(1) * BINS
    return places.long().clamp(max=BINS - 1) + first


def mutual_information(bins: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Information of each latent about a factor, float64 (latent,), and the factor's entropy: nats.

    That of the observed frequencies, with no correction for their number.

    Args:
        bins: as `binned` gives them, (latent, n).
        factor: whole numbers from 0, the index of the factor's value, (n,).
    """
    latents, samples = bins.shape
    values = int(factor.max()) + 1
    counts = torch.bincount((bins * values + factor).flatten(), minlength=latents * BINS * values)
    joint = counts.reshape(latents, BINS, values).double() / samples
    entropy = _entropy(joint[0].sum(dim=0), dims=(0,))
    # I(z; v) = H(z) + H(v) - H(z, v)
    information = _entropy(joint.sum(dim=2), dims=(1,)) + entropy - _entropy(joint, dims=(1, 2))
    return information, entropy


def _entropy(probabilities: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Entropy in nats of the distributions that `dims` run over."""
    terms: Tensor = torch.special.entr(probabilities)
    return terms.sum(dim=dims)
