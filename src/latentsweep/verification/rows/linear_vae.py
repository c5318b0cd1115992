"""Linear VAEs against probabilistic PCA, whose optimum is theirs."""

from functools import cache
from pathlib import Path

import torch

from latentsweep.config.model import BetaVAEConfig, VAEConfig
from latentsweep.metrics.active_units import active_units
from latentsweep.metrics.ppca import (
    ppca_active_units,
    ppca_log_likelihood,
    ppca_rate_distortion,
    ppca_variance,
)
from latentsweep.models.ae import AE
from latentsweep.verification.claim import EXACT, Claim, Found, within
from latentsweep.verification.linear_vae import (
    LinearProblem,
    expected_terms,
    linear_model,
    linear_problem,
    train_to_optimum,
)

FAMILY = "Linear VAE = probabilistic PCA"
_LUCAS = "Lucas et al. 2019"
_LATENTS = 3
# Of the weighted ones: more latents than are worth their KL, and noise that is not learned.
_MORE_LATENTS, _VARIANCE = 5, 0.5
_BETAS = (0.5, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0)


@cache
def _problem() -> LinearProblem:
    return linear_problem(4.0, 3.0, 2.0, 1.2, 0.8, 0.6, 0.5, 0.4, count=250)


@cache
def _trained() -> AE:
    model = linear_model(VAEConfig(latent_size=_LATENTS), 8, 1.0, learned=True)
    train_to_optimum(model, _problem().images)
    return model


@cache
def _weighted(beta: float) -> AE:
    config = BetaVAEConfig(latent_size=_MORE_LATENTS, beta=beta)
    model = linear_model(config, 8, _VARIANCE, learned=False)
    train_to_optimum(model, _problem().images)
    return model


@torch.no_grad()
def _elbo(_: Path) -> Found:
    elbo = expected_terms(_trained(), _problem().images).elbo.mean()
    return Found(float(elbo), ppca_log_likelihood(_problem().eigenvalues, _LATENTS))


def _subspace(_: Path) -> Found:
    columns = torch.linalg.qr(_trained().get_parameter("decoder.0.weight").detach()).Q
    principal = _problem().eigenvectors[:, :_LATENTS]
    sines = torch.linalg.svdvals(columns - principal @ (principal.T @ columns))
    return Found(float(sines.max()))


def _directions(_: Path) -> Found:
    weight = _trained().get_parameter("decoder.0.weight").detach()
    principal = _problem().eigenvectors[:, :_LATENTS]
    cosines = (principal.T @ (weight / weight.norm(dim=0))).abs()
    return Found(float(cosines.max(dim=1).values.min()))


def _noise(_: Path) -> Found:
    learned = float(_trained().get_parameter("likelihood.log_variance").detach().exp())
    return Found(learned, ppca_variance(_problem().eigenvalues, _LATENTS))


def _collapse(_: Path) -> Found:
    right, counts = 0, []
    for beta in _BETAS:
        counts.append(active_units(_weighted(beta).posterior(_problem().images).mean))
        eigenvalues = _problem().eigenvalues
        right += counts[-1] == ppca_active_units(eigenvalues, beta, _VARIANCE, _MORE_LATENTS)
    return Found(right, note=f"{', '.join(map(str, counts))} of {_MORE_LATENTS} active")


@torch.no_grad()
def _rate_distortion(_: Path) -> Found:
    away = []
    for beta in _BETAS:
        terms = expected_terms(_weighted(beta), _problem().images)
        found = float(terms.kl.sum(dim=1).mean()), -float(terms.log_likelihood.mean())
        exact = ppca_rate_distortion(_problem().eigenvalues, _MORE_LATENTS, beta, _VARIANCE)
        away += [abs(one - other) for one, other in zip(found, exact, strict=True)]
    return Found(max(away))


CLAIMS = (
    Claim(
        name="linear_vae_elbo",
        family=FAMILY,
        claim="ELBO of a linear VAE at its optimum is pPCA's log likelihood, nats",
        source=f"{_LUCAS}; Tipping & Bishop 1999, eq. 4",
        tolerance=within(1e-4),
        measure=_elbo,
    ),
    Claim(
        name="linear_vae_subspace",
        family=FAMILY,
        claim="the decoder's columns span the principal directions: greatest sine",
        source=_LUCAS,
        expected=0.0,
        tolerance=within(1e-3),
        measure=_subspace,
    ),
    Claim(
        name="linear_vae_directions",
        family=FAMILY,
        claim="each principal direction is one column's own: least cosine",
        source=_LUCAS,
        expected=1.0,
        tolerance=within(1e-3),
        measure=_directions,
    ),
    Claim(
        name="linear_vae_noise",
        family=FAMILY,
        claim="the learned variance is the mean of the discarded eigenvalues",
        source="Tipping & Bishop 1999, eq. 8",
        tolerance=within(1e-3),
        measure=_noise,
    ),
    Claim(
        name="collapse_threshold",
        family=FAMILY,
        claim="latent i is active iff l_i > beta s2: right for so many of 7 beta",
        source=_LUCAS,
        expected=len(_BETAS),
        tolerance=EXACT,
        measure=_collapse,
    ),
    Claim(
        name="linear_rate_distortion",
        family=FAMILY,
        claim="rate and distortion over 7 beta are the closed form's: greatest error, nats",
        source=f"{_LUCAS}; Alemi et al. 2018",
        expected=0.0,
        tolerance=within(0.02),
        measure=_rate_distortion,
    ),
)
