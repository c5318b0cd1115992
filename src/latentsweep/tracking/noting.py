"""What is found out of a run after its end, put on its record."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from latentsweep.errors import LatentsweepError
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.note import Note
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.tracking.stored_runs import StoredRuns
from latentsweep.tracking.sync import sync


def put_on_record(run: RecordedRun, note: Note) -> bool:
    """Put a note on a run's record, and have its store told; or say why not.

    Args:
        run: the run.
        note: what is to be there.

    Returns:
        Whether it is on its record.
    """
    try:
        must_be_put_on_record(run, note)
    except LatentsweepError as error:
        print(f"note: {run.reference} was not told of it: {error.what}", file=sys.stderr)
        return False
    return True


def must_be_put_on_record(run: RecordedRun, note: Note) -> None:
    """Put a note on a run's record, and have its store told.

    Raises:
        LatentsweepError: the disk or the store refuses.
    """
    if run.directory:
        _on_disk(run.directory, note)
    elif run.identity:
        StoredRuns(run.identity.uri).note(run.identity.run_id, note)


def _on_disk(directory: Path, note: Note) -> None:
    with closing(JournalRecorder(directory)) as recorder:
        if note.tags:
            recorder.tags(note.tags)
        for name, path in note.files.items():
            recorder.file(path, name)
        if note.metrics:
            step = max(recorder.next_step(name) for name in note.metrics)
            recorder.metrics(note.metrics, step)
        for name, content in note.texts.items():
            recorder.text(name, content)
    left = sync([directory]).left
    if left:
        why = next(iter(left.values()))
        print(f"note: MLflow does not hold it yet ({why}); make sync ships it", file=sys.stderr)
