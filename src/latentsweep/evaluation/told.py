"""An evaluation on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latentsweep.evaluation.evaluation import Evaluation, differing
from latentsweep.evaluation.subject import Subject
from latentsweep.tracking.terminal_table import table_told

NATS, SCORE = "nats", "0 to 1"
# By metric: what a person calls it, its unit, and digits behind the point.
ROWS: dict[str, tuple[str, str, int]] = {
    "elbo": ("ELBO, weight 1", NATS, 2),
    "reconstruction": ("distortion", NATS, 2),
    "reconstruction_at_mean": ("at the mean code", NATS, 2),
    "kl": ("rate (KL)", NATS, 2),
    "nll": ("NLL, weighted", NATS, 2),
    "quadrature_nll": ("NLL, quadrature", NATS, 2),
    "mse": ("MSE", "a pixel", 5),
    "ssim": ("SSIM", "up to 1", 4),
    "active_units": ("active units", "latents", 0),
    "largest_correlation": ("greatest correlation", SCORE, 3),
    "gaussian_total_correlation": ("total correlation", NATS, 3),
    "gaussian_total_correlation_active": ("of active units", NATS, 3),
    "probe_accuracy": ("linear probe", SCORE, 4),
    "mig": ("MIG", SCORE, 3),
    "dci_disentanglement": ("DCI disentanglement", SCORE, 3),
    "dci_completeness": ("DCI completeness", SCORE, 3),
    "dci_informativeness": ("DCI informativeness", SCORE, 3),
    "sap": ("SAP", SCORE, 3),
    "beta_vae_score": ("beta-VAE score", SCORE, 3),
    "factor_vae_score": ("FactorVAE score", SCORE, 3),
    "modularity": ("modularity", SCORE, 3),
    "explicitness": ("explicitness", SCORE, 3),
}
BASELINES = {"ppca": "pPCA", "pca": "PCA"}
_ERROR = "_standard_error"


def show_scores(subject: Subject, found: Evaluation) -> None:
    """Print the numbers, and what a reader has to know of them."""
    print(scores_told(subject, found))
    for note in found.notes:
        print(f"note:       {note}")


def show_record(subject: Subject, found: Evaluation, before: Mapping[str, Any] | None) -> None:
    """Print how the numbers stand beside those of an evaluation before, and where they are."""
    print(f"record:     {_record_told(found, before)}")
    run = subject.run
    if run.directory:
        print(f"files:      {run.directory / 'files' / 'test'}")
    if run.identity:
        print(f"MLflow run: {run.identity.run_id}, metrics and artifacts test/")


def scores_told(subject: Subject, found: Evaluation) -> str:
    """The numbers as a table for the terminal."""
    model = subject.config.model
    title = (
        f"{found.images:,} test images, {model.name} of {model.latent_size} latents, "
        f"step {found.step}"
    )
    headings, rows = score_rows(found)
    return table_told(title, headings, rows, numbers=True)


def score_rows(found: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the numbers, with those of the baselines beside them."""
    baselines = [name for name in BASELINES if f"{name}/mse" in found.metrics]
    headings = ["metric", "value", "+-", *(BASELINES[name] for name in baselines), "unit"]
    rows = []
    for name, (label, unit, digits) in ROWS.items():
        if name in found.metrics:
            error = found.metrics.get(f"{name}{_ERROR}")
            others = [found.metrics.get(f"{baseline}/{name}") for baseline in baselines]
            numbers = [number_told(each, digits) for each in (found.metrics[name], error, *others)]
            rows.append([label, *numbers, unit])
    return headings, rows


def number_told(value: float | None, digits: int) -> str:
    """A number with so many digits behind the point; nothing where there is none."""
    return "" if value is None else f"{value:,.{digits}f}"


def _record_told(found: Evaluation, before: Mapping[str, Any] | None) -> str:
    """How the numbers stand beside those of an evaluation before."""
    if before is None:
        return "the first evaluation of this run"
    scores = found.scores()
    others = differing(scores, before)
    if not others:
        return "an evaluation before gave the same numbers, to the bit"
    causes = ("step", "settings", "code", "versions", "machine")
    changed = [name for name in causes if scores.get(name) != before.get(name)]
    shown = ", ".join(others[:4]) + (", ..." if len(others) > 4 else "")
    why = f"other {' and '.join(changed)}" if changed else "with nothing else changed: report this"
    count = f"{len(others)} numbers are" if len(others) > 1 else "one number is"
    return f"{count} not what the evaluation before gave ({shown}): {why}"
