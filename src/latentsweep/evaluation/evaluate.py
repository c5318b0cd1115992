"""A recorded run, evaluated on its test split: reads from top to bottom."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from latentsweep.config.checks import refuse_password
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.evaluation.baselines import Fitted, fit_components
from latentsweep.evaluation.evaluation import SCORES, Evaluation, about_numbers, differing
from latentsweep.evaluation.figures import figures
from latentsweep.evaluation.images import images_of
from latentsweep.evaluation.measuring import Effort, Measured, measure
from latentsweep.evaluation.plan import Plan, make_plan
from latentsweep.evaluation.probe import probe_accuracy
from latentsweep.evaluation.subject import Subject, read_subject
from latentsweep.evaluation.told import show
from latentsweep.metrics.disentanglement.factor_vae_score import uncollapsed
from latentsweep.metrics.disentanglement.scores import disentanglement_scores
from latentsweep.models.ae import AE
from latentsweep.models.ppca import pca_model, ppca_model
from latentsweep.tracking.find_recorded import find_recorded
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import put_on_record
from latentsweep.training.device import choose_device, set_threads
from latentsweep.training.ranks.ranks import Ranks

# What principal components are reported by; the rest says nothing of them, or the same again.
_OF_PCA = ("mse", "ssim", "probe_accuracy")


def evaluate(reference: str, uri: str, settings: EvaluateConfig, ranks: Ranks) -> int:
    """Measure a recorded run's best model and put the numbers on its record.

    Args:
        reference: a run's directory or name, the id of its MLflow run, or a registered model.
        uri: of the store to ask for a run that does not lie here; empty: this directory's own.
        settings: what is measured, and how exactly.
        ranks: which share the images.

    Returns:
        0.

    Raises:
        LatentsweepError: the run, its model or its data cannot be found, or something was asked
            for that does not apply to it.
    """
    refuse_password(uri, "URI")
    with tempfile.TemporaryDirectory() as directory:
        run = find_recorded(reference, uri, Path(directory))
        subject = read_subject(run, settings)
        plan = make_plan(subject, settings)
        set_threads(subject.config.trainer, ranks)
        found = evaluated(subject, plan, settings, ranks)
        if found is not None:
            _finish(subject, found, Path(directory))
    return 0


def evaluated(
    subject: Subject, plan: Plan, settings: EvaluateConfig, ranks: Ranks
) -> Evaluation | None:
    """Measure a model and its baselines; None on all ranks but the first."""
    device = choose_device(subject.config.trainer, ranks)
    model = subject.model.to(device)
    images = images_of(subject.splits.test, ranks, device)
    tolerance = settings.quadrature_tolerance if plan.quadrature else None
    effort = Effort(settings.importance_samples, tolerance, settings.seed)
    measured = measure(model, images, effort, subject.span, ranks)
    fitted = None
    if plan.baselines and ranks.leads:
        fitted = fit_components(subject.splits, model.latent_size)
    fitted = ranks.from_leader(lambda: fitted)
    metrics: dict[str, float] = {}
    for name, baseline in _baselines(fitted):
        of_it = measure(baseline.to(device), images, Effort(1, None, 0), subject.span, ranks)
        if of_it is not None:
            metrics |= _of_baseline(name, subject, plan, baseline, of_it, settings.seed)
    if measured is None:
        return None
    metrics = _of_codes(subject, plan, model, measured, settings.seed) | metrics
    notes = list(measured.notes)
    if plan.baselines and fitted is None:
        notes.append("no principal components: the images vary in no more directions than latents")
    return Evaluation(
        measured=measured,
        metrics={**measured.metrics, **metrics},
        step=subject.step,
        images=len(subject.splits.test),
        about=about_numbers(settings, device),
        notes=notes,
    )


def _baselines(fitted: Fitted | None) -> list[tuple[str, AE]]:
    if fitted is None:
        return []
    return [("ppca", ppca_model(fitted.components)), ("pca", pca_model(fitted.components))]


def _of_codes(
    subject: Subject, plan: Plan, model: AE, measured: Measured, seed: int
) -> dict[str, float]:
    """What can be read from the codes: the classes, or the factors."""
    metrics = {}
    if plan.probe:
        metrics["probe_accuracy"] = probe_accuracy(model, subject.splits, measured.encoded.means)
    factors = subject.splits.test.factors
    if plan.disentanglement and factors is not None:
        means = measured.encoded.means
        metrics |= disentanglement_scores(means, factors, seed, uncollapsed(means))
    return metrics


def _of_baseline(
    name: str, subject: Subject, plan: Plan, model: AE, measured: Measured, seed: int
) -> dict[str, float]:
    """A baseline's numbers, so far as they say something of it."""
    if name == "pca":  # whose codes are pPCA's, scaled
        plan = replace(plan, disentanglement=False)
    found = measured.metrics | _of_codes(subject, plan, model, measured, seed)
    if name == "pca":
        return {f"pca/{key}": found[key] for key in _OF_PCA if key in found}
    # Its posterior is exact, and so is one sample's NLL; the rest of it is distortion.
    found["reconstruction"] = found["nll"] - found["kl"]
    left_out = {"elbo", "elbo_standard_error", "nll_samples", "nll_monte_carlo_error"}
    return {f"ppca/{key}": value for key, value in found.items() if key not in left_out}


def _finish(subject: Subject, found: Evaluation, directory: Path) -> None:
    """Tell the numbers, and put them on record unless they are there."""
    before = _on_record(subject)
    same = before is not None and not differing(found.scores(), before)
    written = True
    if not same:
        pictures, numbers = _drawn(subject, found, directory)
        note = Note(
            tags={"latentsweep.evaluated_step": str(found.step)},
            texts={SCORES: found.scores_text(), **found.tables(), **numbers},
            metrics=found.recorded_metrics(),
            files=pictures,
        )
        written = put_on_record(subject.run, note)
    show(subject, found, before, recorded=written)


def _drawn(
    subject: Subject, found: Evaluation, directory: Path
) -> tuple[dict[str, Path], dict[str, str]]:
    """The figures as files, and the numbers behind them as CSV, by their names on record."""
    pictures, numbers = {}, {}
    for name, drawn in figures(subject, subject.model.cpu(), found.measured):
        path = directory / f"{name}.png"
        path.write_bytes(drawn.png())
        pictures[f"test/{path.name}"] = path
        numbers[f"test/{name}.csv"] = drawn.csv()
    return pictures, numbers


def _on_record(subject: Subject) -> dict[str, object] | None:
    text = subject.run.text(SCORES)
    try:
        before = json.loads(text) if text else None
    except ValueError:
        return None
    return before if isinstance(before, dict) else None
