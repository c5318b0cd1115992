"""Which measurements apply to a run, and a refusal of those that were asked for and do not."""

from dataclasses import dataclass

from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.errors import ConfigError
from latentsweep.evaluation.subject import Subject
from latentsweep.metrics.quadrature import MOST_LATENTS, RULES


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        quadrature: whether log p(x) is computed by it.
        disentanglement: whether codes are scored against factors.
        probe: whether classes are read from the codes.
        baselines: whether principal components are measured, too.
    """

    quadrature: bool
    disentanglement: bool
    probe: bool
    baselines: bool


def make_plan(subject: Subject, settings: EvaluateConfig) -> Plan:
    """What applies to a run.

    Raises:
        ConfigError: something was asked for that does not.
    """
    test = subject.splits.test
    if settings.quadrature == "always":
        _check_quadrature(subject)
    if settings.disentanglement == "always" and test.factors is None:
        raise ConfigError(
            f"data={subject.config.data.name} does not know the factors that made its images",
            found="disentanglement=always",
            expected="data with factors: sprites_rendered, dsprites, shapes3d, or arrays with "
            "factors in their file",
            mend="RUN= the directory of make seeds or of a sweep: UDR ranks runs of several seeds "
            "by their agreement, without factors",
        )
    few = subject.model.latent_size <= MOST_LATENTS
    return Plan(
        quadrature=settings.quadrature != "never" and few and subject.model.has_prior,
        disentanglement=settings.disentanglement != "never" and test.factors is not None,
        probe=test.labels is not None,
        baselines=settings.baselines,
    )


def _check_quadrature(subject: Subject) -> None:
    latents = subject.model.latent_size
    if not subject.model.has_prior:
        raise ConfigError(
            "an autoencoder has no p(x)",
            found=f"quadrature=always and model={subject.config.model.name}",
            expected="a model with a prior",
            mend="quadrature=auto",
        )
    if latents > MOST_LATENTS:
        raise ConfigError(
            f"log p(x) by quadrature over {latents} latents would need "
            f"{RULES[0] ** latents:,} nodes an image at least: they grow as a power of the latent "
            "size",
            found=f"quadrature=always and model.latent_size={latents}",
            expected=f"at most {MOST_LATENTS} latents",
            mend="importance_samples=5000, whose NLL is a bound from above that comes closer the "
            "more samples there are",
        )
