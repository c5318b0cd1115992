"""The best trial's model, exported and logged with its run once the sweep has ended."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from optuna.trial import FrozenTrial

from latentsweep.config import TrainConfig
from latentsweep.config.typed import first_line
from latentsweep.errors import LatentsweepError
from latentsweep.sweep.attributes import RUN
from latentsweep.sweep.shared_splits import read_splits
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.logged_model import MODEL_NAME
from latentsweep.tracking.shipper import Shipper
from latentsweep.training.best_model import try_record_best_model
from latentsweep.training.rundir import read

BEST_RUN_TAG = "latentsweep.best_run"


def log_best_model(
    trial: FrozenTrial, config: TrainConfig, directory: Path, shipper: Shipper
) -> str:
    """Export the trial's best checkpoint, put it on the record of its run, and have it shipped.

    Args:
        trial: the best one.
        config: its config.
        directory: the sweep's.
        shipper: ships the record.

    Returns:
        Why that could not be, in a line; empty where it is done or was done before.
    """
    run_dir = directory / str(trial.user_attrs.get(RUN, ""))
    try:
        run = read(run_dir)
        if run is None:
            return ""
        with closing(JournalRecorder(run_dir)) as recorder:
            if MODEL_NAME in recorder.models:
                return ""
            split = read_splits(config.data, config.seed).val
            problem = try_record_best_model(recorder, run, split)
    except LatentsweepError as error:
        return f"the best model was not exported: {first_line(error)}"
    shipper.include(run_dir)
    return problem


def best_run_tag(trial: FrozenTrial, directory: Path) -> dict[str, str]:
    """The tag by which the sweep's run names its best trial's: as `make promote RUN=` takes it.

    A directory, seen from where the sweep was started, since an id would be one of a single store.

    Args:
        trial: the best one.
        directory: the sweep's.
    """
    if RUN not in trial.user_attrs:
        return {}
    return {BEST_RUN_TAG: os.path.relpath(directory / trial.user_attrs[RUN])}
