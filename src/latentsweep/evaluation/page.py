"""An evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from latentsweep.evaluation.evaluation import Evaluation
from latentsweep.evaluation.subject import Subject
from latentsweep.evaluation.told import score_rows
from latentsweep.evaluation.units import Units
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.page import html_table, page, picture, section

PAGE = "test/evaluation.html"
_SHARP = 130  # dots per inch, for screens and print
_CAPTIONS = {
    "traversals": "What each unit encodes",
    "ppca_traversals": "What each unit of probabilistic PCA encodes",
    "manifold": "The whole latent plane",
    "latent_map": "Where the test images lie",
    "interpolations": "Between pairs of test images",
    "kl_per_latent": "Rate of each latent",
    "rate_distortion": "Rate and distortion beside probabilistic PCA",
    "correlation": "How distinct the latents are",
    "factors": "Latents and factors",
}


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
        + "".join(f'<p class="details">{escape(note)}</p>' for note in found.notes)
    )
    headings, rows = score_rows(found)
    sections = [section("Scores on the test split", html_table(headings, rows), wide=False)]
    sections.append(section("Units", _units(found), _ABOUT_UNITS, wide=False))
    sections += [
        section(_caption(name), picture(each.png(_SHARP), each.told), wide=False)
        for name, each in drawn.items()
    ]
    return page(title, header, sections)


_ABOUT_UNITS = (
    "Share of the decoded images' variance that a unit has alone, and with all that it does with "
    "others (Sobol); share of its variance between the values of each factor, or between classes "
    "(eta squared); greatest overlap: the cosine between the pixels that it and another unit move, "
    "1 where they move the same."
)


def _caption(name: str) -> str:
    kind, _, factor = name.partition("latent_map_")
    return f"Latents, by {factor.replace('_', ' ')}" if factor else _CAPTIONS.get(name, kind)


def _units(found: Evaluation) -> str:
    parts = [_units_table("The model", found.units, has_prior=found.model.has_prior)]
    if found.linear_units is not None:
        parts.append(_units_table("Probabilistic PCA", found.linear_units, has_prior=True))
    return "".join(parts)


def _units_table(name: str, units: Units, *, has_prior: bool) -> str:
    names = [f"z{latent}" for latent in units.latents]
    headings = ["unit", "KL" if has_prior else "variance", "alone", "together", *units.factors]
    headings.append("greatest overlap")
    rows = [
        [
            names[place],
            f"{units.importance[place]:.2f}",
            f"{units.alone[place]:.1%}",
            f"{units.together[place]:.1%}",
            *(f"{value:.2f}" for value in units.related[place].tolist()),
            _greatest_overlap(units, place),
        ]
        for place in range(len(names))
    ]
    return f"<h3>{escape(name)}</h3>{html_table(headings, rows)}"


def _greatest_overlap(units: Units, place: int) -> str:
    others = [other for other in range(len(units.latents)) if other != place]
    if not others:
        return ""
    other = max(others, key=lambda each: float(units.overlap[place, each]))
    return f"{units.overlap[place, other]:.2f} with z{units.latents[other]}"
