"""Trials compose as Hydra composes them, only faster."""

from collections.abc import Mapping

import pytest
from omegaconf import DictConfig, OmegaConf

from latentsweep.config.typed import typed
from latentsweep.errors import ConfigError
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.space import Params

from .search_spaces import by_hydra, composer_of, space_of


@pytest.mark.parametrize(
    ("expressions", "params"),
    [
        ({"model.beta": "interval(0,4)"}, {"model.beta": 0.1}),
        (
            {"model.latent_size": "range(2,9)", "seed": "range(9)"},
            {"model.latent_size": 3, "seed": 4},
        ),
        (
            {"network": "mlp,conv", "network.activation": "relu,tanh"},
            {"network.activation": "tanh", "network": "conv"},
        ),
        ({"network.hidden_sizes": "[200],[400,200]"}, {"network.hidden_sizes": "[400,200]"}),
        ({"model": "ae,vae", "likelihood": "glob(*)"}, {"model": "ae", "likelihood": "laplace"}),
        ({"optimizer.learning_rate": "range(0.1,0.5,0.1)"}, {"optimizer.learning_rate": 0.1 + 0.2}),
    ],
)
def test_trial_equals_the_run_of_its_overrides(
    expressions: Mapping[str, str], params: Params
) -> None:
    space = space_of(expressions)
    fixed = ["data=digits", "network=mlp"] if "network" not in expressions else ["data=digits"]
    trial = composer_of(space, *fixed).compose(params)
    assert trial == typed(by_hydra([*fixed, *space.overrides(params)]))


def test_interpolations_see_a_trial_s_values_and_the_sweep_s() -> None:
    def load(overrides: list[str]) -> DictConfig:
        output_dir = "output_dir=${sweep.directory}/${model.latent_size}"
        config = by_hydra([output_dir, "batch_size=${model.latent_size}", *overrides])
        OmegaConf.set_struct(config, False)
        config.sweep = {"directory": "sweeps"}
        config.hydra = {"job": {"num": "???"}}
        return config

    space = space_of({"model.latent_size": "range(2,9)"})
    config = Composer(load, space).compose({"model.latent_size": 7})
    assert (config.output_dir, config.batch_size) == ("sweeps/7", 7)


def test_hydra_composes_once_a_combination_of_groups() -> None:
    composed: list[list[str]] = []

    def load(overrides: list[str]) -> DictConfig:
        composed.append(overrides)
        return by_hydra(overrides)

    composer = Composer(load, space_of({"network": "mlp,conv", "model.beta": "1,2"}))
    betas = [
        composer.compose({"network": network, "model.beta": beta}).model
        for network in ("mlp", "conv")
        for beta in (1, 2)
    ]
    assert composed == [["network=mlp"], ["network=conv"]]
    assert betas[0] == betas[2] != betas[1]


def test_key_of_another_choice_names_the_condition_that_is_lacking() -> None:
    space = space_of({"network": "mlp,conv", "network.channels": "[16],[32]"})
    with pytest.raises(ConfigError) as caught:
        composer_of(space).compose({"network": "mlp", "network.channels": "[16]"})
    assert "network.channels is no key of network=mlp" in str(caught.value)
    assert "sweep.when={network.channels: {network: [conv]}}" in str(caught.value)


def test_value_of_a_wrong_type_is_refused() -> None:
    space = space_of({"network.activation": "range(1,3)"})
    with pytest.raises(ConfigError, match=r"network\.activation is wrong"):
        composer_of(space).compose({"network.activation": 1})
