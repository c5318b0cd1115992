"""A run's model and its baselines, measured on the test split."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace

import torch

from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.evaluation.baselines import Fitted, fit_components
from latentsweep.evaluation.evaluation import Evaluation, about_numbers
from latentsweep.evaluation.images import images_of
from latentsweep.evaluation.measuring import Effort, Measured, measure
from latentsweep.evaluation.notes import reader_notes
from latentsweep.evaluation.plan import Plan
from latentsweep.evaluation.read_codes import read_codes
from latentsweep.evaluation.subject import Subject
from latentsweep.evaluation.units import find_units
from latentsweep.models.ae import AE
from latentsweep.models.ppca import pca_model, ppca_model
from latentsweep.training.device import choose_device
from latentsweep.training.kept_memory import kept_memory
from latentsweep.training.numerics import prepare_device
from latentsweep.training.ranks.ranks import Ranks

# What PCA is reported by; the rest says nothing of it, or the same as of pPCA.
_OF_PCA = ("mse", "ssim", "probe_accuracy")
# Of pPCA, whose posterior is exact: one sample gives log p(x) itself.
_NOT_OF_PPCA = (
    "nll_effective_samples",
    "reconstruction_at_mean",
    "elbo",
    "elbo_standard_error",
    "nll_samples",
    "nll_monte_carlo_error",
)


def evaluated(
    subject: Subject, plan: Plan, settings: EvaluateConfig, ranks: Ranks
) -> Evaluation | None:
    """Measure a model and its baselines; None on all ranks but the first.

    Raises:
        MetricError: scores were asked for that the data's factors do not support.
    """
    device = choose_device(subject.config.trainer, ranks)
    prepare_device(subject.config, device)
    with kept_memory() if device.type == "cpu" else nullcontext():
        return _evaluated(subject, plan, settings, device, ranks)


def _evaluated(
    subject: Subject, plan: Plan, settings: EvaluateConfig, device: torch.device, ranks: Ranks
) -> Evaluation | None:
    model = subject.model.to(device)
    images = images_of(subject.splits.test, ranks, device)
    tolerance = settings.quadrature_tolerance if plan.quadrature else None
    effort = Effort(settings.importance_samples, tolerance, settings.seed)
    measured = measure(model, images, effort, subject.span, ranks)
    fitted = ranks.from_leader(
        lambda: fit_components(subject.splits, model.latent_size) if plan.baselines else None
    )
    exact = Effort(samples=1, tolerance=None, seed=settings.seed)
    baselines: dict[str, tuple[AE, Measured]] = {}
    for name, baseline in _baselines(fitted):
        of_it = measure(baseline.to(device), images, exact, subject.span, ranks)
        if of_it is not None:
            baselines[name] = (baseline.cpu(), of_it)
    if measured is None:
        return None
    notes = list(measured.notes)
    metrics = dict(measured.metrics)
    read = read_codes(subject, plan, model, measured, settings)
    metrics |= read.metrics
    notes += read.notes
    for name, (baseline, of_it) in baselines.items():
        metrics |= _of_baseline(name, subject, plan, baseline, of_it, settings)
    if plan.baselines and fitted is None:
        notes.append("no principal components: the images vary in no more directions than latents")
    model, test = model.cpu(), subject.splits.test
    linear = baselines.get("ppca")
    unknown = [name for name, value in metrics.items() if not math.isfinite(value)]
    if unknown:
        notes.append(f"not finite, and on no record: {', '.join(unknown)}")
    found = Evaluation(
        model=model,
        measured=measured,
        linear=linear,
        fitted=fitted,
        units=find_units(model, measured, test, settings.seed),
        linear_units=find_units(*linear, test, settings.seed) if linear else None,
        metrics={name: value for name, value in metrics.items() if name not in unknown},
        step=subject.step,
        images=len(subject.splits.test),
        about=about_numbers(settings, device),
        notes=notes,
    )
    return replace(found, notes=reader_notes(subject, found))


def _baselines(fitted: Fitted | None) -> list[tuple[str, AE]]:
    if fitted is None:
        return []
    return [("ppca", ppca_model(fitted.components)), ("pca", pca_model(fitted.components))]


def _of_baseline(
    name: str,
    subject: Subject,
    plan: Plan,
    model: AE,
    measured: Measured,
    settings: EvaluateConfig,
) -> dict[str, float]:
    """A baseline's numbers, so far as they say something of it."""
    if name == "pca":  # whose codes are pPCA's, scaled
        plan = replace(plan, disentanglement=False)
    found = measured.metrics | read_codes(subject, plan, model, measured, settings).metrics
    if name == "pca":
        return {f"pca/{key}": found[key] for key in _OF_PCA if key in found}
    found["reconstruction"] = found["nll"] - found["kl"]
    if plan.quadrature:
        found["quadrature_nll"] = found["nll"]
    return {f"ppca/{key}": value for key, value in found.items() if key not in _NOT_OF_PPCA}
