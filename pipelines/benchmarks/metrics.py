"""How long each disentanglement metric takes on 10,000 points of the sprites' factors."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import torch
from rich.table import Table
from torch import Tensor

from latentsweep.data.sources.sprites_rendered import FACTOR_SIZES
from latentsweep.metrics.disentanglement.beta_vae_score import beta_vae_score
from latentsweep.metrics.disentanglement.dci import dci
from latentsweep.metrics.disentanglement.explicitness import explicitness
from latentsweep.metrics.disentanglement.factor_vae_score import factor_vae_score
from latentsweep.metrics.disentanglement.modularity import modularity
from latentsweep.metrics.disentanglement.scores import score_versions
from latentsweep.metrics.disentanglement.separated_attribute_predictability import (
    separated_attribute_predictability,
)
from latentsweep.metrics.disentanglement.unsupervised_ranking import (
    unsupervised_disentanglement_ranking,
)
from latentsweep.metrics.mutual_information_gap import mutual_information_gap

_POINTS, _POINTS_QUICK = 10_000, 1_500
_LATENTS = 10
_SEEDS = 5
# Seconds on two cores.
_BOOSTED, _OTHER = 60, 10

_METRICS: dict[str, tuple[Callable[[Tensor, Tensor], object], int]] = {
    "mig": (mutual_information_gap, _OTHER),
    "dci": (dci, _BOOSTED),
    "sap": (separated_attribute_predictability, _OTHER),
    "beta_vae_score": (beta_vae_score, _OTHER),
    "factor_vae_score": (factor_vae_score, _OTHER),
    "modularity": (modularity, _OTHER),
    "explicitness": (explicitness, _OTHER),
    "udr, spearman": (lambda codes, _: _ranking(codes, "spearman"), _OTHER),
    "udr, lasso": (lambda codes, _: _ranking(codes, "lasso"), _OTHER),
}


def measure(directory: Path, quick: bool) -> Iterator[Table]:  # noqa: ARG001 - all parts have it
    """Compute each metric once of synthetic codes.

    Args:
        directory: an empty one; nothing is put there.
        quick: of few points.

    Yields:
        one table.
    """
    codes, factors = _points(_POINTS_QUICK if quick else _POINTS)
    versions = ", ".join(f"{name} {version}" for name, version in score_versions().items())
    title = f"s a metric, {len(codes):,} points, {_LATENTS} latents, factors of sprites, {versions}"
    table = Table(title=title)
    for heading in ("metric", "s", "limit on two cores, s"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, (metric, limit) in _METRICS.items():
        started = time.perf_counter()
        metric(codes, factors)
        table.add_row(name, f"{time.perf_counter() - started:.2f}", str(limit))
    yield table


def _points(n: int) -> tuple[Tensor, Tensor]:
    """Codes that mix the factors, noise and each other, (n, 10), and the factors."""
    drawn = torch.Generator().manual_seed(0)
    sizes = torch.tensor(FACTOR_SIZES)
    columns = [torch.randint(size, (n,), generator=drawn) for size in FACTOR_SIZES]
    factors = torch.stack(columns, dim=1)
    codes = torch.randn(n, _LATENTS, generator=drawn)
    codes[:, : len(sizes)] = 0.1 * codes[:, : len(sizes)] + 2 * factors / sizes
    return codes @ _turn(drawn), factors


def _turn(drawn: torch.Generator) -> Tensor:
    askew = torch.eye(_LATENTS) + 0.3 * torch.randn(_LATENTS, _LATENTS, generator=drawn)
    turn: Tensor = torch.linalg.qr(askew).Q
    return turn


def _ranking(codes: Tensor, similarity: Literal["spearman", "lasso"]) -> object:
    """As of so many seeds, each with latents turned otherwise."""
    drawn = torch.Generator().manual_seed(1)
    models = [codes @ _turn(drawn) for _ in range(_SEEDS)]
    kl = [torch.ones(_LATENTS)] * _SEEDS
    return unsupervised_disentanglement_ranking(models, kl, similarity)
