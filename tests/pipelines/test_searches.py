"""What the benchmark reads of a search."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed


def test_outcome_of_a_search_has_its_trials_epochs_and_time(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    searches = benchmark("searches")
    sets = Path(typed(compose(CONFIG_DIRECTORY, "train", [])).data.dir).absolute()
    size = searches.Size(trials=2, epochs=1)
    outcome = searches.by_latentsweep(sets, tmp_path / "search", size)
    assert (outcome.trials, outcome.epochs) == (2, 2)
    assert -400 < outcome.best < -200
    assert 0 < outcome.time.training < outcome.wall
    assert outcome.time.starting > 1, "imports alone take that long"
