"""Configs composed as the command line composes them."""

from collections.abc import Callable

import pytest

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed

Configure = Callable[..., TrainConfig]


@pytest.fixture(scope="session")
def configure() -> Configure:
    """From overrides to the typed config of `conf/train.yaml`."""
    return lambda *overrides: typed(compose(CONFIG_DIRECTORY, "train", list(overrides)))
