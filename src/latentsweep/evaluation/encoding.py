"""One pass over a split: what the model makes of each image, without any noise."""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.evaluation.images import SplitImages
from latentsweep.metrics.image_errors import mean_squared_error, structural_similarity
from latentsweep.models.ae import AE
from latentsweep.models.vae import VAE
from latentsweep.training.ranks.ranks import Ranks

SMALLEST_FOR_SSIM = 6


@dataclass(frozen=True)
class Encoded:
    """Of n images.

    Attributes:
        means: posterior means, (n, latent) float32.
        variances: posterior variances, (n, latent); zeros where codes are points.
        kl: KL of each latent in nats, (n, latent) float64; zeros without a prior.
        distortion: -log p(x|z) at the posterior mean in nats, (n,) float64.
        squared_error: mean over pixels, of the posterior mean's reconstruction, (n,).
        similarity: SSIM of it, (n,); None where images are too small for it.
    """

    means: Tensor
    variances: Tensor
    kl: Tensor
    distortion: Tensor
    squared_error: Tensor
    similarity: Tensor | None


@torch.no_grad()
def encode(model: AE, images: SplitImages, span: float) -> Encoded:
    """Encode and reconstruct all images.

    Args:
        model: in evaluation mode, on the images' device.
        images: which.
        span: of the values that pixels may have.
    """
    small = min(model.shape[1:]) < SMALLEST_FOR_SSIM
    parts = []
    for x, _ in images.chunks():
        posterior = model.posterior(x)
        seen = model.decode(posterior.mean)
        rate = torch.zeros_like(posterior.mean)
        if isinstance(model, VAE):
            rate = model.prior.kl(posterior)
        part = Encoded(
            means=posterior.mean,
            variances=posterior.variance,
            kl=rate.double(),
            distortion=-model.log_likelihood(x, posterior.mean).double(),
            squared_error=mean_squared_error(x, seen),
            similarity=None if small else structural_similarity(x, seen, span),
        )
        parts.append(part)
    return _joined(parts)


def of_all_ranks(own: Encoded, ranks: Ranks) -> Encoded:
    """On rank 0 what all ranks have encoded, in the split's order; elsewhere of no use."""
    similar = own.similarity
    return Encoded(
        means=ranks.rows(own.means.cpu()),
        variances=ranks.rows(own.variances.cpu()),
        kl=ranks.rows(own.kl.cpu()),
        distortion=ranks.rows(own.distortion.cpu()),
        squared_error=ranks.rows(own.squared_error.cpu()),
        similarity=None if similar is None else ranks.rows(similar.cpu()),
    )


def _joined(parts: list[Encoded]) -> Encoded:
    similar = [part.similarity for part in parts if part.similarity is not None]
    return Encoded(
        means=torch.cat([part.means for part in parts]),
        variances=torch.cat([part.variances for part in parts]),
        kl=torch.cat([part.kl for part in parts]),
        distortion=torch.cat([part.distortion for part in parts]),
        squared_error=torch.cat([part.squared_error for part in parts]),
        similarity=torch.cat(similar) if similar else None,
    )
