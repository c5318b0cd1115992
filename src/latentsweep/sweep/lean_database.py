"""Optuna's storage on a PostgreSQL server, as many workers can afford it.

Optuna reads and writes through SQLAlchemy's object mapper, in many statements. With 64 workers a
look at the unfinished trials costs it 47 ms of a core, eight times a trial. And it locks the study
while it adds a trial in nine statements: where workers share processors and wait for one at each,
nobody else can add one for 0.4 s. Here each of these is one statement.
"""

import copy
import json
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.exceptions import UpdateFinishedTrialError
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
from psycopg import sql
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    Row,
    ScalarSelect,
    Table,
    any_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

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
_FINISHED = [state for state in TrialState if state.is_finished()]


class LeanDatabase(_CachedStorage):
    """Optuna's `_CachedStorage`, the same but for what it asks of the server."""

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
        with self._connect() as connection:
            rows = _read(connection, _TRIALS.c.trial_id == trial_id, TrialState)
        if not rows:
            raise KeyError(f"no trial has the id {trial_id}")
        return _trial(rows[0])

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial; returns its id."""
        if template_trial is None or not _is_blank(template_trial):
            return super().create_new_trial(study_id, template_trial)
        with self._connect(no_parameters=True) as connection:
            result = connection.exec_driver_sql(_addition(study_id, template_trial))
            cursor = result.cursor
            assert cursor is not None
            cursor.nextset()  # that of the lock comes first
            return int(cursor.fetchall()[0][0])

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Keep what a trial reports at a step."""
        value, kind = TrialIntermediateValueModel.intermediate_value_to_stored_repr(
            intermediate_value
        )
        kept = {"intermediate_value": value, "intermediate_value_type": kind}
        self._keep(_REPORTS, {"trial_id": trial_id, "step": step}, kept)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep a JSON value."""
        kept = {"value_json": json.dumps(value)}
        self._keep(_USER_ATTRIBUTES, {"trial_id": trial_id, "key": key}, kept)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep a JSON value."""
        kept = {"value_json": json.dumps(value)}
        self._keep(_SYSTEM_ATTRIBUTES, {"trial_id": trial_id, "key": key}, kept)

    def _keep(self, table: Table, where: dict[str, Any], kept: dict[str, Any]) -> None:
        """Add a row to an unfinished trial, or change the one that there is.

        Raises:
            UpdateFinishedTrialError: the trial is finished.
            KeyError: there is no such trial.
        """
        row = where | kept
        columns = [table.c[name] for name in row]
        values = [literal(value, table.c[name].type) for name, value in row.items()]
        unfinished = select(*values).where(
            _TRIALS.c.trial_id == where["trial_id"], _TRIALS.c.state.not_in(_FINISHED)
        )
        added = insert(table).from_select(columns, unfinished)
        changed = added.on_conflict_do_update(
            index_elements=list(where), set_={name: added.excluded[name] for name in kept}
        )
        with self._connect() as connection:
            if connection.execute(changed.returning(table.c.trial_id)).first() is None:
                number = self.get_trial(where["trial_id"]).number
                raise UpdateFinishedTrialError(f"trial {number} is finished, and stays as it is")

    def _connect(self, **options: Any) -> Connection:
        """A connection of which each statement is a transaction."""
        options = {"isolation_level": "AUTOCOMMIT", **options}
        return self._backend.engine.execution_options(**options).connect()

    def _read_changed(
        self, study_id: int, study: _StudyInfo, states: Container[TrialState] | None
    ) -> list[FrozenTrial]:
        """Keep the trials that have finished since the last time; returns the unfinished ones."""
        wanted = [
            state
            for state in TrialState
            if state.is_finished() or states is None or state in states
        ]
        ids = _TRIALS.c.trial_id
        changed = or_(ids > study.last_finished_trial_id, _in(ids, study.unfinished_trial_ids))
        with self._connect() as connection:
            rows = _read(connection, (_TRIALS.c.study_id == study_id) & changed, wanted)
        trials = [_trial(row) for row in rows if row.state in wanted]
        self._add_trials_to_cache(study_id, trials)
        ended = {row.trial_id for row in rows if row.state.is_finished()}
        study.unfinished_trial_ids = {row.trial_id for row in rows} - ended
        study.last_finished_trial_id = max(ended | {study.last_finished_trial_id})
        return [trial for trial in trials if not trial.state.is_finished()]


def _read(
    connection: Connection, where: ColumnElement[bool], wanted: Iterable[TrialState]
) -> list[Row[Any]]:
    """Rows of trials; for those in a wanted state with all that belongs to them."""
    is_wanted = _TRIALS.c.state.in_(list(wanted))
    details = [
        case((is_wanted, rows), else_=None).label(name)
        for name, rows in (
            ("params", _rows(_PARAMS, "param_name", "param_value", "distribution_json")),
            ("trial_values", _rows(_VALUES, "objective", "value", "value_type")),
            (
                "reports",
                _rows(_REPORTS, "step", "intermediate_value", "intermediate_value_type"),
            ),
            ("user_attributes", _rows(_USER_ATTRIBUTES, "key", "value_json")),
            ("system_attributes", _rows(_SYSTEM_ATTRIBUTES, "key", "value_json")),
        )
    ]
    statement = select(_TRIALS, *details).where(where).order_by(_TRIALS.c.trial_id)
    return list(connection.execute(statement).all())


def _rows(table: Table, *columns: str) -> ScalarSelect[Any]:
    """These columns of a trial's rows in a table as a JSON array, in the order of their making."""
    (made,) = table.primary_key
    row = func.json_build_array(*(table.c[name] for name in columns))
    rows = func.json_agg(aggregate_order_by(row, made))
    return select(rows).where(table.c.trial_id == _TRIALS.c.trial_id).scalar_subquery()


def _trial(row: Row[Any]) -> FrozenTrial:
    # A float without a fraction comes back from JSON as an int.
    distributions = {name: _distribution(text) for name, _, text in row.params or ()}
    values = [_value(value, kind) for _, value, kind in sorted(row.trial_values or ())]
    return FrozenTrial(
        number=row.number,
        state=row.state,
        value=None,
        values=values or None,
        datetime_start=_local(row.datetime_start),
        datetime_complete=_local(row.datetime_complete),
        params={
            name: distributions[name].to_external_repr(float(value))
            for name, value, _ in row.params or ()
        },
        distributions=distributions,
        user_attrs={key: json.loads(text) for key, text in row.user_attributes or ()},
        system_attrs={key: json.loads(text) for key, text in row.system_attributes or ()},
        intermediate_values={step: _report(value, kind) for step, value, kind in row.reports or ()},
        trial_id=row.trial_id,
    )


def _value(stored: float | None, kind: str) -> float:
    known = TrialValueModel.TrialValueType[kind]
    return float(TrialValueModel.stored_repr_to_value(stored, known))


def _report(stored: float | None, kind: str) -> float:
    known = TrialIntermediateValueModel.TrialIntermediateValueType[kind]
    return float(TrialIntermediateValueModel.stored_repr_to_intermediate_value(stored, known))


def _in(ids: ColumnElement[int], some: Iterable[int]) -> ColumnElement[bool]:
    """With one parameter: so the server plans a statement once, however many there are."""
    return ids == any_(bindparam(None, list(some), type_=ARRAY(Integer)))


@lru_cache(maxsize=256)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _local(stored: datetime | None) -> datetime | None:
    """A time as Optuna gives it, in local time, from one that it stores, in UTC."""
    return stored and stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def _is_blank(trial: FrozenTrial) -> bool:
    """Whether it is there to be claimed, and has nothing but attributes."""
    has_more = trial.params or trial.intermediate_values or trial.datetime_start
    return trial.state == TrialState.WAITING and not has_more


def _addition(study_id: int, trial: FrozenTrial) -> str:
    """Statements that add a blank trial; the server runs them as one transaction.

    The lock is Optuna's own: the number of a trial is how many there are. It is a statement of its
    own, since one that waits for a lock does not see what was added meanwhile.
    """
    rows = [
        sql.SQL(
            ", {name} AS (INSERT INTO {table} (trial_id, key, value_json)"
            " SELECT trial_id, {key}, {value} FROM made)"
        ).format(
            name=sql.Identifier(f"{table.name} {key}"),
            table=sql.Identifier(table.name),
            key=sql.Literal(key),
            value=sql.Literal(json.dumps(value)),
        )
        for table, attributes in (
            (_USER_ATTRIBUTES, trial.user_attrs),
            (_SYSTEM_ATTRIBUTES, trial.system_attrs),
        )
        for key, value in attributes.items()
    ]
    return (
        sql.SQL(
            "SELECT study_id FROM studies WHERE study_id = {study} FOR UPDATE;"
            " WITH made AS (INSERT INTO trials (number, study_id, state)"
            " SELECT count(*), {study}, 'WAITING' FROM trials WHERE study_id = {study}"
            " RETURNING trial_id){rows} SELECT trial_id FROM made"
        )
        .format(study=sql.Literal(study_id), rows=sql.Composed(rows))
        .as_string()
    )
