"""Disentanglement scores of codes whose scores are known: oracles."""

import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from latentsweep.metrics.disentanglement.scores import disentanglement_scores
from latentsweep.metrics.disentanglement.unsupervised_ranking import (
    unsupervised_disentanglement_ranking,
)
from latentsweep.verification.claim import Claim, Found, at_least, at_most, within
from latentsweep.verification.factor_grid import factor_grid, noise, turned

FAMILY = "Disentanglement scores of known codes"
# Two factors of two values: a line tells them apart, as SAP and explicitness need it.
_BINARY = (2, 2)
_SIZES = (4, 3, 2)
_POINTS = 480
# What codes that tell nothing score by guessing; any other score is 0 there.
_BY_GUESSING = {"beta_vae_score": 1 / 3, "explicitness": 0.5}
# The share of a factor that its commonest value has: all that can be said without a code.
_BY_GUESSING["dci_informativeness"] = sum(1 / size for size in _SIZES) / len(_SIZES)
Scores = dict[str, float]


def _factors(sizes: tuple[int, ...] = _SIZES) -> Tensor:
    return factor_grid(*sizes, repeats=_POINTS // math.prod(sizes))


@cache
def _identity(sizes: tuple[int, ...]) -> Scores:
    return disentanglement_scores(_factors(sizes).float(), _factors(sizes))


def _score(name: str, sizes: tuple[int, ...], _: Path) -> Found:
    return Found(_identity(sizes)[name])


@cache
def _mixed_codes() -> Tensor:
    """Neither perfect nor worthless, so that every score could still move either way."""
    return turned(_factors() + 0.3 * noise(len(_factors()), len(_SIZES))).double()


@cache
def _mixed() -> Scores:
    return disentanglement_scores(_mixed_codes(), _factors())


def _constant(_: Path) -> Found:
    codes = torch.full(_factors().shape, 0.7)
    scores = disentanglement_scores(codes, _factors())
    return _greatest({name: scores[name] - _BY_GUESSING.get(name, 0.0) for name in scores})


def _duplicated(name: str, _: Path) -> Found:
    return Found(disentanglement_scores(_factors().float().repeat(1, 2), _factors())[name])


def _turned(name: str, _: Path) -> Found:
    return Found(_mixed()[name] / _identity(_SIZES)[name])


def _permuted(_: Path) -> Found:
    return _change(_mixed_codes()[:, [2, 0, 1]])


def _scaled(_: Path) -> Found:
    return _change(_mixed_codes() * torch.tensor([4.0, -0.5, 100.0]).double())


def _change(codes: Tensor) -> Found:
    scores = disentanglement_scores(codes, _factors())
    return _greatest({name: abs(scores[name] - _mixed()[name]) for name in scores})


def _greatest(of: Scores) -> Found:
    name = max(of, key=lambda name: of[name])
    return Found(of[name], note=f"that of {name}" if of[name] else "")


def _udr(codes: Callable[[Tensor], Tensor], _: Path) -> Found:
    aligned = factor_grid(5, 5, 5).float()
    kl = torch.ones(3)
    return Found(min(unsupervised_disentanglement_ranking([aligned, codes(aligned)], [kl, kl])))


def _reordered(codes: Tensor) -> Tensor:
    return codes[:, [2, 0, 1]] * torch.tensor([1.0, -5.0, 0.1])


# By score: its source, and what one latent a factor scores, on which factors.
_IDENTITIES: dict[str, tuple[str, float, tuple[int, ...]]] = {
    "mig": ("Chen et al. 2018, eq. 6", 0.9, _SIZES),
    "dci_disentanglement": ("Eastwood & Williams 2018", 0.9, _SIZES),
    "dci_completeness": ("Eastwood & Williams 2018", 0.9, _SIZES),
    "dci_informativeness": ("Eastwood & Williams 2018", 0.9, _SIZES),
    "beta_vae_score": ("Higgins et al. 2017", 0.9, _SIZES),
    "factor_vae_score": ("Kim & Mnih 2018", 0.9, _SIZES),
    "modularity": ("Ridgeway & Mozer 2018", 0.9, _SIZES),
    "explicitness": ("Ridgeway & Mozer 2018", 0.9, _BINARY),
    # Right for all points, less a guess of two values.
    "sap": ("Kumar et al. 2018", 0.4, _BINARY),
}

CLAIMS = (
    *(
        Claim(
            name=f"identity_{name}",
            family=FAMILY,
            claim=f"one latent a factor: {name}",
            source=source,
            expected=expected,
            tolerance=at_least(),
            measure=partial(_score, name, sizes),
        )
        for name, (source, expected, sizes) in _IDENTITIES.items()
    ),
    Claim(
        name="constant_code",
        family=FAMILY,
        claim="a constant code: greatest of the nine scores, less what guessing gives",
        source="disentanglement_lib's tests",
        expected=0.2,
        tolerance=at_most(),
        measure=_constant,
    ),
    *(
        Claim(
            name=f"duplicated_{name}",
            family=FAMILY,
            claim=f"two latents a factor: {name}",
            source="disentanglement_lib's tests",
            expected=0.1,
            tolerance=at_most(),
            measure=partial(_duplicated, name),
        )
        for name in ("mig", "sap")
    ),
    *(
        Claim(
            name=f"turned_{name}",
            family=FAMILY,
            claim=f"a code turned by 45 degrees: share of its {name} that is left",
            source="Locatello et al. 2019",
            expected=0.8,
            tolerance=at_most(),
            measure=partial(_turned, name),
        )
        for name in ("mig", "dci_disentanglement", "dci_completeness")
    ),
    Claim(
        name="permuted_code",
        family=FAMILY,
        claim="latents in another order: greatest change of the nine scores",
        source="Locatello et al. 2019",
        expected=0.0,
        tolerance=within(1e-9),
        measure=_permuted,
    ),
    Claim(
        name="scaled_code",
        family=FAMILY,
        claim="latents scaled, one of them turned around: greatest change",
        source="Locatello et al. 2019",
        expected=0.0,
        tolerance=within(1e-9),
        measure=_scaled,
    ),
    Claim(
        name="udr_same_latents",
        family=FAMILY,
        claim="UDR of two seeds with the same latents in another order and scale",
        source="Duan et al. 2020, eq. 3",
        expected=1.0,
        tolerance=within(1e-6),
        measure=partial(_udr, _reordered),
    ),
    Claim(
        name="udr_turned_latents",
        family=FAMILY,
        claim="UDR of two seeds, one of them turned by 45 degrees",
        source="Duan et al. 2020, eq. 3",
        expected=0.9,
        tolerance=at_most(),
        measure=partial(_udr, turned),
    ),
)
