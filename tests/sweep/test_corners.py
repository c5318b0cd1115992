"""Every corner of a search space is tried before anything is queued."""

import pytest

from latentsweep.config.data import DataConfig, DataDescription
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.sweep.corners import check_corners, combinations, edges

from .search_spaces import DEFAULT, composer_of, space_of


def test_default_space_has_four_corners_and_all_build() -> None:
    space = space_of(DEFAULT)
    configs = check_corners(space, composer_of(space, "data=digits"), describe, seconds=60)
    found = {(config.model.latent_size, getattr(config.model, "beta")) for config in configs}  # noqa: B009
    assert found == {(2, 0.1), (64, 0.1), (2, 32.0), (64, 32.0)}
    assert len(configs) == 4


def test_every_choice_and_both_ends_come_before_their_combinations() -> None:
    space = space_of({"network": "mlp,conv,linear", "model.latent_size": "range(2,9)"})
    first = [tuple(corner.values()) for corner in edges(space)]
    assert first == [("mlp", 2), ("conv", 2), ("linear", 2), ("mlp", 8)]
    assert len({tuple(corner.items()) for corner in combinations(space)}) == 6


def test_conditional_parameter_is_tried_where_it_is_searched() -> None:
    space = space_of(
        {"network": "mlp,conv", "network.channels": "[16],[32]", "model.beta": "1,2"},
        {"network.channels": {"network": "conv"}, "model.beta": {"network.channels": [[32]]}},
    )
    corners = edges(space)
    assert {"network": "mlp"} in corners
    assert {"network": "conv", "network.channels": "[16]"} in corners
    assert {"network": "conv", "network.channels": "[32]", "model.beta": 2} in corners


def test_out_of_time_only_the_edges_are_checked() -> None:
    space = space_of(DEFAULT)
    composer = composer_of(space, "data=digits")
    assert len(check_corners(space, composer, describe, build=False, seconds=0)) == 3


def test_data_set_is_described_once() -> None:
    asked: list[DataConfig] = []

    def describing(config: DataConfig) -> DataDescription:
        asked.append(config)
        return describe(config)

    space = space_of(DEFAULT)
    check_corners(space, composer_of(space, "data=digits"), describing, build=False)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("expressions", "fixed", "corner", "reason"),
    [
        (
            {"model.latent_size": "range(2,66)"},
            "data=digits",
            "model.latent_size=65",
            "larger than the data",
        ),
        ({"model.beta": "1,2"}, "model=vae", "model.beta=2", "a VAE's KL weight is 1"),
        ({"model.beta": "1,2"}, "model=ae", "model.beta=1", "model.beta is no key of model=ae"),
        ({"model.beta": "1,2"}, "model=ae", "model.beta=1", "another search_space=..."),
        ({"network": "mlp,conv"}, "network.hidden_sizes=[8]", "network=conv", "hidden_sizes"),
        ({"batch_size": "64,2000"}, "data=digits", "batch_size=2000", "larger than the training"),
        ({"batch_size": "choice(64,a)"}, "data=digits", "batch_size=a", "whole number"),
        ({"model.latent_size": "range(0,9)"}, "data=digits", "model.latent_size=0", "equal to 1"),
    ],
)
def test_corner_that_cannot_run_is_named_with_the_reason(
    expressions: dict[str, str], fixed: str, corner: str, reason: str
) -> None:
    space = space_of(expressions)
    with pytest.raises(ConfigError) as caught:
        check_corners(space, composer_of(space, fixed), describe, build=False)
    headline, _, rest = str(caught.value).partition("\n")
    assert headline.endswith(f"cannot run: {corner}")
    assert reason in rest


def test_models_are_built_without_their_memory() -> None:
    space = space_of({"network.hidden_sizes": "choice([65536,65536])"})
    (config,) = check_corners(space, composer_of(space, "data=digits"), describe)
    assert config.network.name == "mlp"
