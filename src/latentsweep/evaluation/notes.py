"""What a reader of an evaluation's numbers has to know."""

from __future__ import annotations

import math

from latentsweep.config.likelihood import is_density
from latentsweep.config.model import BetaVAEConfig, VAEConfig
from latentsweep.evaluation.evaluation import Evaluation
from latentsweep.evaluation.subject import Subject

_PROTOCOL = 15_000  # points: 10,000 to train on and 5,000 to test
_NO_FACTORS_OF_DSPRITES = "sprites_rendered"


def reader_notes(subject: Subject, found: Evaluation) -> list[str]:
    """What follows from the numbers and from what they are of, beside the notes that they have."""
    told = list(found.notes)
    metrics, config = found.metrics, subject.config
    if "nll" in metrics:
        told.insert(
            0,
            f"NLL, weighted: a bound from above by {metrics['nll_samples']:.0f} samples an image, "
            f"as good as {metrics['nll_effective_samples']:.1f} of equal weight (median); where "
            "these are few, log p(x) may be far off",
        )
    if "quadrature_error" in metrics:
        told.append(f"the quadrature's own error is about {metrics['quadrature_error']:.2g} nats")
    if isinstance(config.model, VAEConfig | BetaVAEConfig):
        beta = config.model.beta
        normalised = beta * config.model.latent_size / math.prod(subject.splits.shape)
        told.append(
            f"KL weight {beta:g} in training, as beta * latents / pixels {normalised:.3g} "
            "(Higgins et al. 2017)"
        )
    if "ppca/nll" in metrics and not is_density(config.likelihood):
        told.append(
            "p(x) of this run is a probability of binary pixels, pPCA's is a density: their nats "
            "do not compare"
        )
    if "mig" in metrics and config.data.name == _NO_FACTORS_OF_DSPRITES:
        told.append("these sprites are not dSprites: published scores are of other images")
    if "mig" in metrics and found.images < _PROTOCOL:
        told.append(
            f"scores of {found.images:,} images; the published protocols take {_PROTOCOL:,}, and "
            "the fewer they are, the higher codes score by chance"
        )
    if "mig" in metrics:
        versions = found.about["versions"]
        told.append(f"scores by scikit-learn {versions['scikit-learn']}")
    return told
