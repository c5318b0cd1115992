"""Every combination builds, takes one step, and is a pure function of its arguments."""

import itertools

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from latentsweep.config.kl_schedule import (
    CapacityConfig,
    ConstantConfig,
    CyclicConfig,
    WarmupConfig,
)
from latentsweep.config.likelihood import (
    BernoulliConfig,
    ContinuousBernoulliConfig,
    GaussianConfig,
    LaplaceConfig,
)
from latentsweep.config.model import BetaVAEConfig, CouplingConfig, ModelConfig
from latentsweep.config.network import ConvConfig, LinearConfig, MLPConfig
from latentsweep.errors import ConfigError
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure, build_schedule

from .small_models import MODELS

NETWORKS = [
    MLPConfig(hidden_sizes=(16, 8), activation="relu"),
    ConvConfig(channels=None, hidden_size=16, activation="silu"),
    LinearConfig(),
]
LIKELIHOODS = [
    BernoulliConfig(),
    ContinuousBernoulliConfig(),
    GaussianConfig(variance=0.1, learn_variance=True),
    LaplaceConfig(scale=0.1, learn_scale=True),
]
SCHEDULES = [
    ConstantConfig(),
    WarmupConfig(steps=10),
    CyclicConfig(period=10, ramp_fraction=0.5),
    CapacityConfig(max_capacity=5.0, steps=10),
]
SHAPES = [(1, 28, 28), (3, 64, 64), (1, 8, 8)]
FULL = Pressure(1.0, None)


def tiny(config: ModelConfig = MODELS[1], seed: int = 0) -> AE:
    torch.manual_seed(seed)
    return build_model(config, NETWORKS[0], BernoulliConfig(), (1, 4, 4))


def batch(model: AE, size: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    x = torch.rand(size, 1, 4, 4, generator=generator)
    return x, torch.randn(size, model.noise_size, generator=generator)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda config: config.name)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda config: config.name)
@pytest.mark.parametrize("model", MODELS[:3], ids=lambda config: config.name)
def test_every_combination_steps_with_finite_gradients(model, network, likelihood, shape) -> None:
    torch.manual_seed(0)
    built = build_model(model, network, likelihood, shape)
    x, noise = torch.rand(2, *shape), torch.randn(2, 3)
    for schedule in SCHEDULES:
        loss = built(x, noise, build_schedule(schedule)(3))
        built.zero_grad()
        loss.backward()
        gradients = [parameter.grad for parameter in built.parameters()]
        assert all(g is not None and torch.isfinite(g).all() for g in gradients)
    torch.optim.Adam(built.parameters()).step()
    with torch.no_grad():
        assert torch.isfinite(built(x, noise, FULL))
        assert built.sample(noise).shape == built.reconstruct(x).shape == x.shape
        assert built.encode(x)[0].shape == built.encode(x)[1].shape == (2, 3)


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.name)
def test_loss_is_the_same_through_functional_call(config) -> None:
    model = tiny(config)
    x, noise = batch(model)
    state = dict(model.state_dict())
    other = tiny(config, seed=1)
    expected = model(x, noise, FULL)
    torch.testing.assert_close(functional_call(other, state, (x, noise, FULL)), expected)


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.name)
def test_terms_compile_as_one_graph(config) -> None:
    torch.compiler.reset()  # which counts how often one function is compiled in a process
    model = tiny(config)
    compiled = torch.compile(model.terms, fullgraph=True, backend="eager")
    x, noise = batch(model)
    expected, found = model.terms(x, noise), compiled(x, noise)
    for one, other in zip(expected, found, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(other, one)


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.name)
def test_model_and_schema_agree_on_what_couples_images(config) -> None:
    assert tiny(config).couples_images == isinstance(config, CouplingConfig)


@pytest.mark.parametrize("config", MODELS[3:], ids=lambda config: config.name)
def test_every_parameter_learns_and_a_batch_of_one_will_do(config) -> None:
    model = tiny(config)
    for size in (1, 6):
        model.zero_grad()
        model(*batch(model, size), FULL).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    grouped = [id(p) for group in model.parameter_groups() for p in group["params"]]
    assert sorted(grouped) == sorted(map(id, model.parameters()))


@pytest.mark.parametrize(
    ("config", "network"),
    [*((MODELS[2], network) for network in NETWORKS), *((c, NETWORKS[2]) for c in MODELS[3:])],
    ids=lambda config: config.name,
)
def test_two_stacked_models_give_their_own_losses(config, network) -> None:
    torch.manual_seed(0)
    shape = (1, 8, 8)
    likelihood = GaussianConfig(variance=0.1, learn_variance=True)
    models = [build_model(config, network, likelihood, shape) for _ in range(2)]
    x, noise = torch.rand(4, *shape), torch.randn(2, 4, models[0].noise_size)
    parameters, buffers = stack_module_state(models)

    def loss(parameters, buffers, noise):
        return functional_call(models[0], (parameters, buffers), (x, noise, FULL))

    found = vmap(loss)(parameters, buffers, noise)
    expected = torch.stack([m(x, n, FULL) for m, n in zip(models, noise, strict=True)])
    torch.testing.assert_close(found, expected)


def test_unknown_sizes_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="network=mlp"):
        build_model(MODELS[1], NETWORKS[1], BernoulliConfig(), (1, 7, 7))


@pytest.mark.parametrize("seeds", itertools.product((0, 1), repeat=2))
def test_weights_depend_on_the_global_seed_alone(seeds: tuple[int, int]) -> None:
    first, second = (torch.cat([p.flatten() for p in tiny(seed=s).parameters()]) for s in seeds)
    assert torch.equal(first, second) == (seeds[0] == seeds[1])


def test_conv_at_64_pixels_has_the_published_layers() -> None:
    config = ConvConfig(channels=None, hidden_size=256, activation="relu")
    model = build_model(
        BetaVAEConfig(latent_size=10, beta=4.0), config, LIKELIHOODS[0], (1, 64, 64)
    )
    weights = [tuple(p.shape) for p in model.parameters() if p.ndim > 1]
    assert weights == [
        (32, 1, 4, 4), (32, 32, 4, 4), (64, 32, 4, 4), (64, 64, 4, 4), (256, 1024), (20, 256),
        (256, 10), (1024, 256), (64, 64, 4, 4), (64, 32, 4, 4), (32, 32, 4, 4), (32, 1, 4, 4),
    ]  # fmt: skip


def test_conv_starts_from_glorot_weights_and_zero_biases() -> None:
    torch.manual_seed(0)
    config = ConvConfig(channels=None, hidden_size=256, activation="relu")
    model = build_model(MODELS[1], config, LIKELIHOODS[0], (3, 64, 64))
    for parameter in model.parameters():
        if parameter.ndim == 1:
            assert not parameter.any()
            continue
        fans = (parameter.shape[0] + parameter.shape[1]) * parameter[0, 0].numel()
        bound = (6 / fans) ** 0.5
        assert 0.95 * bound < float(parameter.detach().abs().max()) <= bound
