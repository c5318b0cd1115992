"""What a sweep's command line fixes, and what it searches."""

import pytest

from latentsweep.errors import ConfigError
from latentsweep.sweep.arguments import searched, split_overrides

from .search_spaces import DEFAULT


def test_overrides_and_sweeps_are_told_apart() -> None:
    fixed, sweeps = split_overrides(
        [
            "data=digits",
            "model.latent_size=range(2,32)",
            "network=mlp,conv",
            "network.hidden_sizes=[200,100]",
            "+a.b=1",
            "~optimizer",
            "model.beta=tag(log,interval(0.1,32))",
        ]
    )
    assert fixed == ["data=digits", "network.hidden_sizes=[200,100]", "+a.b=1", "~optimizer"]
    assert sweeps == {
        "model.latent_size": "range(2,32)",
        "network": "mlp,conv",
        "model.beta": "tag(log,interval(0.1,32))",
    }


@pytest.mark.parametrize("argument", ["+model.x=range(1,3)", "model@other=choice(ae,vae)"])
def test_sweep_of_something_new_is_refused(argument: str) -> None:
    with pytest.raises(ConfigError, match="a search changes a key or group that there is"):
        split_overrides([argument])


def test_unreadable_override_is_told() -> None:
    with pytest.raises(ConfigError, match=r"cannot read model\.beta=interval\(1"):
        split_overrides(["model.beta=interval(1"])


def test_sweep_on_the_command_line_adds_to_the_defaults_or_replaces_them() -> None:
    assert searched(DEFAULT, [], {"batch_size": "32,64", "model.beta": "1,2"}) == DEFAULT | {
        "batch_size": "32,64",
        "model.beta": "1,2",
    }


def test_key_that_is_fixed_on_the_command_line_leaves_the_space() -> None:
    assert list(searched(DEFAULT, ["model.beta=4", "data=digits"], {})) == ["model.latent_size"]
