"""The link from one journal to one MLflow run, advanced a shipment at a time."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentsweep.tracking.destination import read_destination
from latentsweep.tracking.experiment import NOTE_TAG
from latentsweep.tracking.journal import (
    JOURNAL_NAME,
    is_behind_a_line,
    journal_size,
    make_durable,
    read_journal,
)
from latentsweep.tracking.nesting import sweep_in_store, sweep_of
from latentsweep.tracking.preflight import trouble_with
from latentsweep.tracking.progress import (
    Identity,
    Progress,
    known_id,
    read_progress,
    write_identity,
    write_progress,
)
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Started, Status, Tags
from latentsweep.tracking.shipping import gather, ship
from latentsweep.tracking.store import find_or_create_run, open_store, prepare_client
from latentsweep.tracking.uri import without_credentials

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_MLFLOW_STATUS = {
    RunStatus.RUNNING: "RUNNING",
    RunStatus.HANDED_ON: "RUNNING",
    RunStatus.FINISHED: "FINISHED",
    RunStatus.PRUNED: "FINISHED",  # a red cross would look like a failure
    RunStatus.PREEMPTED: "SCHEDULED",
    RunStatus.FAILED: "FAILED",
    RunStatus.INTERRUPTED: "KILLED",
}

PARENT_TAG = "mlflow.parentRunId"
_AT_WORK = (RunStatus.RUNNING, RunStatus.HANDED_ON)
_GOES_ON = (RunStatus.HANDED_ON, RunStatus.PREEMPTED)  # without an end time

_log = logging.getLogger(__name__)


class Link:
    """Ships a journal into its MLflow run, which it finds or creates.

    Args:
        run_dir: the run's directory.
        uri: absolute address of the store.
        experiment: name of the experiment for a new run.
        live: whether a trainer is at work, so that the run counts as running.
    """

    def __init__(self, run_dir: Path, uri: str, experiment: str, *, live: bool) -> None:
        self._run_dir = run_dir
        self._journal = run_dir / JOURNAL_NAME
        self._uri = uri
        self._experiment = experiment
        self._live = live
        self._client: MlflowClient | None = None
        progress = read_progress(run_dir)
        # What another store holds is nothing to this one.
        fits = known_id(run_dir, uri) and is_behind_a_line(self._journal, progress.offset)
        self._progress = progress if fits else Progress()

    def journal_size(self) -> int:
        """Bytes in the journal."""
        return journal_size(self._run_dir)

    def advance(self, end: int | None) -> tuple[str, bool]:
        """Ship the next stretch and, with nothing left before byte `end`, the final status.

        Args:
            end: where the journal ends; None: it still grows.

        Returns:
            What is wrong, or "" if all went well; and whether there is more to ship at once.
        """
        prepare_client()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        if end is not None and end < self._progress.offset <= self.journal_size():
            # The run was taken up elsewhere, and how it stood at `end` no longer counts.
            return "", False
        destination = read_destination(self._run_dir)
        if destination and destination.uri != without_credentials(self._uri):
            return "", False  # it goes to another store since, whose progress is not this one's
        try:
            return "", self._advance(end)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            problem = without_credentials(_brief(str(error), self._uri))
            _log.warning("%s: %s", self._run_dir, problem)
            # Looked up anew on the next try: the run may have been deleted, or the server's
            # database replaced.
            self._client = None
            self._save(problem=problem)
            return problem, False

    def _advance(self, end: int | None) -> bool:
        client = self._client or self._connect()
        self._nest(client)
        progress = self._progress
        shipment = gather(self._journal, progress.offset, end)
        if shipment.end > progress.offset:
            self._fit_tags(client, shipment.tags)
            refused = ship(client, progress.run_id, self._run_dir, shipment)
            # First: after a power cut the cursor must not be ahead of the journal.
            make_durable(self._journal)
            self._save(offset=shipment.end, refused=progress.refused + refused, problem="")
            return shipment.full or end is not None
        if end is not None:
            self._settle(client, end)
        return False

    def _fit_tags(self, client: "MlflowClient", tags: dict[str, str]) -> None:
        """Leave out what is not right for this very store: another's parent, over a person's note.

        The parent's id on record is one of the store that the sweep began with.
        """
        if PARENT_TAG in tags and (not tags[PARENT_TAG] or sweep_of(self._run_dir)):
            del tags[PARENT_TAG]  # see `_nest`
        if NOTE_TAG in tags:
            stored = client.get_run(self._progress.run_id).data.tags.get(NOTE_TAG)
            if stored is not None and stored not in self._own_notes():
                del tags[NOTE_TAG]

    def _nest(self, client: "MlflowClient") -> None:
        """Put a trial's run below its sweep's, as soon as this store holds both."""
        parent = sweep_in_store(self._run_dir, self._uri)
        if parent and parent != self._progress.parent:
            client.set_tag(self._progress.run_id, PARENT_TAG, parent)
            self._save(parent=parent)

    def _own_notes(self) -> set[str]:
        """Each description that the journal has given the run so far."""
        records = (record for record, _ in read_journal(self._journal))
        tags = (record.values for record in records if isinstance(record, Tags))
        return {values[NOTE_TAG] for values in tags if NOTE_TAG in values}

    def _connect(self) -> "MlflowClient":
        run_uid, started = self._run()
        if not self._uri.startswith("http"):
            # MLflow itself would ask a database that is away for more than a minute.
            problem = trouble_with(self._uri, self._experiment)
            if problem:
                raise ConnectionError(problem)
        client = open_store(self._uri)
        run = find_or_create_run(
            client,
            self._uri,
            self._experiment,
            run_uid,
            known_id(self._run_dir, self._uri),
            started,
        )
        identity = Identity(run.run_id, run.experiment_id, self._uri)
        write_identity(self._run_dir, identity)
        if self._progress.run_id != run.run_id or self._progress.offset > self.journal_size():
            self._progress = Progress(run_id=run.run_id)
        if self._live:
            client.set_tag(run.run_id, "status", RunStatus.RUNNING.value)
            client.update_run(run.run_id, status="RUNNING")
        self._save(settled=False, problem="")
        self._client = client
        return client

    def _settle(self, client: "MlflowClient", end: int) -> None:
        """Ship how the run ended; a trainer that left without a word was interrupted."""
        status, moment = RunStatus.RUNNING, 0
        for record, offset in read_journal(self._journal):
            if offset > end:
                break
            if isinstance(record, Status):
                status = record.status
            if isinstance(record, Status) or status in _AT_WORK:
                moment = record.time  # what is recorded after the end does not move it
        if status is RunStatus.RUNNING:
            status = RunStatus.INTERRUPTED
        run_id = self._progress.run_id
        if status is RunStatus.HANDED_ON:
            client.set_tag(run_id, "status", RunStatus.RUNNING.value)
        else:
            client.set_tag(run_id, "status", status.value)
        if status in _GOES_ON:
            client.update_run(run_id, status=_MLFLOW_STATUS[status])
        else:
            client.set_terminated(run_id, _MLFLOW_STATUS[status], end_time=moment)
        self._save(settled=True, problem="")

    def _run(self) -> tuple[str, int]:
        for record, _ in read_journal(self._journal):
            if isinstance(record, Started):
                return record.run_uid, record.time
        raise FileNotFoundError(f"{self._journal} does not tell which run it is of")

    def _save(self, **changes: Any) -> None:
        progress = replace(self._progress, **changes)
        if progress != self._progress:
            write_progress(self._run_dir, progress)
            self._progress = progress


def _brief(text: str, uri: str) -> str:
    """What an error says, in one line; of a server that is away, without the ways of asking it."""
    text = " ".join(text.split())[:2000]
    if "Max retries exceeded" not in text:
        return text
    refused = "Connection refused" in text
    return f"the server at {uri} {'refuses the connection' if refused else 'does not answer'}"
