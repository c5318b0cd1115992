"""Trials to try first lie in the search space."""

from typing import Any

import pytest

from latentsweep.errors import ConfigError
from latentsweep.sweep.enqueued import check_enqueued

from .search_spaces import space_of

SPACE = space_of(
    {
        "model.latent_size": "range(2,33,2)",
        "model.beta": "tag(log,interval(0.1,32))",
        "network": "mlp,conv",
        "network.channels": "[16],[16,32]",
    },
    {"network.channels": {"network": "conv"}},
)


def test_values_come_back_as_the_storage_keeps_them_and_the_rest_is_left_open() -> None:
    entries: list[dict[str, Any]] = [
        {"model.latent_size": 16, "model.beta": 4},
        {"network.channels": [16, 32], "network": "conv"},
        {"network.channels": [16]},
        {},
    ]
    assert check_enqueued(entries, SPACE) == (
        {"model.latent_size": 16, "model.beta": 4.0},
        {"network.channels": "[16,32]", "network": "conv"},
        {"network.channels": "[16]"},
        {},
    )


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"model.latent_siz": 4}, "did you mean model.latent_size?"),
        ({"seed": 4}, "seed is not searched"),
        ({"model.latent_size": 3}, "whole numbers 2 to 32 in steps of 2"),
        ({"model.latent_size": 64}, "64 is outside"),
        ({"model.latent_size": "many"}, "'many' is no number"),
        ({"model.beta": 0}, "0 is outside"),
        ({"network": "linear"}, "'linear' is none of the choices"),
        ({"network": "mlp", "network.channels": [16]}, "beside the entry's other values"),
    ],
)
def test_entry_outside_the_space_is_told_by_its_place(entry: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_enqueued([{}, entry], SPACE)
    assert str(caught.value).startswith("sweep.enqueue.1: ")
    assert says in str(caught.value)
