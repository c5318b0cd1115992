"""A tiny real run of every model x network x likelihood x KL schedule that composes.

Of the models that differ in their loss alone: with every KL schedule.
"""

import math
from itertools import product

import pytest

from latentsweep.config.checks import check
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.training.run import train

from .conftest import Small

MODELS = ("ae", "vae", "beta_vae")
MORE_MODELS = ("beta_tcvae", "factor_vae", "dip_vae_i", "dip_vae_ii", "iwae", "info_vae")
NETWORKS = ("mlp", "conv", "linear")
LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "gaussian", "laplace")
SCHEDULES = ("constant", "warmup", "cyclic", "capacity")
REFUSED = {
    *product(("ae", "iwae"), ("warmup", "cyclic", "capacity")),
    *((model, "capacity") for model in (*MODELS, *MORE_MODELS) if model != "beta_vae"),
}


@pytest.mark.parametrize(
    "combination",
    [
        *product(MODELS, NETWORKS, LIKELIHOODS, SCHEDULES),
        *product(MORE_MODELS, ("mlp",), ("bernoulli",), SCHEDULES),
    ],
    ids="-".join,
)
def test_combination_trains_or_is_refused(
    small: Small, combination: tuple[str, str, str, str]
) -> None:
    model, network, likelihood, schedule = combination
    sizes = {"mlp": ["network.hidden_sizes=[16]"], "conv": ["network.hidden_size=16"]}
    config = small(
        f"model={model}",
        f"network={network}",
        f"likelihood={likelihood}",
        f"kl_schedule={schedule}",
        *sizes.get(network, []),
        "batch_size=600",
        "trainer.max_epochs=1",
        "tracking.images_every_n_epochs=0",
    )
    if (model, schedule) in REFUSED:
        with pytest.raises(ConfigError):
            check(config, describe(config.data))
        return
    check(config, describe(config.data))
    summary = train(config, [])
    assert all(math.isfinite(value) for value in summary.validation.values())
    assert ("elbo" in summary.validation) == (model != "ae")
