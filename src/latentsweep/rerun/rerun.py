"""A recorded run again, and how it compares: reads from top to bottom."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from latentsweep.errors import LatentsweepError
from latentsweep.rerun.checkout import check_recorded_code
from latentsweep.rerun.comparison import Comparison, compare
from latentsweep.rerun.data import check_data
from latentsweep.rerun.facts import differences, facts
from latentsweep.rerun.find import find_recorded
from latentsweep.rerun.folder import RerunFolder, rerun_folder
from latentsweep.rerun.noting import note
from latentsweep.rerun.plan import RerunPlan, Wish, make_plan
from latentsweep.rerun.record import Record, read_record
from latentsweep.rerun.told import show_plan, show_record
from latentsweep.rerun.training import train_again
from latentsweep.rerun.variation_told import show_variation
from latentsweep.rerun.verdict import Verdict, judge
from latentsweep.tracking.recorded import read_recorded
from latentsweep.tracking.recorder import RunStatus

RERUN_OF = "rerun_of"


def rerun(reference: str, uri: str, wish: Wish, *, dry: bool = False) -> int:
    """Train a recorded run again and compare.

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
    with tempfile.TemporaryDirectory() as directory:
        record = read_record(find_recorded(reference, uri, Path(directory)))
        show_record(record)
        plan = make_plan(record, wish)
        show_plan(plan)
        check_data(record, plan.config)
        if plan.code == "recorded":
            check_recorded_code(record)
        if dry:
            print("the data is that on record; DRY=1: nothing was trained")
            return 0
        with rerun_folder(record.run.name, _request(plan, wish)) as folder:
            code = train_again(plan, folder, _tags(record))
            again = _record_of(folder)
            if code and not _fails_alike(record, again):
                raise LatentsweepError(
                    "the rerun failed", found=str(again.run.tags.get("failure", f"code {code}"))
                )
            if plan.until is None:
                show_variation(record, again)
                folder.finish({"of": record.run.uid})
                return 0
            return _conclude(plan, folder, again, uri).exit_code


def _request(plan: RerunPlan, wish: Wish) -> dict[str, object]:
    """What tells this rerun from others of the same run."""
    return {
        "of": plan.record.run.uid,
        "code": plan.code,
        "wish": {**asdict(wish), "changes": list(wish.changes)},
    }


def _tags(record: Record) -> dict[str, str]:
    """What the rerun is tagged with from its beginning."""
    run = record.run
    return {
        RERUN_OF: run.identity.run_id if run.identity else run.uid,
        "mlflow.runName": f"{run.name} again",
        "mlflow.source.name": "pipelines/rerun.py",
    }


def _record_of(folder: RerunFolder) -> Record:
    assert folder.run is not None
    return read_record(read_recorded(folder.run.path))


def _fails_alike(record: Record, again: Record) -> bool:
    return record.run.status is again.run.status is RunStatus.FAILED


def _conclude(plan: RerunPlan, folder: RerunFolder, again: Record, uri: str) -> Verdict:
    """Compare, judge, tell, and put it on record on both sides."""
    record = plan.record
    mine = facts(record.origin, record.values, record.diff)
    other = facts(again.origin, again.values, again.diff)
    compared = _compared(plan, again)
    verdict = judge(compared, plan.config.trainer.precision, differences(mine, other))
    lines = verdict.lines()
    print("\n".join(lines))
    text = "\n".join([f"{again.run.name} again, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", *lines])
    name = folder.path.name
    told = {"rerun.verdict": verdict.judgement.value, "rerun.compared": lines[0]}
    note(again.run, uri, {**_tags(record), **told}, {f"rerun/{name}.txt": text + "\n"})
    by = again.run.identity.run_id if again.run.identity else again.run.uid
    note(record.run, uri, {**told, "rerun.by": by}, {f"rerun/{name}.txt": text + "\n"})
    folder.finish({"of": record.run.uid, "verdict": verdict.judgement.value, "lines": lines})
    print(f"rerun:      {folder.path}")
    return verdict


def _compared(plan: RerunPlan, again: Record) -> Comparison:
    assert plan.until is not None
    weights = None
    mine, other = plan.record.weights(), again.weights()
    if mine and other and mine[1] == other[1] == plan.until:
        weights = mine[0] == other[0]
    return compare(plan.record.run.metrics, again.run.metrics, plan.until, weights=weights)
