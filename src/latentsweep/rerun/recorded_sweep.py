"""A recorded sweep: what its command line was, and the records of its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from latentsweep.errors import ConfigError
from latentsweep.rerun.record import Record, read_record
from latentsweep.sweep.parent import SETTINGS_FILE, WORKERS_TAG
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.nesting import TRIALS_FOLDER
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.stored_runs import StoredRuns

_NUMBER, _STATE = "optuna.trial.number", "optuna.trial.state"
_ENDED = ("COMPLETE", "PRUNED", "FAIL")
# Where it runs and what it is called is not what is searched.
_LEFT_OUT = (
    *("sweep.workers", "sweep.directory", "sweep.study", "sweep.storage", "storage"),
    *("hydra", "tracking.uri", "tracking.experiment", "trainer.threads", "trainer.progress_bar"),
)


@dataclass(frozen=True)
class RecordedSweep:
    """What is on record of a sweep.

    Attributes:
        run: its own run.
        arguments: of its command line.
        workers: how many there were; 0: not on record.
        trials: the records of its trials, by number.
        unread: why records of trials cannot be used, by name.
    """

    run: RecordedRun
    arguments: list[str]
    workers: int
    trials: Mapping[int, Record]
    unread: Mapping[str, str]

    @property
    def ended(self) -> list[Record]:
        """The trials that came to an end, in the order of their numbers."""
        ordered = (self.trials[number] for number in sorted(self.trials))
        return [each for each in ordered if each.run.tags.get(_STATE) in _ENDED]

    @property
    def filled(self) -> int:
        """How many trials ended as a sweep counts them: complete or pruned."""
        return sum(each.run.tags[_STATE] != "FAIL" for each in self.ended)


def is_sweep(run: RecordedRun) -> bool:
    """Whether a record is a sweep's own."""
    return run.tags.get("latentsweep.kind") == "sweep"


def read_sweep(run: RecordedRun, directory: Path) -> RecordedSweep:
    """What is on record of a sweep.

    Args:
        run: its own record.
        directory: where files go that are fetched.

    Raises:
        ConfigError: a part of it is not on record.
    """
    text = run.text(SETTINGS_FILE)
    if text is None:
        raise ConfigError(f"the record of the sweep {run.reference} has no {SETTINGS_FILE}")
    settings = yaml.safe_load(text)
    kept = [text for text in settings["overrides"] if not _is_left_out(text)]
    space = [f"{key}={text}" for key, text in settings["sweep"]["search_space"].items()]
    trials: dict[int, Record] = {}
    unread: dict[str, str] = {}
    for trial in _trials(run, directory):
        try:
            if _NUMBER in trial.tags:
                trials[int(trial.tags[_NUMBER])] = read_record(trial)
        except ConfigError as error:
            unread[trial.name] = error.found or error.what
    if not trials:
        raise ConfigError(
            f"no trial of the sweep {run.reference} is on record",
            expected="the records of its trials, in its directory or in its store",
        )
    workers = int(run.tags.get(WORKERS_TAG, "0"))
    return RecordedSweep(run, [*kept, *space], workers, trials, unread)


def _is_left_out(override: str) -> bool:
    key = override.partition("=")[0].lstrip("+~").replace("/", ".")
    return any(key == name or key.startswith(f"{name}.") for name in _LEFT_OUT)


def _trials(run: RecordedRun, directory: Path) -> Iterable[RecordedRun]:
    if run.directory:
        journals = sorted(run.directory.glob(f"{TRIALS_FOLDER}/*/*/{JOURNAL_NAME}"))
        return (read_recorded(journal.parent) for journal in journals)
    assert run.identity is not None
    store = StoredRuns(run.identity.uri)
    return (store.recorded(each, directory) for each in store.children(run.identity.run_id))
