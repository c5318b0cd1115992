"""Small real runs, evaluated in this process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.compose import compose
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import evaluate_settings, typed
from latentsweep.evaluation.evaluate import evaluate, scores_on_record
from latentsweep.tracking.recorded import read_recorded
from latentsweep.training.ranks.ranks import ALONE
from latentsweep.training.run import train

from ..training.conftest import SMALL

# One seed and one layer: enough for every path, in a second or two.
RUN = (*SMALL, "network.hidden_sizes=[32]", "tracking.images_every_n_epochs=0")
FEW = "importance_samples=5"


def settings(*overrides: str) -> EvaluateConfig:
    return evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", [FEW, *overrides]))


def trained(place: Path, *overrides: str) -> Path:
    """Directory of a small run."""
    chosen = [*RUN, f"output_dir={place}", *overrides]
    summary = train(typed(compose(CONFIG_DIRECTORY, "train", chosen)), chosen)
    return Path(summary.directory)


def evaluated(run_dir: Path, *overrides: str) -> dict[str, Any]:
    """What an evaluation puts on a run's record."""
    evaluate(str(run_dir), "", settings(*overrides), ALONE)
    scores = scores_on_record(read_recorded(run_dir))
    assert scores is not None
    return scores


@dataclass(frozen=True)
class Runs:
    """Runs by what they override, each trained once."""

    place: Path
    made: dict[tuple[str, ...], Path] = field(default_factory=dict)

    def __call__(self, *overrides: str) -> Path:
        if overrides not in self.made:
            self.made[overrides] = trained(self.place, *overrides)
        return self.made[overrides]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return Runs(tmp_path_factory.mktemp("runs"))
