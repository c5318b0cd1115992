"""A recorded run again, and how it compares: reads from top to bottom."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from latentsweep.config.checks import refuse_password
from latentsweep.rerun.comparison import Comparison, compare
from latentsweep.rerun.data import check_data
from latentsweep.rerun.errors import RerunFailedError, told_apart_from_a_verdict
from latentsweep.rerun.facts import Effect
from latentsweep.rerun.folder import PLACE, RerunFolder, rerun_folder
from latentsweep.rerun.plan import RerunPlan, make_plan
from latentsweep.rerun.record import Record, differences_of, read_record
from latentsweep.rerun.recorded_sweep import is_sweep
from latentsweep.rerun.sweep import rerun_sweep
from latentsweep.rerun.told import show_plan, show_record
from latentsweep.rerun.training import (
    Workshop,
    check_recorded_code,
    open_workshop,
    train_again,
)
from latentsweep.rerun.variation_told import variation_told
from latentsweep.rerun.verdict import Verdict, judge
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.find_recorded import find_recorded
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import put_on_record
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.recorder import RunStatus

RERUN_OF = "rerun_of"


def rerun(reference: str, uri: str, wish: Wish, *, dry: bool = False) -> int:
    """Train a recorded run or sweep again and compare.

    Args:
        reference: a run's directory or name, the id of its MLflow run, or a registered model.
        uri: of the store to ask for a run that does not lie here; empty: this directory's own.
        wish: what is asked for.
        dry: whether to check only.

    Returns:
        The exit code: 0 where the numbers are the same or within tolerance, 1 where they differ.

    Raises:
        LatentsweepError: the run cannot be found, brought back or trained.
    """
    refuse_password(uri, "URI")
    with told_apart_from_a_verdict(), tempfile.TemporaryDirectory() as directory:
        run = find_recorded(reference, uri, Path(directory))
        if is_sweep(run):
            return rerun_sweep(run, Path(directory), wish, dry=dry)
        plan = checked_plan(read_record(run), wish)
        if dry:
            check_recorded_code(plan)
            print("DRY=1: nothing was trained")
            return 0
        with open_workshop(plan) as workshop, rerun_folder(run.name, plan.request) as folder:
            return _train_and_compare(plan, workshop, folder)


def checked_plan(record: Record, wish: Wish, *, to_compare: bool = True) -> RerunPlan:
    """Tell what is on record and what differs here, and refuse what cannot be trained again.

    Args:
        record: of the run.
        wish: what is asked for.
        to_compare: see `make_plan`.

    Raises:
        LatentsweepError: that is so.
    """
    show_record(record)
    plan = make_plan(record, wish, to_compare=to_compare)
    show_plan(plan)
    print(check_data(record, plan.config))
    return plan


def tags_of_rerun(run: RecordedRun, name: str) -> dict[str, str]:
    """What each rerun of a run is tagged with from its beginning.

    Args:
        run: that is repeated.
        name: of the rerun's folder, which ends with its number.
    """
    return {
        RERUN_OF: run.id,
        "mlflow.runName": f"rerun {name.rpartition('-')[2]} of {run.name}",
        "mlflow.source.name": "pipelines/rerun.py",
    }


def _train_and_compare(plan: RerunPlan, workshop: Workshop, folder: RerunFolder) -> int:
    """Train and tell what came of it; the exit code."""
    record = plan.record
    tags = tags_of_rerun(record.run, folder.path.name)
    code = train_again(workshop, plan, folder, tags)
    again = _record_of(folder)
    if code and not record.run.status is again.run.status is RunStatus.FAILED:
        raise RerunFailedError(
            "the rerun failed",
            found=again.run.tags.get("failure", f"exit code {code}"),
            mend=f"what it said stands above; its record is in {folder.path}",
        )
    if plan.until is None:
        told = variation_told(record, again)
        print(told)
        for run, own in ((again.run, tags), (record.run, {})):
            put_on_record(run, Note(own, {f"rerun/{folder.path.name}.txt": told}))
        folder.finish({"of": record.run.uid})
        _show_places(again)
        return 0
    verdict = _judged(plan, again)
    print("\n".join(verdict.lines()))
    _record_verdict(verdict, record, again, folder)
    _show_places(again)
    return verdict.exit_code


def _record_of(folder: RerunFolder) -> Record:
    assert folder.run is not None
    return read_record(read_recorded(folder.run.path))


def _judged(plan: RerunPlan, again: Record) -> Verdict:
    record = plan.record
    compared = _compared(plan, again)
    found = [*differences_of(record, again), *record.along_attempts()]
    ending = ""
    failed = record.run.status is RunStatus.FAILED and plan.until == record.run.last_step
    if failed and again.run.status is not RunStatus.FAILED:
        why = record.run.tags.get("failure", "for an unknown reason")
        ending = f"failed on record ({why}), and not again"
    return judge(compared, plan.config.trainer.precision, found, ending)


def _compared(plan: RerunPlan, again: Record) -> Comparison:
    assert plan.until is not None
    weights = None
    mine, other = plan.record.weights(), again.weights()
    if mine and other and mine[1] == other[1] == plan.until:
        weights = mine[0] == other[0]
    return compare(
        plan.record.run.metrics,
        again.run.metrics,
        plan.until,
        weights=weights,
        since=plan.record.first_step,
        cut=plan.record.is_cut,
    )


def _record_verdict(verdict: Verdict, record: Record, again: Record, folder: RerunFolder) -> None:
    """Put a verdict on record on both sides."""
    lines = verdict.lines()
    name = folder.path.name
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    text = "\n".join([f"{record.run.name} again, {moment}", *lines, ""])
    # What first steps proved, or other code did, does not take the place of the whole's verdict.
    kind = "verdict" if verdict.comparison.until >= record.run.last_step else "first_steps"
    if any(each.effect is Effect.NUMBERS for each in verdict.reasons):
        kind = "other_code"
    told = {f"rerun.{kind}": lines[0]}
    put_on_record(
        again.run,
        Note({**tags_of_rerun(record.run, name), **told}, {f"rerun/{name}.txt": text}),
    )
    told[f"rerun.{kind}_by"] = again.run.id
    put_on_record(record.run, Note(told, {f"rerun/{name}.txt": text}))
    folder.finish({"of": record.run.uid, "verdict": lines})


def _show_places(again: Record) -> None:
    assert again.run.directory is not None
    place = again.run.directory.absolute()
    here = PLACE.absolute().parent
    print(f"rerun:      {place.relative_to(here) if place.is_relative_to(here) else place}")
    if again.run.identity:
        print(f"MLflow run: {again.run.identity.run_id}")
