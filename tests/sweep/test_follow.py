"""What the terminal shows of a sweep while it runs, and from outside."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState, create_trial
from rich.console import Console

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.sweep import JournalStorageConfig
from latentsweep.config.typed import typed
from latentsweep.sweep.attributes import LEASE, N_TRIALS, SLOT
from latentsweep.sweep.control import cancel_workers, show_status
from latentsweep.sweep.follow import view
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.whereabouts import find_tracking, write_whereabouts
from tests.sweep.report.made_up import SPACE

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

PARAMS = {"model.latent_size": 10, "model.beta": 1.25}


def begun(storage: BaseStorage, *, running: bool) -> optuna.Study:
    """A study of six trials, five minutes after its start: three took a minute each."""
    study = optuna.create_study(study_name="small", storage=storage, direction="maximize")
    study.set_metric_names(["val/elbo"])
    study.set_user_attr(N_TRIALS, 6)
    began = datetime.now() - timedelta(minutes=5)
    states = [TrialState.COMPLETE] * 3 + [TrialState.RUNNING] * running
    for slot, state in enumerate(states):
        done = state == TrialState.COMPLETE
        trial = create_trial(
            state=state,
            value=-250.0 - slot if done else None,
            params=PARAMS,
            distributions=SPACE,
            intermediate_values={1: -300.0, 2: -260.5},
            user_attrs={SLOT: slot, LEASE: {"at": datetime.now().timestamp()}},
        )
        trial.datetime_start = began + timedelta(minutes=slot)
        trial.datetime_complete = trial.datetime_start + timedelta(minutes=1) if done else None
        study.add_trial(trial)
    return study


def test_live_view_tells_counts_best_time_and_each_running_trial() -> None:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(view(begun(InMemoryStorage(), running=True), workers=2))
    said = captured.get()
    assert "small: 3 of 6 trials finished (3 complete, 0 pruned), 1 running" in said
    # Two wait, a minute each, for two workers; the running one may end at any moment.
    assert re.search(r"5:0\d elapsed, about 1:00 left", said)
    assert "best so far: val/elbo -250.00 (trial 0)" in said
    assert re.search(r"^ *3 +2 +-260.50 +model.latent_size=10 +model.beta=1.25", said, re.M)


def standing_still(directory: Path, tracking: str) -> Path:
    """The directory of a sweep on this machine whose workers have left."""
    place = directory / "small"
    config = JournalStorageConfig(path=None)
    begun(open_storage(config, place), running=False)
    record = typed(compose(CONFIG_DIRECTORY, "train", [f"tracking={tracking}"])).tracking
    write_whereabouts(place, "small", config, record)
    return place


def test_status_of_a_sweep_that_stands_still_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_status(standing_still(tmp_path, "off"))
    said = capsys.readouterr().out
    assert "3 of 6 trials finished" in said
    assert "no trial is running; the sweep's own command goes on with it" in said
    assert "parameters" not in said, "no table without rows"


def test_cancelling_where_nobody_works_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cancel_workers(standing_still(tmp_path, "off"))
    assert "no worker runs or waits" in capsys.readouterr().out


def test_place_of_the_record_is_noted_whole_and_without_a_password(tmp_path: Path) -> None:
    place = standing_still(tmp_path, "local")
    noted = find_tracking(place)
    assert noted is not None
    assert noted.uri == f"sqlite:///{Path('mlflow.db').absolute()}"
    record = typed(
        compose(CONFIG_DIRECTORY, "train", ["tracking=server", "tracking.uri=http://me:s3cret@h:1"])
    ).tracking
    write_whereabouts(place, "small", JournalStorageConfig(path=None), record)
    assert find_tracking(place) is None
    assert "s3cret" not in (place / "sweep.json").read_text()
