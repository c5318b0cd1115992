"""A comparison as one HTML file that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from latentsweep.comparison.findings import LEVEL, Finding
from latentsweep.comparison.request import Request
from latentsweep.evaluation.told import number_told
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.page import html_table, page, picture, section
from latentsweep.metrics.interval import Interval

PAGE = "comparison.html"
_SHARP = 130  # dots per inch
_FEW = 4  # seeds
_TITLES = {
    "reconstructions": "Reconstructions",
    "samples": "Drawn from the prior",
    "interpolations": "Interpolations",
    "rate_distortion": "Rate and distortion",
    "against_beta": "Against the KL weight",
}
_CAPTIONS = {
    "reconstructions": "Of the posterior means, by the first seed's models.",
    "samples": "Nothing made an autoencoder's codes normal: its images show how far they are "
    "from it.",
    "interpolations": "Straight lines between codes.",
    "rate_distortion": "Means over seeds with their 95 % intervals; an autoencoder has no rate.",
}


def comparison_page(
    request: Request, findings: Sequence[Finding], drawn: Mapping[str, Drawn], images: int
) -> str:
    """The page.

    Args:
        request: what was compared.
        findings: a metric each.
        drawn: the pictures by name.
        images: how many test images were measured.
    """
    config = request.first
    title = f"{', '.join(request.models)} on {config.data.name}"
    told = (
        f"{config.model.latent_size} latents, network {config.network.name}, likelihood "
        f"{config.likelihood.name}, {config.trainer.max_epochs} epochs, {len(request.seeds)} seeds "
        f"each; {images:,} test images, best checkpoints."
    )
    header = (
        f'<div class="details">Comparison {escape(request.name)}</div><h1>{escape(title)}</h1>'
        f"<p>{escape(told)}</p>"
    )
    headings, rows = table_rows(request, findings)
    caption = (
        "Mean over seeds and the 95 % interval of the mean (Student). Tests: paired by seed, "
        f"two-sided, with Holm's correction over all tests of this page; significant below {LEVEL}."
    )
    if len(request.seeds) < _FEW:
        caption += f" Of {len(request.seeds)} seeds hardly any difference is significant."
    body = html_table(headings[:-1], [row[:-1] for row in rows], remarks=[row[-1] for row in rows])
    sections = [section("Scores on the test split", body, caption)]
    sections += [
        section(
            _title(name),
            picture(each.png(_SHARP), each.told),
            _CAPTIONS.get(name, ""),
            wide=name in ("reconstructions", "samples", "interpolations"),
        )
        for name, each in drawn.items()
    ]
    return page(title, header, sections)


def table_rows(request: Request, findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells: a row a metric, with a sentence at its end."""
    baselines = [
        name for name in ("pPCA", "PCA") if any(name in each.baselines for each in findings)
    ]
    headings = ["metric", "unit", *request.models, *baselines, "what the tests say"]
    rows = [
        [
            finding.label,
            finding.unit,
            *(_told(finding.intervals.get(model), finding.digits) for model in request.models),
            *(number_told(finding.baselines.get(name), finding.digits) for name in baselines),
            finding.sentence(),
        ]
        for finding in findings
    ]
    return headings, rows


def short_rows(request: Request, findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table for the terminal, which has 80 columns."""
    headings = ["metric", *request.models, "pPCA"]
    rows = [
        [
            finding.label,
            *(_short(finding.intervals.get(model), finding.digits) for model in request.models),
            number_told(finding.baselines.get("pPCA"), finding.digits),
        ]
        for finding in findings
    ]
    return headings, rows


def _short(interval: Interval | None, digits: int) -> str:
    if interval is None:
        return "none"
    return f"{interval.mean:,.{digits}f} +-{interval.high - interval.mean:.{digits}f}"


def _told(interval: Interval | None, digits: int) -> str:
    if interval is None:
        return "none"
    mean = f"{interval.mean:,.{digits}f}"
    if math.isnan(interval.low):
        return mean
    return f"{mean} [{interval.low:,.{digits}f}, {interval.high:,.{digits}f}]"


def _title(name: str) -> str:
    words = name.removeprefix("latent_map_").replace("_", " ")
    return _TITLES.get(name, f"Latent map: {words}")
