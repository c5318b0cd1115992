"""What became of a rerun, put on the record of both runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from latentsweep.errors import LatentsweepError
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.tracking.stored_runs import StoredRuns
from latentsweep.tracking.sync import sync


def note(run: RecordedRun, tags: Mapping[str, str], texts: Mapping[str, str]) -> bool:
    """Put tags and text files on a run's record, and have its store told; or say why not.

    Args:
        run: the run.
        tags: by name.
        texts: content of files by their names in MLflow.

    Returns:
        Whether they are on its record.
    """
    try:
        if run.directory:
            _on_disk(run.directory, tags, texts)
        elif run.identity:
            StoredRuns(run.identity.uri).note(run.identity.run_id, tags, texts)
    except LatentsweepError as error:
        print(f"note: {run.reference} was not told of it: {error.what}", file=sys.stderr)
        return False
    return True


def _on_disk(directory: Path, tags: Mapping[str, str], texts: Mapping[str, str]) -> None:
    with closing(JournalRecorder(directory)) as recorder:
        if tags:
            recorder.tags(tags)
        for name, content in texts.items():
            recorder.text(name, content)
    left = sync([directory]).left
    if left:
        why = next(iter(left.values()))
        print(f"note: MLflow does not hold it yet ({why}); make sync ships it", file=sys.stderr)
