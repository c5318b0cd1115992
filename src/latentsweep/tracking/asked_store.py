"""A store that a person's command asks something of, with its refusals told in one message."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from latentsweep.errors import TrackingError
from latentsweep.tracking.preflight import check_store
from latentsweep.tracking.store import open_store, prepare_client
from latentsweep.tracking.sync import DEFAULT_EXPERIMENT
from latentsweep.tracking.uri import resolve_uri, sqlite_file, without_credentials

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


class AskedStore:
    """An open store.

    Args:
        uri: address of the store.

    Attributes:
        client: MLflow's.
        uri: of the store.
        shown: its address without credentials.

    Raises:
        TrackingError: the store does not answer.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.shown = without_credentials(uri)
        file = sqlite_file(resolve_uri(uri))
        if file is not None and not file.exists():
            raise self.unreachable(f"there is no {file}")
        problem = check_store(uri, DEFAULT_EXPERIMENT)
        if problem:
            raise self.unreachable(problem)
        prepare_client()
        with self.asking():
            self.client: MlflowClient = open_store(uri)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Tell what the store refuses, or that it does not answer, in one message."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise self.unreachable(str(error)) from None

    def unreachable(self, why: str) -> TrackingError:
        """The error for a store that does not do what it is asked."""
        return TrackingError(
            f"MLflow at {self.shown} does not do what it is asked",
            found=" ".join(without_credentials(why).split())[:200],
            mend="start the server, have the permission granted, or mend URI=",
        )
