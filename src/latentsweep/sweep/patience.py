"""A storage that waits for its server: a restart or a short outage ends no worker."""

import functools
import logging
import time
from collections.abc import Callable
from typing import Any, cast

import grpc
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from sqlalchemy.exc import DBAPIError, OperationalError

_SECONDS = 300.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# Where trying again after an answer was lost would make a second one.
_CREATING = ("create_new_study", "create_new_trial")

_log = logging.getLogger(__name__)


def patient(storage: BaseStorage, seconds: float = _SECONDS) -> BaseStorage:
    """`storage`, whose calls wait up to `seconds` for a server that is away.

    A call whose answer was lost is made again. What that changes: claiming a waiting trial that
    was claimed by the lost call says no (the trial then runs without a worker, and is reaped); a
    trial that the lost call ended complete or pruned counts as ended by this worker; creating is
    not tried again, so that nothing is made twice.

    Raises:
        StorageInternalError, grpc.RpcError: from its calls, once the time is over.
    """
    return cast(BaseStorage, _Patient(storage, seconds))


def _lost(error: Exception) -> bool:
    """Whether the server is away, or went away during the call."""
    if isinstance(error, grpc.RpcError):
        return isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    return isinstance(cause, OperationalError) or (
        isinstance(cause, DBAPIError) and cause.connection_invalidated
    )


def _perhaps_done(error: Exception) -> bool:
    """Whether the call may have had its effect before the server went away."""
    if isinstance(error, grpc.RpcError):
        return "failed to connect" not in str(error)
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    return isinstance(cause, DBAPIError) and cause.connection_invalidated


def _waiting(name: str) -> Callable[..., Any]:
    """The method `name` of a storage, which waits."""

    @functools.wraps(getattr(BaseStorage, name), updated=())  # or it would count as abstract
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self.storage, name)
        until, pause, answer_lost = None, _FIRST_PAUSE, False
        while True:
            try:
                return method(*args, **kwargs)
            except UpdateFinishedTrialError:
                ending = answer_lost and name == "set_trial_state_values"
                if not ending or not _ended(self, *args, **kwargs):
                    raise
                return True
            except (StorageInternalError, DBAPIError, grpc.RpcError) as error:
                now = time.monotonic()
                until = until or now + self.seconds
                perhaps_done = _perhaps_done(error)
                if not _lost(error) or now >= until or (perhaps_done and name in _CREATING):
                    raise
                answer_lost |= perhaps_done
                if pause == _FIRST_PAUSE:
                    _log.warning("the study's storage is away; waiting for it")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    return call


def _ended(self: Any, trial_id: int, state: TrialState, values: Any = None) -> bool:
    """Whether the trial is as its worker wanted it: only its worker ends it so."""
    trial = self.storage.get_trial(trial_id)
    ends = (TrialState.COMPLETE, TrialState.PRUNED)
    return state in ends and trial.state == state and trial.values == values


def _initialise(self: Any, storage: BaseStorage, seconds: float) -> None:
    self.storage, self.seconds = storage, seconds


# Every public method of a storage, so that none falls back to BaseStorage's own slower one.
_Patient = type(
    "_Patient",
    (BaseStorage,),
    {"__init__": _initialise}
    | {name: _waiting(name) for name in vars(BaseStorage) if not name.startswith("_")},
)
