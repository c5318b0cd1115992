"""What one of several processes does that contend for trials: `python -m ... STORAGE STUDY`.

Claims every waiting trial that it can get and prints their numbers; then fails every running one
that it can, and prints those.
"""

import json
import random
import sys
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from pydantic import TypeAdapter

from latentsweep.config.sweep import StorageConfig
from latentsweep.sweep.storage import open_storage


def main(storage: BaseStorage, study: optuna.Study) -> None:
    """Take part once standard input says so."""
    trials = [trial._trial_id for trial in study.get_trials(deepcopy=False)]
    random.shuffle(trials)  # in one order for all, the first one would get every trial
    print("ready", flush=True)
    sys.stdin.readline()
    print(
        json.dumps([t for t in trials if storage.set_trial_state_values(t, TrialState.RUNNING)]),
        flush=True,
    )
    sys.stdin.readline()
    print(json.dumps([t for t in trials if _fails(storage, t)]), flush=True)


def _fails(storage: BaseStorage, trial: int) -> bool:
    try:
        return storage.set_trial_state_values(trial, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False


if __name__ == "__main__":
    config: StorageConfig = TypeAdapter(StorageConfig).validate_json(sys.argv[1])
    opened = open_storage(config, Path())
    main(opened, optuna.load_study(study_name=sys.argv[2], storage=opened))
