"""What can be read from a model's codes: the classes, and the factors."""

from dataclasses import dataclass, field

from torch import Tensor

from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.errors import MetricError
from latentsweep.evaluation.measuring import Measured
from latentsweep.evaluation.plan import Plan
from latentsweep.evaluation.probe import probe_accuracy
from latentsweep.evaluation.subject import Subject
from latentsweep.metrics.disentanglement.scores import disentanglement_scores
from latentsweep.models.ae import AE

# Nats below which a latent tells nothing, and has no vote in the FactorVAE score. The protocol's
# threshold, a variance of 0.05, would depend on the scale of the codes.
_INFORMATIVE = 0.01


@dataclass
class Read:
    """What could be read.

    Attributes:
        metrics: by name.
        notes: what could not, and why.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_codes(
    subject: Subject, plan: Plan, model: AE, measured: Measured, settings: EvaluateConfig
) -> Read:
    """Read classes and factors from the codes of the test images.

    Raises:
        MetricError: scores were asked for that the data's factors do not support.
    """
    found = Read()
    if plan.probe:
        try:
            accuracy = probe_accuracy(model, subject.splits, measured.encoded.means)
            found.metrics["probe_accuracy"] = accuracy
        except MetricError as error:
            found.notes.append(f"no linear probe: {error.found}")
    factors = subject.splits.test.factors
    if plan.disentanglement and factors is not None:
        try:
            found.metrics |= _scores(model, measured, factors, settings.seed)
        except MetricError as error:
            if settings.disentanglement == "always":
                raise
            found.notes.append(f"no scores against factors: {error.what} ({error.found})")
    return found


def _scores(model: AE, measured: Measured, factors: Tensor, seed: int) -> dict[str, float]:
    informative = measured.encoded.kl.mean(dim=0) > _INFORMATIVE
    active = informative if model.has_prior else None
    return disentanglement_scores(measured.encoded.means, factors, seed, active)
