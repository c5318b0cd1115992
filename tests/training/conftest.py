"""Small real runs on scikit-learn's digits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed

SMALL = (
    "data=digits",
    "batch_size=128",
    "model.latent_size=3",
    "trainer=cpu",
    "trainer.max_epochs=2",
    "trainer.threads=1",
    "trainer.precision=32-true",
    "trainer.progress_bar=false",
    "tracking=off",
    "tracking.every_n_steps=1",
    "tracking.system_metrics_every_seconds=0",
)
Small = Callable[..., TrainConfig]


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """From overrides to the config of a run of 22 steps, in the test's own directory."""

    def make(*overrides: str) -> TrainConfig:
        chosen = [*SMALL, f"output_dir={tmp_path / 'runs'}", *overrides]
        return typed(compose(CONFIG_DIRECTORY, "train", chosen))

    return make
