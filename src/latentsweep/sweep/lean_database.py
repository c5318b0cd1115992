"""Optuna's database storage, with reads that many workers can afford.

Whenever a claim, a sampler or a pruner asks for trials, Optuna reads all of a study's unfinished
ones as mapped objects: 47 ms of a core with 64 workers, eight times a trial. Here rows are read as
rows, and nothing is read of unfinished trials in a state that was not asked for.
"""

import copy
import json
from collections import defaultdict
from collections.abc import Collection, Container, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import _CachedStorage
from optuna.storages._cached_storage import _StudyInfo
from optuna.storages._rdb.models import (
    TrialIntermediateValueModel,
    TrialModel,
    TrialParamModel,
    TrialSystemAttributeModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ARRAY, Connection, Integer, Row, Table, any_, bindparam, or_, select
from sqlalchemy.sql.elements import CollectionAggregate

_TRIALS, _PARAMS, _VALUES, _REPORTS, _USER_ATTRIBUTES, _SYSTEM_ATTRIBUTES = (
    cast(Table, model.__table__)
    for model in (
        TrialModel,
        TrialParamModel,
        TrialValueModel,
        TrialIntermediateValueModel,
        TrialUserAttributeModel,
        TrialSystemAttributeModel,
    )
)


class LeanDatabase(_CachedStorage):
    """Optuna's `_CachedStorage`, the same but for how it reads many trials."""

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The study's trials in these states, by number.

        Args:
            study_id: which study.
            deepcopy: whether the caller may change them.
            states: None for all.
        """
        with self._lock:
            study = self._studies.setdefault(study_id, _StudyInfo())
            unfinished = self._read_changed(study_id, study, states)
            finished = [trial for trial in study.trials.values() if trial.state.is_finished()]
        trials = [trial for trial in finished if states is None or trial.state in states]
        trials = sorted(trials + unfinished, key=lambda trial: trial.number)
        return copy.deepcopy(trials) if deepcopy else trials

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """The trial.

        Raises:
            KeyError: there is no such trial.
        """
        with self._lock:
            known = self._get_cached_trial(trial_id)
        if known is not None:
            return known
        with self._snapshot() as connection:
            statement = select(_TRIALS).where(_TRIALS.c.trial_id == trial_id)
            trials = list(_read(connection, list(connection.execute(statement).all())))
        if not trials:
            raise KeyError(f"no trial has the id {trial_id}")
        return trials[0]

    def _snapshot(self) -> Connection:
        """A connection whose reads all show the same moment."""
        engine = self._backend.engine.execution_options(isolation_level="REPEATABLE READ")
        return engine.connect()

    def _read_changed(
        self, study_id: int, study: _StudyInfo, states: Container[TrialState] | None
    ) -> list[FrozenTrial]:
        """Keep the trials that have finished since the last time; returns the unfinished ones."""
        with self._snapshot() as connection:
            heads = _heads(
                connection, study_id, study.last_finished_trial_id, study.unfinished_trial_ids
            )
            wanted = [
                head
                for head in heads
                if head.state.is_finished() or states is None or head.state in states
            ]
            trials = list(_read(connection, wanted))
        self._add_trials_to_cache(study_id, trials)
        ended = {head.trial_id for head in heads if head.state.is_finished()}
        study.unfinished_trial_ids = {head.trial_id for head in heads} - ended
        study.last_finished_trial_id = max(ended | {study.last_finished_trial_id})
        return [trial for trial in trials if not trial.state.is_finished()]


def _heads(
    connection: Connection, study_id: int, after: int, unfinished: Collection[int]
) -> list[Row[Any]]:
    """Rows of the trials that are new, or were unfinished the last time."""
    ids = _TRIALS.c.trial_id
    changed = or_(ids > after, ids == _any(unfinished))
    where = (_TRIALS.c.study_id == study_id) & changed
    return list(connection.execute(select(_TRIALS).where(where).order_by(ids)).all())


def _read(connection: Connection, heads: list[Row[Any]]) -> Iterator[FrozenTrial]:
    """The trials of these rows, with all that belongs to them."""
    if not heads:
        return
    ids = [head.trial_id for head in heads]
    params = _read_rows(connection, _PARAMS, ids)
    values = _read_rows(connection, _VALUES, ids)
    reports = _read_rows(connection, _REPORTS, ids)
    user_attributes = _read_rows(connection, _USER_ATTRIBUTES, ids)
    system_attributes = _read_rows(connection, _SYSTEM_ATTRIBUTES, ids)
    for head in heads:
        key = head.trial_id
        yield FrozenTrial(
            number=head.number,
            state=head.state,
            value=None,
            values=_in_order(values[key]) or None,
            datetime_start=_local(head.datetime_start),
            datetime_complete=_local(head.datetime_complete),
            params={
                row.param_name: _distribution(row.distribution_json).to_external_repr(
                    row.param_value
                )
                for row in params[key]
            },
            distributions={
                row.param_name: _distribution(row.distribution_json) for row in params[key]
            },
            user_attrs={row.key: json.loads(row.value_json) for row in user_attributes[key]},
            system_attrs={row.key: json.loads(row.value_json) for row in system_attributes[key]},
            intermediate_values={row.step: _report(row) for row in reports[key]},
            trial_id=key,
        )


def _read_rows(
    connection: Connection, table: Table, ids: list[int]
) -> defaultdict[int, list[Row[Any]]]:
    """The rows of a table that belong to these trials, by trial, in the order of their making."""
    (number,) = table.primary_key
    rows: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    statement = select(table).where(table.c.trial_id == _any(ids)).order_by(number)
    for row in connection.execute(statement).all():
        rows[row.trial_id].append(row)
    return rows


def _any(ids: Collection[int]) -> CollectionAggregate[int]:
    """As one parameter: so the server plans a statement once, however many there are."""
    return any_(bindparam(None, list(ids), type_=ARRAY(Integer)))


def _in_order(rows: list[Row[Any]]) -> list[float]:
    """The objectives' values."""
    return [
        TrialValueModel.stored_repr_to_value(row.value, row.value_type)
        for row in sorted(rows, key=lambda row: int(row.objective))
    ]


def _report(row: Row[Any]) -> float:
    return TrialIntermediateValueModel.stored_repr_to_intermediate_value(
        row.intermediate_value, row.intermediate_value_type
    )


@lru_cache(maxsize=256)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _local(stored: datetime | None) -> datetime | None:
    """A time as Optuna gives it, in local time, from one that it stores, in UTC."""
    return stored and stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
