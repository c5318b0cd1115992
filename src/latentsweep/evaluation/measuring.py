"""All that applies to one model, measured on one split."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from latentsweep.errors import CheckpointError
from latentsweep.evaluation.encoding import Encoded, encode, of_all_ranks
from latentsweep.evaluation.images import SplitImages
from latentsweep.evaluation.likelihoods import by_quadrature, importance
from latentsweep.metrics.importance import ImportanceEstimate
from latentsweep.metrics.interval import standard_error
from latentsweep.metrics.latent_statistics import (
    LatentStatistics,
    gaussian_total_correlation,
    latent_statistics,
)
from latentsweep.metrics.quadrature import QuadratureEstimate
from latentsweep.models.ae import AE
from latentsweep.models.vae import VAE
from latentsweep.training.ranks.ranks import Ranks


@dataclass(frozen=True)
class Effort:
    """How exactly a model is measured.

    Attributes:
        samples: k of the importance-weighted NLL.
        tolerance: of the quadrature, in nats per image; None: no quadrature.
        seed: of the noise.
    """

    samples: int
    tolerance: float | None
    seed: int


@dataclass(frozen=True)
class Measured:
    """What was found, of a whole split.

    Attributes:
        metrics: by name, in nats per image where they are nats.
        encoded: what the model makes of each image.
        statistics: of the latents.
        carried: what latents are sorted by, (latent,): mean KL; without a prior the variance of the
            codes.
        weighted: the importance-weighted estimate; None without a prior.
        exact: log p(x) by quadrature; None where that was not computed.
    """

    metrics: dict[str, float]
    encoded: Encoded
    statistics: LatentStatistics
    carried: Tensor
    weighted: ImportanceEstimate | None = None
    exact: QuadratureEstimate | None = None
    notes: list[str] = field(default_factory=list)


def measure(
    model: AE, images: SplitImages, effort: Effort, span: float, ranks: Ranks
) -> Measured | None:
    """Measure a model on all images of a split.

    Args:
        model: on the images' device and in evaluation mode.
        images: this rank's.
        effort: how exactly.
        span: of the values that pixels may have.
        ranks: which share the split.

    Returns:
        What was found, on rank 0; None elsewhere.

    Raises:
        CheckpointError: the model gives no finite numbers.
    """
    own = encode(model, images, span)
    _refuse_nan(own)
    whole = of_all_ranks(own, ranks)
    weighted = exact = None
    if isinstance(model, VAE):
        weighted = importance(model, images, own, effort.samples, effort.seed, ranks)
        if effort.tolerance is not None:
            exact = by_quadrature(model, images, own, effort.tolerance, ranks)
    if not ranks.leads:
        return None
    statistics = latent_statistics(whole.means, whole.variances)
    metrics = _of_images(whole) | _of_latents(whole, statistics)
    notes: list[str] = []
    if weighted is not None:
        metrics |= _of_likelihood(whole, weighted)
    else:
        metrics["reconstruction"] = float(whole.distortion.mean())
    if weighted is not None and exact is not None:
        metrics["quadrature_nll"] = exact.nll
        metrics["quadrature_nll_standard_error"] = exact.standard_error
        metrics["quadrature_error"] = exact.mean_error
        notes += _doubts(weighted, exact, effort)
    carried = whole.kl.mean(dim=0) if model.has_prior else statistics.variance_of_means
    return Measured(metrics, whole, statistics, carried, weighted, exact, notes)


def _refuse_nan(own: Encoded) -> None:
    if not (own.means.isfinite().all() and own.distortion.isfinite().all()):
        raise CheckpointError(
            "the model does not give finite numbers",
            found="NaN or infinities among codes or likelihoods of the test images",
            expected="weights of a run that did not diverge",
            mend="train with a smaller optimizer.learning_rate or trainer.gradient_clip_val=1",
        )


def _of_images(whole: Encoded) -> dict[str, float]:
    metrics = {
        "reconstruction_at_mean": float(whole.distortion.mean()),
        "mse": float(whole.squared_error.mean()),
        "mse_standard_error": standard_error(whole.squared_error),
    }
    if whole.similarity is not None:
        metrics["ssim"] = float(whole.similarity.mean())
        metrics["ssim_standard_error"] = standard_error(whole.similarity)
    return metrics


def _of_latents(whole: Encoded, statistics: LatentStatistics) -> dict[str, float]:
    active = statistics.active
    return {
        "active_units": float(active.sum()),
        "largest_correlation": statistics.largest_correlation,
        "gaussian_total_correlation": gaussian_total_correlation(whole.means),
        "gaussian_total_correlation_active": gaussian_total_correlation(whole.means[:, active]),
    }


def _of_likelihood(whole: Encoded, weighted: ImportanceEstimate) -> dict[str, float]:
    """The ELBO at weight 1 and its halves, the distortion as the mean over all samples."""
    rate = whole.kl.sum(dim=1)
    elbo = -(weighted.distortion + rate)
    spread = {"nll_monte_carlo_error": weighted.monte_carlo_error}  # of one sample unknown
    return {
        **(spread if weighted.samples > 1 else {}),
        "elbo": float(elbo.mean()),
        "elbo_standard_error": standard_error(elbo),
        "kl": float(rate.mean()),
        "reconstruction": float(weighted.distortion.mean()),
        "nll": weighted.nll,
        "nll_standard_error": weighted.standard_error,
        "nll_samples": float(weighted.samples),
        "nll_effective_samples": float(weighted.effective.median()),
    }


def _doubts(weighted: ImportanceEstimate, exact: QuadratureEstimate, effort: Effort) -> list[str]:
    """Images whose integral did not settle, or lies below the bound by more than both may err."""
    doubts = []
    unsettled = int((exact.error > (effort.tolerance or 0.0)).sum())
    if unsettled:
        doubts.append(
            f"{unsettled} of {len(exact.error)} images: the quadrature still moves by more than "
            f"{effort.tolerance:g} nats at the most nodes"
        )
    margin = exact.error + 4 * weighted.variance.nan_to_num(torch.inf).sqrt() + 1e-3
    excess = weighted.log_likelihood - exact.log_likelihood
    above = excess > margin
    if not above.any():
        return doubts
    moved = float(excess[above].sum()) / len(excess)
    return [
        *doubts,
        f"{int(above.sum())} of {len(above)} images: the importance-weighted bound lies above "
        "log p(x) by quadrature, which may not have seen all of their posteriors; with the bound "
        f"in its place the mean would be {moved:.2g} nats higher",
    ]


def per_image(measured: Measured) -> dict[str, Tensor]:
    """What is known of each image, (n,) each, by name."""
    whole = measured.encoded
    found = {"mse": whole.squared_error}
    if whole.similarity is not None:
        found["ssim"] = whole.similarity
    if measured.weighted is None:
        return {**found, "reconstruction": whole.distortion}
    found["kl"] = whole.kl.sum(dim=1)
    found["reconstruction"] = measured.weighted.distortion
    found["elbo"] = -(found["kl"] + found["reconstruction"])
    found["iwae"] = measured.weighted.log_likelihood
    if measured.exact is not None:
        found["log_p"] = measured.exact.log_likelihood
        found["log_p_error"] = measured.exact.error
    return found
