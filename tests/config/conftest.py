"""Configs composed as the command line composes them."""

from collections.abc import Callable

import pytest

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.sweep import SweepConfig
from latentsweep.config.typed import sweep_settings, typed

Configure = Callable[..., TrainConfig]
ConfigureSweep = Callable[..., SweepConfig]


@pytest.fixture(scope="session")
def configure() -> Configure:
    """From overrides to the typed config of `conf/train.yaml`."""
    return lambda *overrides: typed(compose(CONFIG_DIRECTORY, "train", list(overrides)))


@pytest.fixture(scope="session")
def configure_sweep() -> ConfigureSweep:
    """From overrides to the typed part `sweep` of `conf/sweep.yaml`."""
    return lambda *overrides: sweep_settings(compose(CONFIG_DIRECTORY, "sweep", list(overrides)))
