"""The figures of an evaluation, each with the numbers behind it."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.data.splits import Split
from latentsweep.evaluation.baselines import Fitted, ppca_curve
from latentsweep.evaluation.evaluation import Evaluation
from latentsweep.evaluation.measuring import Measured
from latentsweep.evaluation.subject import Subject
from latentsweep.evaluation.units import MOST_UNITS, factor_names
from latentsweep.figures.correlations import correlations
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.factor_shades import Factor
from latentsweep.figures.interpolations import interpolations
from latentsweep.figures.kl_bars import kl_bars
from latentsweep.figures.latent_map import latent_map
from latentsweep.figures.manifold import manifold
from latentsweep.figures.rate_distortion import RatePoint, rate_distortion
from latentsweep.figures.traversals import traversals
from latentsweep.metrics.latent_statistics import correlation_with
from latentsweep.randomness import Stream, permutation

_PAIRS = 5
_MAP_POINTS = 1000
_MOST_CORRELATED = 64
_OF_ITS_SIZE = "pPCA of its size"


def figures(subject: Subject, found: Evaluation) -> Iterator[tuple[str, Drawn]]:
    """All that apply to a run's model, each with its name."""
    test, model, measured = subject.splits.test, found.model, found.measured
    has_prior, importance = model.has_prior, measured.carried
    name = subject.config.model.name
    chosen = some_images(test, 2 * _PAIRS)
    images = test.images(chosen).float().cpu()
    start = f"test image {int(chosen[0])}"
    moved = traversals(model, images[0], importance, name=name, start=start, has_prior=has_prior)
    yield "traversals", moved
    if found.linear is not None and model.latent_size <= MOST_UNITS:
        linear, of_it = found.linear
        moved = traversals(linear, images[0], of_it.carried, name="pPCA", start=start)
        yield "ppca_traversals", moved
    pairs = len(images) // 2
    if pairs:
        starts, ends = images[:pairs], images[pairs : 2 * pairs]
        yield "interpolations", interpolations(model, starts, ends, name=name)
    if model.latent_size == 2:
        yield "manifold", manifold(model, images, name=name)
    if has_prior:
        yield "kl_per_latent", kl_bars(importance.numpy(), name=name)
    if found.fitted is not None and isinstance(subject.config.likelihood, GaussianConfig):
        yield "rate_distortion", _rate_distortion(subject, found, found.fitted)
    yield from _correlations(test, measured, importance, name)
    if model.latent_size > 1:
        means = measured.encoded.means
        yield from latent_maps(test, means, importance, name=name, has_prior=has_prior)


def _rate_distortion(subject: Subject, found: Evaluation, fitted: Fitted) -> Drawn:
    """The run's point, beside that of pPCA of its size and the curve of pPCA of all sizes."""
    metrics = found.metrics
    points = []
    if "kl" in metrics:
        own = subject.config.model.name
        points.append(RatePoint(metrics["kl"], metrics["reconstruction"], own, group=own))
    if "ppca/kl" in metrics:
        rate, distortion = metrics["ppca/kl"], metrics["ppca/reconstruction"]
        points.append(RatePoint(rate, distortion, _OF_ITS_SIZE, group=_OF_ITS_SIZE))
    return rate_distortion(points, ppca_curve(fitted))


def some_images(test: Split, count: int) -> Tensor:
    """Positions of so many images, of as many classes as there are."""
    if test.labels is None:
        return torch.linspace(0, len(test) - 1, min(count, len(test))).long()
    firsts = np.unique(test.labels.numpy(), return_index=True)[1].tolist()
    left = [place for place in range(min(len(test), 100)) if place not in firsts]
    return torch.tensor((firsts + left)[:count])


def _correlations(
    test: Split, measured: Measured, importance: Tensor, name: str
) -> Iterator[tuple[str, Drawn]]:
    order = importance.argsort(descending=True, stable=True)[:_MOST_CORRELATED]
    names = [f"z{latent}" for latent in order.tolist()]
    if len(order) > 1:
        between = measured.statistics.correlation[order][:, order]
        title = f"{name}: correlation of latents"
        yield "correlation", correlations(between, names, names, title=title)
    factors = test.factors
    if factors is not None:
        found = correlation_with(measured.encoded.means[:, order], factors)
        title = f"{name}: correlation of latents with factors"
        yield "factors", correlations(found, names, factor_names(test), title=title)


def latent_maps(
    test: Split, means: Tensor, importance: Tensor, *, name: str, has_prior: bool
) -> Iterator[tuple[str, Drawn]]:
    """The latents that carry most, in the colours of the class or of each factor.

    Args:
        test: the images.
        means: their codes, (n, latent).
        importance: (latent,), as `latent_map` has it.
        name: the model's.
        has_prior: whether it has a prior.
    """
    places = torch.linspace(0, len(test) - 1, min(_MAP_POINTS, len(test))).long()
    # Data sets lie in the order of their factors, and the last points would cover the others.
    places = places[torch.from_numpy(permutation(0, Stream.PICTURES, len(places)))]
    draw = partial(
        latent_map, means[places].numpy(), importance.numpy(), name=name, has_prior=has_prior
    )
    if test.labels is not None:
        yield "latent_map", draw(classes=[str(label) for label in test.labels[places].tolist()])
    elif test.factors is None:
        yield "latent_map", draw()
    for factor in _factors(test, places):
        yield f"latent_map_{factor.name.replace(' ', '_')}", draw(factor=factor)


def _factors(test: Split, places: Tensor) -> list[Factor]:
    """The factors of the images at `places`; none where the data knows none."""
    if test.factors is None:
        return []
    names = factor_names(test)
    periods = test.image_set.factor_periods or (0,) * len(names)
    columns = test.factors[places].T.tolist()
    return [Factor(*each) for each in zip(names, columns, periods, strict=True)]
