"""A recorded run, evaluated on its test split: reads from top to bottom."""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentsweep.config.checks import refuse_password
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.evaluation.agreement import evaluate_agreement, is_group
from latentsweep.evaluation.evaluated import evaluated
from latentsweep.evaluation.evaluation import SCORES, Evaluation, differing
from latentsweep.evaluation.figures import figures
from latentsweep.evaluation.page import PAGE, evaluation_page
from latentsweep.evaluation.plan import make_plan
from latentsweep.evaluation.subject import Subject, read_subject
from latentsweep.evaluation.told import show_record, show_scores
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.find_recorded import find_recorded
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import must_be_put_on_record
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.training.device import set_threads
from latentsweep.training.ranks.ranks import Ranks


def evaluate(reference: str, uri: str, settings: EvaluateConfig, ranks: Ranks) -> None:
    """Measure a recorded run's best model and put the numbers on its record.

    Args:
        reference: a run's directory or name, the id of its MLflow run, or a registered model; or
            the directory of a sweep, a comparison or of seeds, whose runs' agreement is measured.
        uri: of the store to ask for a run that does not lie here; empty: this directory's own.
        settings: what is measured, and how exactly.
        ranks: which share the images.

    Raises:
        LatentsweepError: the run, its model or its data cannot be found, or something was asked
            for that does not apply to it.
    """
    refuse_password(uri, "URI")
    if is_group(reference):
        if ranks.leads:
            evaluate_agreement(Path(reference), settings)
        return
    with tempfile.TemporaryDirectory() as directory:
        run = find_recorded(reference, uri, Path(directory))
        subject = read_subject(run, settings)
        plan = make_plan(subject, settings)
        set_threads(subject.config.trainer, ranks)
        found = evaluated(subject, plan, settings, ranks)
        if found is not None:
            show_scores(subject, found)
            before = record_evaluation(subject, found)
            show_record(subject, found, before)


def record_evaluation(subject: Subject, found: Evaluation) -> dict[str, Any] | None:
    """Put the numbers, the figures and the page on the run's record, unless they are there.

    Returns:
        What an evaluation before this one had put there.

    Raises:
        LatentsweepError: the disk or the store refuses; the same command makes it whole.
    """
    with _one_at_a_time(subject.run), tempfile.TemporaryDirectory() as directory:
        before = scores_on_record(subject.run)
        if before is None or differing(found.scores(), before):
            must_be_put_on_record(subject.run, _noted(subject, found, Path(directory)))
        elif before != found.scores():  # the same numbers by other code or settings
            must_be_put_on_record(subject.run, Note(texts={SCORES: found.scores_text()}))
        return before


@contextmanager
def _one_at_a_time(run: RecordedRun) -> Iterator[None]:
    """Have evaluations of a run that end at the same time see each other's numbers."""
    if run.directory is None:
        yield
        return
    path = run.directory / "evaluation.lock"
    try:
        lock = path.open("w")
    except OSError as error:
        raise storage_error(path, error) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _noted(subject: Subject, found: Evaluation, directory: Path) -> Note:
    """What goes on record, pictures as files of a directory."""
    drawn = dict(figures(subject, found))
    return Note(
        tags={"latentsweep.evaluated_step": str(found.step)},
        texts={
            PAGE: evaluation_page(subject, found, drawn),
            **found.tables(),
            **{f"test/{name}.csv": each.csv() for name, each in drawn.items()},
            SCORES: found.scores_text(),
        },
        metrics=found.recorded_metrics(),
        files={
            f"test/{name}.png": each.write(directory / f"{name}.png")
            for name, each in drawn.items()
        },
    )


def scores_on_record(run: RecordedRun) -> dict[str, Any] | None:
    """What an evaluation put on a run's record; None where there was none, or it is torn."""
    text = run.text(SCORES)
    try:
        before = json.loads(text) if text else None
    except ValueError:
        return None
    whole = isinstance(before, dict) and isinstance(before.get("metrics"), dict)
    return before if whole else None
