"""How likely the images of a split are under a model: bounds, and log p(x) itself."""

import sys
from dataclasses import replace

import torch
from torch import Tensor

from latentsweep.evaluation.encoding import Encoded
from latentsweep.evaluation.images import SplitImages
from latentsweep.metrics.importance import ImportanceEstimate, importance_weighted
from latentsweep.metrics.quadrature import QuadratureEstimate, quadrature
from latentsweep.models.vae import VAE
from latentsweep.randomness import Stream
from latentsweep.training.noise import noise
from latentsweep.training.ranks.ranks import Ranks


def importance(
    model: VAE, images: SplitImages, own: Encoded, samples: int, seed: int, ranks: Ranks
) -> ImportanceEstimate:
    """The importance-weighted estimate of a whole split, on rank 0; elsewhere of no use.

    Args:
        model: on the images' device.
        images: this rank's.
        own: what this rank has encoded.
        samples: k.
        seed: of the noise, which is a function of it, the sample's number and the image's position.
        ranks: which share the split.
    """
    size, latents = len(images.split), model.latent_size
    rows = slice(images.share.start, images.share.stop)

    def draw(sample: int) -> Tensor:
        tell_progress("importance samples", sample, samples, ranks)
        return noise(seed, Stream.EVALUATION, sample, size, latents)[rows]

    posterior = (own.means, own.variances)
    found = importance_weighted(model, images.chunks, posterior, draw, samples)
    tell_progress("importance samples", samples, samples, ranks)
    return replace(
        found,
        log_likelihood=ranks.rows(found.log_likelihood.cpu()),
        variance=ranks.rows(found.variance.cpu()),
        effective=ranks.rows(found.effective.cpu()),
        distortion=ranks.rows(found.distortion.cpu()),
    )


def by_quadrature(
    model: VAE, images: SplitImages, own: Encoded, tolerance: float, ranks: Ranks
) -> QuadratureEstimate:
    """Log p(x) of a whole split, on rank 0; elsewhere of no use."""
    parts = []
    for x, start in images.chunks():
        tell_progress("images by quadrature", start, len(images), ranks)
        rows = slice(start, start + len(x))
        posterior = (own.means[rows], own.variances[rows])
        parts.append(quadrature(model, x, tolerance, posterior))
    tell_progress("images by quadrature", len(images), len(images), ranks)
    return QuadratureEstimate(
        log_likelihood=ranks.rows(torch.cat([part.log_likelihood for part in parts]).cpu()),
        error=ranks.rows(torch.cat([part.error for part in parts]).cpu()),
        nodes=ranks.rows(torch.cat([part.nodes for part in parts]).cpu()),
        modes=ranks.rows(torch.cat([part.modes for part in parts]).cpu()),
    )


def tell_progress(what: str, done: int, of: int, ranks: Ranks) -> None:
    """Keep a person at a terminal informed, in one line that is cleared at the end."""
    if ranks.leads and sys.stderr.isatty():
        end = "\r\033[K" if done >= of else ""
        print(f"\r\033[K{what}: {done} of {of}{end}", end="", file=sys.stderr, flush=True)
