"""The pictures of a comparison, of the first seed's models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from latentsweep.comparison.findings import Finding
from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import BetaVAEConfig
from latentsweep.evaluation.baselines import fit_components, ppca_curve
from latentsweep.evaluation.encoding import Encoded, encode
from latentsweep.evaluation.figures import latent_maps, some_images
from latentsweep.evaluation.images import images_of
from latentsweep.evaluation.subject import Subject
from latentsweep.figures.against_weight import AtWeight, against_weight
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.image_rows import image_rows
from latentsweep.figures.rate_distortion import RatePoint, rate_distortion
from latentsweep.metrics.latent_statistics import latent_statistics
from latentsweep.models.ae import AE
from latentsweep.randomness import Stream
from latentsweep.training.noise import noise
from latentsweep.training.ranks.ranks import ALONE

_COLUMNS = 10
_PRIOR_ROWS = 2
_STEPS = 8
_AGAINST_BETA = ("elbo", "nll", "mig", "dci_disentanglement", "active_units", "mse")


@torch.no_grad()
def pictures(
    subjects: Mapping[str, Subject], findings: list[Finding]
) -> Iterator[tuple[str, Drawn]]:
    """Reconstructions, samples, interpolations, latent maps, rate and distortion, with names.

    Args:
        subjects: a run's model and data, by the name of the model.
        findings: of all seeds.
    """
    first = next(iter(subjects.values()))
    images = first.splits.test.images(some_images(first.splits.test, _COLUMNS)).float()
    models = {name: subject.model for name, subject in subjects.items()}
    yield (
        "reconstructions",
        image_rows(
            {"data": images[None]}
            | {name: model.reconstruct(images)[None] for name, model in models.items()},
            "Test images and their reconstructions",
        ),
    )
    yield (
        "samples",
        image_rows(
            {name: _samples(model) for name, model in models.items()},
            "Decoded from normal noise, the same for all",
        ),
    )
    yield (
        "interpolations",
        image_rows(
            {name: _between(model, images) for name, model in models.items()},
            "From one image to another in latent space",
            "between two images of the data: from the reconstruction of one to that of the other",
            ends="data",
        ),
    )
    for name, subject in subjects.items():
        yield from _maps(name, subject)
    points = list(_points(findings, list(models)))
    if points:
        yield "rate_distortion", rate_distortion(points, _curve(first))
    yield from _against_beta(subjects, findings)


def _curve(subject: Subject) -> tuple[list[float], list[float]] | None:
    """That of pPCA, where the models' nats are those of a normal density, too."""
    if not isinstance(subject.config.likelihood, GaussianConfig):
        return None
    fitted = fit_components(subject.splits, subject.model.latent_size)
    return ppca_curve(fitted) if fitted else None


def _against_beta(
    subjects: Mapping[str, Subject], findings: Sequence[Finding]
) -> Iterator[tuple[str, Drawn]]:
    """Metrics against the KL weight, where beta-VAEs of several are among the models."""
    betas = {
        name: subject.config.model.beta
        for name, subject in subjects.items()
        if isinstance(subject.config.model, BetaVAEConfig)
    }
    if len(set(betas.values())) < 2:
        return
    panels = {
        finding.label: [
            AtWeight(betas[name], values, found.mean, found.low, found.high)
            for name, values in finding.values.items()
            if name in betas
            for found in (finding.intervals[name],)
        ]
        for finding in findings
        if finding.name in _AGAINST_BETA
    }
    yield "against_beta", against_weight({name: each for name, each in panels.items() if each})


def _samples(model: AE) -> Tensor:
    drawn = noise(0, Stream.PICTURES, 0, _PRIOR_ROWS * _COLUMNS, model.latent_size)
    return model.sample(drawn).reshape(_PRIOR_ROWS, _COLUMNS, *model.shape)


def _between(model: AE, images: Tensor) -> Tensor:
    """Two ways between images, which stand at the ends: (2, steps + 2, channels, height, width)."""
    codes = model.encode(images)[0]
    half = len(codes) // 2
    ways: list[float] = torch.linspace(0, 1, _STEPS).tolist()
    rows = []
    for a, b in ((a, a + half) for a in range(min(2, half))):
        between = model.decode(torch.stack([torch.lerp(codes[a], codes[b], way) for way in ways]))
        rows.append(torch.cat([images[a : a + 1], between, images[b : b + 1]]))
    return torch.stack(rows)


def _maps(name: str, subject: Subject) -> Iterator[tuple[str, Drawn]]:
    test = subject.splits.test
    whole: Encoded = encode(
        subject.model, images_of(test, ALONE, torch.device("cpu")), subject.span
    )
    has_prior = subject.model.has_prior
    spread = latent_statistics(whole.means, whole.variances).variance_of_means
    importance = whole.kl.mean(dim=0) if has_prior else spread
    maps = latent_maps(test, whole.means, importance, name=name, has_prior=has_prior)
    for kind, drawn in maps:
        yield f"{kind}_{name.replace(' ', '')}", drawn


def _points(findings: list[Finding], models: list[str]) -> Iterator[RatePoint]:
    """Mean rate and distortion of each model that has both."""
    by_name = {finding.name: finding for finding in findings}
    rate, distortion = by_name.get("kl"), by_name.get("reconstruction")
    if rate is None or distortion is None:
        return
    for model in models:
        if model in rate.intervals and model in distortion.intervals:
            across, up = rate.intervals[model], distortion.intervals[model]
            yield RatePoint(
                across.mean,
                up.mean,
                label=model,
                group=model,
                rate_interval=(across.low, across.high),
                distortion_interval=(up.low, up.high),
            )
