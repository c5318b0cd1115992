"""Mistakes that public implementations make, each tried on this one."""

import math
from functools import partial
from pathlib import Path

import torch

from latentsweep.config.compose import compose
from latentsweep.config.kl_schedule import CapacityConfig
from latentsweep.config.likelihood import (
    BernoulliConfig,
    ContinuousBernoulliConfig,
    GaussianConfig,
    LaplaceConfig,
    LikelihoodConfig,
)
from latentsweep.config.model import BetaVAEConfig, IWAEConfig
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.errors import ConfigError
from latentsweep.metrics.disentanglement.scores import score_versions
from latentsweep.metrics.mutual_information_gap import mutual_information_gap
from latentsweep.models.kl_schedules import Pressure, build_schedule
from latentsweep.models.likelihoods.build import build_likelihood
from latentsweep.models.terms import Terms
from latentsweep.sweep.search import read_search
from latentsweep.tracking.packages import off_lock
from latentsweep.training.evaluation import SplitSums
from latentsweep.verification.claim import EXACT, Claim, Found, within
from latentsweep.verification.disentanglement_lib import their_mig
from latentsweep.verification.factor_grid import factor_grid, noise, turned
from latentsweep.verification.linear_gaussian import linear_gaussian, weighted
from latentsweep.verification.linear_vae import linear_model, linear_problem

FAMILY = "Mistakes of public implementations"
_SIZE = 6
_IMAGES = 50  # of which batches of 7 leave a remainder


def _elbo_by_batches(_: Path) -> Found:
    return Found(_elbo(batch=7), _elbo(batch=_IMAGES))


@torch.no_grad()
def _elbo(batch: int, beta: float = 4.0) -> float:
    """What validation says of a beta-VAE while its KL weight is at a quarter of its strength."""
    images = linear_problem(4.0, 3.0, 2.0, 1.0, 0.5, 0.4, count=_IMAGES).images
    config = BetaVAEConfig(latent_size=3, beta=beta)
    model = linear_model(config, _SIZE, 0.5, learned=False)
    drawn, sums = noise(_IMAGES, 3).double(), SplitSums()
    for rows in torch.split(torch.arange(_IMAGES), batch):
        sums.add(model.terms(images[rows], drawn[rows]), model.posterior(images[rows]).mean)
    return sums.metrics(model, Pressure(0.25, None), batch)["elbo"]


def _elbo_without_weight(_: Path) -> Found:
    return Found(_elbo(batch=_IMAGES), _elbo(batch=_IMAGES, beta=1.0))


def _nll_by_batches(_: Path) -> Found:
    problem = linear_gaussian(2, count=_IMAGES, wrong_by=0.3)
    return Found(weighted(problem, 5, batch=7).nll, weighted(problem, 5, batch=_IMAGES).nll)


def _few_samples(_: Path) -> Found:
    problem = linear_gaussian(2, wrong_by=0.5)
    single = [weighted(problem, 1, first=sample).log_likelihood for sample in range(4)]
    expected = torch.stack(single).logsumexp(dim=0) - math.log(4)
    return Found(weighted(problem, 4).nll, -float(expected.mean()))


def _sign(_: Path) -> Found:
    problem = linear_gaussian(2)
    return Found(weighted(problem, 10).nll, -float(problem.log_p.mean()))


def _gradient(_: Path) -> Found:
    config = IWAEConfig(latent_size=3, importance_samples=3)
    log_weights = torch.tensor([[-100.0, -101.0, -103.0]]).double().requires_grad_()
    terms = Terms(torch.zeros(1), torch.zeros(1, 3), log_weights=log_weights)
    model = linear_model(config, _SIZE, 0.5, learned=False)
    model.loss(terms, Pressure(1.0, None)).backward()  # type: ignore[no-untyped-call]
    assert log_weights.grad is not None
    return Found(-float(log_weights.grad[0, 0]), float(log_weights.detach().softmax(1)[0, 0]))


def _capacity(_: Path) -> Found:
    schedule = build_schedule(CapacityConfig(max_capacity=25.0, steps=100_000))
    for step in range(50_000):  # such as validation would ask for
        schedule(step)
    capacity = schedule(50_000).capacity
    assert capacity is not None
    return Found(capacity)


_LIKELIHOODS: dict[str, LikelihoodConfig] = {
    "bernoulli": BernoulliConfig(),
    "continuous_bernoulli": ContinuousBernoulliConfig(),
    "gaussian": GaussianConfig(variance=0.1, learn_variance=False),
    "laplace": LaplaceConfig(scale=0.1, learn_scale=False),
}


@torch.no_grad()
def _twice_the_pixels(name: str, _: Path) -> Found:
    likelihood = build_likelihood(_LIKELIHOODS[name]).double()
    output = noise(5, 48).double().reshape(5, 1, 6, 8)
    images = output.sigmoid().round()
    once = likelihood.log_prob(output, images).sum()
    twice = likelihood.log_prob(output.repeat(1, 1, 1, 2), images.repeat(1, 1, 1, 2)).sum()
    return Found(float(twice / once))


def _mig(_: Path) -> Found:
    factors = factor_grid(5, 7, 3, repeats=40)
    codes = torch.cat([factors, turned(factors.float())], dim=1) + noise(len(factors), 6)
    theirs = their_mig(codes.double().numpy(), factors.numpy())
    return Found(mutual_information_gap(codes, factors), theirs)


def _pinned(_: Path) -> Found:
    versions = score_versions()
    note = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Found(len(off_lock(ROOT, versions)), note=note)


def _objective(_: Path) -> Found:
    refused = [_is_refused(objective) for objective in ("val/loss", "val/elbo")]
    return Found(sum(one is other for one, other in zip(refused, (True, False), strict=True)))


def _is_refused(objective: str) -> bool:
    asked = ["model.beta=interval(1,8)", f"sweep.objective={objective}", "data=digits"]
    try:
        read_search(lambda given: compose(CONFIG_DIRECTORY, "sweep", given), asked, build=False)
    except ConfigError as error:
        if "cannot be compared" not in error.what:
            raise
        return True
    return False


CLAIMS = (
    Claim(
        name="elbo_counts_every_batch",
        family=FAMILY,
        claim="validation ELBO in batches of 7 is that of all 50 images at once, nats",
        source="disentangling-vae leaves after the first batch",
        tolerance=within(1e-9),
        measure=_elbo_by_batches,
    ),
    Claim(
        name="nll_counts_every_batch",
        family=FAMILY,
        claim="NLL in batches of 7 is that of all 50 images at once, nats",
        source="pythae drops the remainder",
        tolerance=within(1e-9),
        measure=_nll_by_batches,
    ),
    Claim(
        name="nll_of_few_samples",
        family=FAMILY,
        claim="NLL of 4 samples is minus the log of their mean weight, nats",
        source="pythae ignores less than 100 samples",
        tolerance=within(1e-9),
        measure=_few_samples,
    ),
    Claim(
        name="nll_sign",
        family=FAMILY,
        claim="NLL with the true posterior is -log p(x), nats",
        source="pythae returns +log p",
        tolerance=within(1e-6),
        measure=_sign,
    ),
    Claim(
        name="elbo_weight",
        family=FAMILY,
        claim="validation ELBO of a beta-VAE of weight 4, warming up, is at weight 1, nats",
        source="PyTorch-VAE trains and validates at other weights",
        tolerance=EXACT,
        measure=_elbo_without_weight,
    ),
    Claim(
        name="iwae_gradient",
        family=FAMILY,
        claim="IWAE's gradient weighs the likeliest sample by softmax(+log w)",
        source="PyTorch-VAE takes a softmax over +loss; Burda et al., eq. 14",
        tolerance=within(1e-9),
        measure=_gradient,
    ),
    Claim(
        name="capacity_is_of_the_step",
        family=FAMILY,
        claim="capacity at step 50,000 of 100,000 to 25, nats",
        source="PyTorch-VAE's ticks in validation, too; Burgess et al. 2018",
        expected=12.5,
        tolerance=EXACT,
        measure=_capacity,
    ),
    *(
        Claim(
            name=f"sums_{name}",
            family=FAMILY,
            claim=f"twice the pixels are twice the nats: {name}",
            source="many take means over pixels",
            expected=2.0,
            tolerance=within(1e-9),
            measure=partial(_twice_the_pixels, name),
        )
        for name in _LIKELIHOODS
    ),
    Claim(
        name="mig_as_published",
        family=FAMILY,
        claim="MIG is disentanglement_lib's",
        source="disentangling-vae's .view, where a transpose is meant",
        tolerance=within(1e-9),
        measure=_mig,
    ),
    Claim(
        name="scores_pinned",
        family=FAMILY,
        claim="packages that scores depend on and that are not as locked",
        source="disentanglement_lib, issue 33: other scores by another scikit-learn",
        expected=0.0,
        tolerance=EXACT,
        measure=_pinned,
    ),
    Claim(
        name="objective_refused",
        family=FAMILY,
        claim="searching beta by val/loss is refused, by val/elbo taken: right answers",
        source="the weighted loss drives the weight to zero",
        expected=2.0,
        tolerance=EXACT,
        measure=_objective,
    ),
)
