"""The figures of an evaluation, each with the numbers behind it."""

from collections.abc import Iterator

import torch
from torch import Tensor

from latentsweep.data.splits import Split
from latentsweep.evaluation.measuring import Measured
from latentsweep.evaluation.subject import Subject
from latentsweep.figures.correlations import correlations
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.interpolations import interpolations
from latentsweep.figures.kl_bars import kl_bars
from latentsweep.figures.latent_map import latent_map
from latentsweep.figures.manifold import manifold
from latentsweep.figures.traversals import traversals
from latentsweep.metrics.latent_statistics import correlation_with
from latentsweep.models.ae import AE

_PAIRS = 5
_MAP_POINTS = 3000
_MOST_CORRELATED = 64


def figures(subject: Subject, model: AE, measured: Measured) -> Iterator[tuple[str, Drawn]]:
    """All that apply to a model, each with its name.

    Args:
        subject: what was evaluated.
        model: on the CPU.
        measured: what was found.
    """
    test = subject.splits.test
    rate = measured.encoded.kl.mean(dim=0)
    has_prior = model.has_prior
    importance = rate if has_prior else measured.statistics.variance_of_means
    chosen = _chosen(test)
    images = test.images(chosen).float().cpu()
    yield "traversals", traversals(model, images[0], importance, has_prior=has_prior)
    pairs = len(images) // 2
    yield "interpolations", interpolations(model, images[:pairs], images[pairs : 2 * pairs])
    if model.latent_size == 2:
        yield "manifold", manifold(model, images)
    if has_prior:
        yield "kl_per_latent", kl_bars(rate.numpy())
    yield from _correlations(test, measured, importance)
    if model.latent_size > 1:
        yield from _maps(test, measured, importance, has_prior=has_prior)


def _chosen(test: Split) -> Tensor:
    """Positions of ten images, of as many classes as there are."""
    if test.labels is None:
        count = min(2 * _PAIRS, len(test))
        return torch.linspace(0, len(test) - 1, count).long()
    labels = test.labels
    firsts = [int((labels == label).nonzero()[0]) for label in labels.unique(sorted=True)]
    left = [place for place in range(len(test)) if place not in set(firsts)]
    return torch.tensor((firsts + left)[: 2 * _PAIRS])


def _correlations(
    test: Split, measured: Measured, importance: Tensor
) -> Iterator[tuple[str, Drawn]]:
    order = importance.argsort(descending=True, stable=True)[:_MOST_CORRELATED]
    names = [f"z{latent}" for latent in order.tolist()]
    if len(order) > 1:
        between = measured.statistics.correlation[order][:, order]
        yield "correlation", correlations(between, names, names, title="Correlation of latents")
    factors = test.factors
    if factors is not None:
        known = test.image_set.factor_names or [f"factor {j}" for j in range(factors.shape[1])]
        found = correlation_with(measured.encoded.means[:, order], factors)
        yield (
            "factors",
            correlations(found, names, list(known), title="Correlation of latents with factors"),
        )


def _maps(
    test: Split, measured: Measured, importance: Tensor, *, has_prior: bool
) -> Iterator[tuple[str, Drawn]]:
    """The two latents that carry most, in the colours of the class or of each factor."""
    places = torch.linspace(0, len(test) - 1, min(_MAP_POINTS, len(test))).long()
    codes = measured.encoded.means[places].numpy()
    carried = importance.numpy()
    if test.labels is not None:
        classes = [str(label) for label in test.labels[places].tolist()]
        yield "latent_map", latent_map(codes, carried, classes=classes, has_prior=has_prior)
    factors = test.factors
    if factors is None:
        if test.labels is None:
            yield "latent_map", latent_map(codes, carried, has_prior=has_prior)
        return
    known = test.image_set.factor_names or [f"factor_{j}" for j in range(factors.shape[1])]
    for column, name in enumerate(known):
        shades = factors[places, column]
        yield (
            f"latent_map_{name}",
            latent_map(
                codes, carried, factor=shades.numpy(), factor_name=name, has_prior=has_prior
            ),
        )
