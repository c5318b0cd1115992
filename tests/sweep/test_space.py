"""The search space as a whole: conditions, order, and the way back to a command line."""

import json

import optuna
import pytest

from latentsweep.errors import ConfigError
from latentsweep.sweep.space import SearchSpace

from .search_spaces import DEFAULT, GROUPS, space_of

CONV = {
    "network.channels": "[16],[16,32]",
    "network": "mlp,conv",
    "model.latent_size": "range(2,5)",
}
WHEN_CONV = {"network.channels": {"network": "conv"}}


def ask(space: SearchSpace, **fixed: object) -> dict[str, object]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(dict(fixed))
    return dict(space.suggest(study.ask()))


def test_suggested_values_are_those_that_the_storage_keeps() -> None:
    space = space_of(CONV, WHEN_CONV)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        assert space.suggest(trial) == study.trials[trial.number].params
        assert space.fits(study.trials[trial.number].params)


def test_parameter_is_searched_only_where_its_condition_is_met() -> None:
    space = space_of(CONV, WHEN_CONV)
    assert space.keys.index("network") < space.keys.index("network.channels")
    assert "network.channels" in ask(space, network="conv")
    assert "network.channels" not in ask(space, network="mlp")


def test_condition_on_a_parameter_that_is_not_searched_itself_is_not_met() -> None:
    expressions = CONV | {"model.beta": "1,2"}
    space = space_of(expressions, WHEN_CONV | {"model.beta": {"network.channels": [[16]]}})
    assert ask(space, network="mlp").keys() == {"network", "model.latent_size"}
    assert "model.beta" in ask(space, **{"network": "conv", "network.channels": "[16]"})
    assert "model.beta" not in ask(space, **{"network": "conv", "network.channels": "[16,32]"})


@pytest.mark.parametrize(("fixed", "searched"), [("network=conv", True), ("network=mlp", False)])
def test_condition_on_a_fixed_group_is_settled_beforehand(fixed: str, searched: bool) -> None:
    space = space_of({"network.channels": "[16],[16,32]", "model.beta": "1,2"}, WHEN_CONV, fixed)
    assert ("network.channels" in space) is searched
    assert not space.is_conditional


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"model.latent_size": {"model.latent_size": 2}}, "circle"),
        (
            {
                "network.channels": {"model.latent_size": 2},
                "model.latent_size": {"network.channels": [[16]]},
            },
            "circle",
        ),
        ({"network.channels": {"netwrk": "conv"}}, "did you mean network?"),
        ({"network.chanels": {"network": "conv"}}, "did you mean network.channels?"),
        ({"network.channels": {"network": "convv"}}, "'convv' is none of the choices"),
        ({"network.channels": {"model.latent_size": 99}}, "99 is outside"),
        ({"network.channels": {"model": "vea"}}, "did you mean vae?"),
        ({"network.channels": {"network.activation": "relu"}}, "depends on which network"),
        ({"network.channels": {"data.binarise": "none"}}, "neither searched nor in the conf"),
    ],
)
def test_wrong_condition_is_told(when: dict[str, dict[str, object]], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        space_of(CONV, when)
    assert says in str(caught.value)


def test_condition_on_a_fraction_is_refused() -> None:
    with pytest.raises(ConfigError, match="never meets one value"):
        space_of(CONV | {"model.beta": "interval(1,2)"}, {"network": {"model.beta": 1.5}})


def test_empty_space_is_refused() -> None:
    with pytest.raises(ConfigError, match="the search space is empty"):
        SearchSpace.parse({}, {}, GROUPS, {})
    with pytest.raises(ConfigError, match=r"no condition of network\.channels is met"):
        space_of({"network.channels": "[16],[32]"}, WHEN_CONV)


def test_settings_are_plain_json_and_equal_for_the_same_space_in_another_order() -> None:
    one = space_of(CONV, WHEN_CONV)
    other = space_of(dict(reversed(CONV.items())), {"network.channels": {"network": ["conv"]}})
    assert json.loads(json.dumps(one.settings())) == one.settings()
    assert one.settings() == other.settings()


@pytest.mark.parametrize(
    "change",
    [
        {"model.latent_size": "range(2,6)"},
        {"network": "mlp,conv,linear"},
        {"model.beta": "interval(1,2)"},
    ],
)
def test_settings_differ_for_another_space(change: dict[str, str]) -> None:
    assert space_of(CONV, WHEN_CONV).settings() != space_of(CONV | change, WHEN_CONV).settings()


def test_settings_differ_for_another_condition() -> None:
    assert space_of(CONV, WHEN_CONV).settings() != space_of(CONV).settings()


def test_descriptions_read_as_a_person_would_say_it() -> None:
    assert space_of(DEFAULT).describe() == {
        "model.latent_size": "whole numbers 2 to 64 (log)",
        "model.beta": "0.1 to 32 (log)",
    }
    described = space_of(CONV, WHEN_CONV).describe()
    assert described["network.channels"] == "[16], [16,32], where network=conv"


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"network": "mlp", "model.latent_size": 2}, True),
        ({"network": "conv", "model.latent_size": 2, "network.channels": "[16]"}, True),
        ({"network": "mlp", "model.latent_size": 2, "network.channels": "[16]"}, False),
        ({"network": "conv", "model.latent_size": 2}, False),
        ({"network": "mlp", "model.latent_size": 5}, False),
        ({"network": "mlp", "model.latent_size": 2.5}, False),
        ({"network": "mlp", "model.latent_size": True}, False),
        ({"network": "mlp", "model.latent_size": 2, "seed": 1}, False),
    ],
)
def test_only_whole_trials_of_this_space_fit(params: dict[str, object], fits: bool) -> None:
    assert space_of(CONV, WHEN_CONV).fits(params) is fits  # type: ignore[arg-type]
