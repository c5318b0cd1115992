"""The KL and the likelihood of small models against closed forms and each other."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from latentsweep.metrics.importance import ImportanceEstimate
from latentsweep.metrics.interval import standard_error
from latentsweep.metrics.ppca import ppca_log_likelihood, ppca_rate_distortion
from latentsweep.metrics.quadrature import quadrature
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.prior import StandardNormal
from latentsweep.verification.claim import Claim, Found, at_least, at_most, within
from latentsweep.verification.linear_gaussian import LinearGaussian, linear_gaussian, weighted

FAMILY = "KL and likelihood"
_BURDA = "Burda et al. 2016, theorem 1"
_SAMPLES = (10, 100, 1000)
_DRAWS = 200_000


def _posterior() -> DiagonalGaussian:
    mean = torch.tensor([[0.0, 0.5, -2.0], [1.0, 0.0, 3.0]], dtype=torch.float64)
    log_variance = torch.tensor([[0.0, -1.0, -6.0], [0.7, 1e-7, -0.1]], dtype=torch.float64)
    return DiagonalGaussian(mean, log_variance)


def _kl_of_torch(_: Path) -> Found:
    q = Normal(_posterior().mean, _posterior().variance.sqrt())
    theirs = kl_divergence(q, Normal(torch.zeros((), dtype=torch.float64), 1.0))
    return Found(float(StandardNormal().kl(_posterior()).sum()), float(theirs.sum()))


def _kl_by_draws(_: Path) -> Found:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(_DRAWS, 2, 3, dtype=torch.float64, generator=generator)
    z = _posterior().sample(noise)
    q = Normal(_posterior().mean, _posterior().variance.sqrt())
    log_q: Tensor = q.log_prob(z).sum(-1)  # type: ignore[no-untyped-call]
    drawn = (log_q - StandardNormal().log_density(z)).sum(-1)
    closed = float(StandardNormal().kl(_posterior()).sum())
    return Found(float(drawn.mean()), closed, standard_error(drawn))


def _quadrature(latents: int) -> Found:
    problem = linear_gaussian(latents, wrong_by=0.8)
    found = quadrature(problem.model, problem.images, tolerance=1e-6)
    return Found(-found.nll, float(problem.log_p.mean()))


def _one_latent(_: Path) -> Found:
    return _quadrature(1)


def _two_latents(_: Path) -> Found:
    return _quadrature(2)


def _three_latents(_: Path) -> Found:
    return _quadrature(3)


@cache
def _problem() -> LinearGaussian:
    return linear_gaussian(3, count=500, wrong_by=0.7)


@cache
def _bound(samples: int) -> ImportanceEstimate:
    return weighted(_problem(), samples, batch=len(_problem().images))


def _rises(_: Path) -> Found:
    problem = _problem()
    with torch.no_grad():
        rate = StandardNormal().kl(problem.model.posterior(problem.images)).sum(dim=1)
    elbo = -float((_bound(1).distortion + rate).mean())
    bounds = [elbo, *(-_bound(samples).nll for samples in _SAMPLES)]
    shown = ", ".join(f"{bound:.2f}" for bound in bounds)
    return Found(float(torch.tensor(bounds).diff().min()), note=f"the four are {shown}")


def _stays_below(_: Path) -> Found:
    return Found(-_bound(_SAMPLES[-2]).nll, _exact())


def _arrives(_: Path) -> Found:
    return Found(-_bound(_SAMPLES[-1]).nll, _exact(), _bound(_SAMPLES[-1]).monte_carlo_error)


def _exact() -> float:
    return float(_problem().log_p.mean())


def _eigenvalues() -> Tensor:
    return torch.tensor([0.3, 5.0, 1.0, 0.7, 2.0, 9.0], dtype=torch.float64)


def _rate_and_distortion(_: Path) -> Found:
    rate, distortion = ppca_rate_distortion(_eigenvalues(), 3)
    return Found(rate + distortion, -ppca_log_likelihood(_eigenvalues(), 3))


_QUADRATURE = "Naylor & Smith 1982; N(x; b, WW' + s2 I)"

CLAIMS = (
    Claim(
        name="kl_closed_form",
        family=FAMILY,
        claim="KL to the prior is torch.distributions', nats",
        source="Kingma & Welling 2014, appendix B",
        tolerance=within(1e-9),
        measure=_kl_of_torch,
    ),
    Claim(
        name="kl_monte_carlo",
        family=FAMILY,
        claim=f"KL to the prior is the mean of {_DRAWS:,} draws, nats",
        source="Kingma & Welling 2014, appendix B",
        tolerance=within(0.03),
        measure=_kl_by_draws,
    ),
    *(
        Claim(
            name=f"quadrature_{latents}",
            family=FAMILY,
            claim=f"log p(x) by quadrature, latent size {latents}, is the closed form, nats",
            source=_QUADRATURE,
            tolerance=within(1e-5),
            measure=measure,
        )
        for latents, measure in ((1, _one_latent), (2, _two_latents), (3, _three_latents))
    ),
    Claim(
        name="bounds_rise",
        family=FAMILY,
        claim="ELBO <= IWAE_10 <= IWAE_100 <= IWAE_1000: least rise, nats",
        source=_BURDA,
        expected=0.0,
        tolerance=at_least(),
        measure=_rises,
    ),
    Claim(
        name="iwae_is_a_bound",
        family=FAMILY,
        claim="IWAE_100 of a posterior that is off lies below log p(x), nats",
        source=_BURDA,
        tolerance=at_most(),
        measure=_stays_below,
    ),
    Claim(
        name="iwae_arrives",
        family=FAMILY,
        claim="IWAE_1000 is log p(x), nats",
        source=_BURDA,
        tolerance=within(0.02),
        measure=_arrives,
    ),
    Claim(
        name="ppca_rate_distortion",
        family=FAMILY,
        claim="pPCA's rate and distortion add up to minus its log likelihood, nats",
        source="Tipping & Bishop 1999; Alemi et al. 2018",
        tolerance=within(1e-9),
        measure=_rate_and_distortion,
    ),
)
