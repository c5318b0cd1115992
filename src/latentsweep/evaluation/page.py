"""An evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from latentsweep.evaluation.evaluation import Evaluation
from latentsweep.evaluation.measuring import Measured
from latentsweep.evaluation.subject import Subject
from latentsweep.evaluation.told import notes, score_rows
from latentsweep.evaluation.units import Units, find_units
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.page import html_table, page, picture, section
from latentsweep.models.ae import AE

PAGE = "test/evaluation.html"
_SHARP = 130  # dots per inch, for screens and print
_CAPTIONS = {
    "traversals": "What each unit encodes",
    "ppca_traversals": "The same of probabilistic PCA",
    "manifold": "The whole latent plane",
    "latent_map": "Where the test images lie",
    "interpolations": "Between pairs of test images",
    "kl_per_latent": "Rate of each latent",
    "rate_distortion": "Rate and distortion beside probabilistic PCA",
    "correlation": "How distinct the latents are",
    "factors": "Latents and factors",
}
_MODEL, _LINEAR = "The model", "Probabilistic PCA"


def evaluation_page(subject: Subject, found: Evaluation, drawn: Mapping[str, Drawn]) -> str:
    """The page.

    Args:
        subject: what was evaluated.
        found: what was found.
        drawn: its figures, by name.
    """
    config = subject.config
    title = f"{config.model.name} of {config.model.latent_size} latents on {config.data.name}"
    header = (
        f'<div class="details">Evaluation of the run {escape(subject.run.name)}, '
        f"{found.images:,} test images, best model (step {found.step:,})</div>"
        f"<h1>{escape(title)}</h1>"
        + "".join(f'<p class="details">{escape(note)}</p>' for note in notes(subject, found))
    )
    headings, rows = score_rows(found)
    sections = [section("Scores on the test split", html_table(headings, rows), wide=False)]
    sections.append(section("Units", _units(subject, found), _ABOUT_UNITS, wide=False))
    sections += [
        section(_caption(name), picture(each.png(_SHARP), name), wide=False)
        for name, each in drawn.items()
    ]
    return page(title, header, sections)


_ABOUT_UNITS = (
    "KL in nats per image; share of the decoded images' variance that a unit has alone, and with "
    "all that it does together with others (Sobol); its correlation with each factor, or the "
    "share of its variance that lies between classes; overlap: the cosine between the pixels "
    "that two units move, the greatest of each."
)


def _caption(name: str) -> str:
    kind, _, factor = name.partition("latent_map_")
    return f"Latents, by {factor.replace('_', ' ')}" if factor else _CAPTIONS.get(name, kind)


def _units(subject: Subject, found: Evaluation) -> str:
    parts = [_units_table(_MODEL, _found_units(subject, found.model, found.measured, found))]
    if found.linear is not None:
        parts.append(_units_table(_LINEAR, _found_units(subject, *found.linear, found)))
    return "".join(parts)


def _found_units(subject: Subject, model: AE, measured: Measured, found: Evaluation) -> Units:
    seed = int(found.about["settings"]["seed"])
    return find_units(model.cpu(), measured, subject.splits.test, seed)


def _units_table(name: str, units: Units) -> str:
    headings = ["unit", "KL", "alone", "together", *units.factors, "overlap"]
    away = units.overlap.clone().fill_diagonal_(0.0).max(dim=1).values.tolist()
    rows = [
        [
            f"z{latent}",
            f"{units.importance[place]:.2f}",
            f"{units.alone[place]:.1%}",
            f"{units.together[place]:.1%}",
            *(f"{value:.2f}" for value in units.related[place].tolist()),
            f"{away[place]:.2f}",
        ]
        for place, latent in enumerate(units.latents)
    ]
    return f"<h3>{escape(name)}</h3>{html_table(headings, rows)}"
