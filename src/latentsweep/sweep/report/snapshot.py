"""A study as it is at one moment, its trials read once and counted by slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.attributes import (
    CONTINUES,
    FAILURE,
    METHOD,
    METRICS,
    N_TRIALS,
    RUN,
    SETTINGS,
    SLOT,
    STOPPED,
)
from latentsweep.sweep.durations import covered, epochs_of, spans
from latentsweep.sweep.slot import slots_of
from latentsweep.tracking.experiment import dashboard_link
from latentsweep.tracking.progress import read_identity

# Where `make dashboard` serves a store that is no server itself.
LOCAL_DASHBOARD = "http://127.0.0.1:5000"


class State(StrEnum):
    """What became of a trial, in the words of the report."""

    FINISHED = "finished"
    PRUNED = "pruned"
    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"


@dataclass(frozen=True)
class Objective:
    """A metric that is optimised."""

    name: str
    maximize: bool


@dataclass(frozen=True)
class Parameter:
    """A key that is searched."""

    name: str
    distribution: BaseDistribution

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers of an interval."""
        return not isinstance(self.distribution, CategoricalDistribution)

    @property
    def is_log(self) -> bool:
        """Whether it is searched on a logarithmic scale."""
        return bool(getattr(self.distribution, "log", False))

    @property
    def interval(self) -> tuple[float, float]:
        """Where the values of a numeric parameter lie."""
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        return self.distribution.low, self.distribution.high

    @property
    def varies(self) -> bool:
        """Whether there is more than one value to choose from."""
        return not self.distribution.single()


@dataclass(frozen=True)
class Entry:
    """One trial with all attempts at it.

    Attributes:
        tries: all attempts, the newest last: more than one after a worker had died.
        seconds: time in all attempts so far.
        run_dir: the run's directory, whether it exists or not; None as long as it has none.
        link: address of its MLflow run; None as long as nobody knows.
    """

    tries: tuple[FrozenTrial, ...]
    seconds: float
    run_dir: Path | None
    link: str | None

    @property
    def trial(self) -> FrozenTrial:
        """The newest attempt, which stands for all."""
        return self.tries[-1]

    @property
    def attempts(self) -> int:
        """How often it was started."""
        return sum(trial.datetime_start is not None for trial in self.tries)

    @property
    def state(self) -> State:
        """What became of it; a trial that waits to be taken up again is no failure."""
        if self.trial.state == TrialState.FAIL:
            return State.FAILED if FAILURE in self.trial.user_attrs else State.WAITING
        return _STATES[self.trial.state]

    @property
    def values(self) -> list[float]:
        """Its objectives' values; none unless it is finished."""
        return list(self.trial.values or []) if self.state == State.FINISHED else []

    @property
    def latest(self) -> list[float]:
        """Its objectives' values; of a trial that has not finished the last one it reported."""
        return self.values or list(self.curve.values())[-1:]

    @property
    def curve(self) -> dict[int, float]:
        """The objective by epoch, as reported to the pruner."""
        values = sorted(self.trial.intermediate_values.items())
        return {epoch: value for epoch, value in values if isfinite(value)}

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics of the validation split after the last epoch, by name with its split."""
        metrics: Mapping[str, float] = self.trial.user_attrs.get(METRICS) or {}
        return metrics

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return epochs_of(self.trial)

    @property
    def failure(self) -> str:
        """Why it failed, one line; nothing where it did not."""
        failed = self.state == State.FAILED
        return str(self.trial.user_attrs.get(FAILURE) or "") if failed else ""


@dataclass(frozen=True)
class Snapshot:
    """What the report is made from.

    Attributes:
        name: the study's name.
        objectives: what is optimised.
        parameters: what is searched.
        entries: the sweep's own trials, by number; those not yet begun are left out.
        wanted: trials that are to finish.
        warm_start: trials of an earlier study that the sampler learned from.
        stopped: why no more trials are started, or nothing.
        method: the sampler's and the pruner's settings.
        busy: seconds with at least one trial under way.
        taken: when this was read.
        link: address of the sweep's own MLflow run; None as long as nobody knows.
        run_id: its id.
    """

    name: str
    objectives: tuple[Objective, ...]
    parameters: tuple[Parameter, ...]
    entries: tuple[Entry, ...]
    wanted: int
    warm_start: int
    stopped: str
    method: Mapping[str, Any]
    busy: float
    taken: datetime
    link: str | None = None
    run_id: str = ""

    @property
    def is_over(self) -> bool:
        """Whether all trials that are wanted are finished or pruned."""
        return len(self.of(State.FINISHED, State.PRUNED)) >= max(1, self.wanted)

    def of(self, *states: State) -> list[Entry]:
        """The entries in any of these states."""
        return [entry for entry in self.entries if entry.state in states]


_STATES = {
    TrialState.COMPLETE: State.FINISHED,
    TrialState.PRUNED: State.PRUNED,
    TrialState.RUNNING: State.RUNNING,
    TrialState.WAITING: State.WAITING,
}


def snapshot(study: optuna.Study, directory: Path) -> Snapshot:
    """Read a study and, from its runs' directories, where MLflow holds each.

    Args:
        study: the study.
        directory: the sweep's directory, to which the runs' directories are relative.
    """
    taken = datetime.now()
    trials = study.get_trials(deepcopy=False)
    attributes = study.user_attrs
    entries = [
        _entry(tries, directory, taken)
        for tries in _attempts(trials)
        if any(trial.datetime_start for trial in tries)
    ]
    return Snapshot(
        name=study.study_name,
        objectives=objectives_of(study),
        parameters=_parameters(trials),
        entries=tuple(sorted(entries, key=lambda entry: entry.trial.number)),
        wanted=int(attributes.get(N_TRIALS, 0)),
        warm_start=sum(SLOT not in trial.user_attrs for trial in trials),
        stopped=str(attributes.get(STOPPED) or ""),
        method=attributes.get(METHOD) or {},
        busy=covered(spans(trials, taken)),
        taken=taken,
        link=_link(directory),
        run_id=identity.run_id if (identity := read_identity(directory)) else "",
    )


def objectives_of(study: optuna.Study) -> tuple[Objective, ...]:
    """The study's objectives by the names that its settings give them."""
    settings = study.user_attrs.get(SETTINGS) or {}
    names = list(study.metric_names or settings.get("objectives") or [])
    if len(names) != len(study.directions):
        names = [f"objective {index + 1}" for index in range(len(study.directions))]
    maximize = [direction == StudyDirection.MAXIMIZE for direction in study.directions]
    return tuple(Objective(*each) for each in zip(names, maximize, strict=True))


def _attempts(trials: list[FrozenTrial]) -> Iterator[list[FrozenTrial]]:
    """The sweep's trials, each with those that it takes up, in the order of their numbers."""
    for slot in slots_of(trials).values():
        chains: dict[int, list[FrozenTrial]] = {}
        for trial in slot.trials:
            before = chains.pop(trial.user_attrs.get(CONTINUES, -1), [])
            chains[trial.number] = [*before, trial]
        yield from chains.values()


def _entry(tries: list[FrozenTrial], directory: Path, now: datetime) -> Entry:
    run = tries[-1].user_attrs.get(RUN)
    run_dir = directory / str(run) if run else None
    seconds = sum(end - start for start, end in spans(tries, now))
    return Entry(tuple(tries), seconds, run_dir, _link(run_dir) if run_dir else None)


def _link(run_dir: Path) -> str | None:
    identity = read_identity(run_dir)
    if identity is None:
        return None
    base = LOCAL_DASHBOARD
    if identity.uri.startswith(("http://", "https://")):
        base = identity.uri.replace("***@", "").rstrip("/")
    place = f"experiments/{quote(identity.experiment_id)}/runs/{quote(identity.run_id)}"
    return dashboard_link(base, place)


def _parameters(trials: Sequence[FrozenTrial]) -> tuple[Parameter, ...]:
    """By first appearance; of one whose interval was changed the newest."""
    distributions: dict[str, BaseDistribution] = {}
    for trial in trials:
        if SLOT in trial.user_attrs:
            distributions.update(trial.distributions)
    return tuple(Parameter(name, each) for name, each in distributions.items())
