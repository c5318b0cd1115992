"""A whole sweep again, by one worker: the same trials in the same order, or where they part."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from latentsweep.errors import ConfigError
from latentsweep.rerun.child import Command, run_command
from latentsweep.rerun.data import check_data
from latentsweep.rerun.errors import RerunFailedError
from latentsweep.rerun.folder import rerun_folder
from latentsweep.rerun.plan import RerunPlan, make_plan
from latentsweep.rerun.recorded_sweep import RecordedSweep, read_sweep
from latentsweep.rerun.sweep_comparison import compare_sweeps
from latentsweep.rerun.told import show_plan
from latentsweep.rerun.training import Workshop, check_recorded_code, checked, open_workshop
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import put_on_record
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.recorder import RunStatus
from latentsweep.training.given_tags import in_environment


def rerun_sweep(run: RecordedRun, directory: Path, wish: Wish, *, dry: bool) -> int:
    """Search again with one worker, and compare trial by trial.

    Args:
        run: the sweep's own record.
        directory: where files go that are fetched.
        wish: what is asked for.
        dry: whether to check only.

    Returns:
        0 where all trials are the same, 1 where they are not.

    Raises:
        LatentsweepError: it cannot be brought back, or its sweep did not end.
    """
    if wish.steps or wish.ranks or wish.changes:
        raise ConfigError(
            "a whole sweep is repeated as it was",
            found="STEPS=, DEVICES= or ARGS=, which are for a single run",
            mend=f"RUN= one of its trials: {run.reference}/trials/0000 and so on",
        )
    recorded = read_sweep(run, directory)
    print(f"sweep:      {os.path.relpath(run.directory) if run.directory else run.reference}")
    workers = f"{recorded.workers or 'some'} worker{'' if recorded.workers == 1 else 's'}"
    print(f"            {len(recorded.trials)} trials by {workers}")
    if run.identity:
        print(f"MLflow run: {run.identity.run_id}")
    for name, why in recorded.unread.items():
        print(f"            without the trial {name}, whose record is not whole: {why}")
    if not recorded.ended:
        raise ConfigError(
            f"no trial of the sweep {run.reference} had ended",
            found=f"{len(recorded.trials)} trials at work or interrupted",
            mend=f"RUN= one of its trials: {run.reference}/trials/0000 and so on",
        )
    first = recorded.ended[0]
    others = {each.origin.get("code") for each in recorded.ended} - {first.origin.get("code")}
    if others:
        versions = 1 + len(others)
        print(f"            trials by {versions} versions of the code; the first's is taken")
    plan = make_plan(first, Wish(code=wish.code, packages=wish.packages))
    show_plan(replace(plan, until=None))
    print(check_data(first, plan.config))
    if dry:
        check_recorded_code(plan)
        print("DRY=1: nothing was trained")
        return 0
    request = {**plan.request, "of": run.uid}
    with open_workshop(plan) as workshop, rerun_folder(run.name, request) as folder:
        again = _search(recorded, plan, workshop, folder.path)
        lines, same = compare_sweeps(recorded, again)
        print("\n".join(lines))
        told = {"rerun.verdict": lines[0]}
        texts = {f"rerun/{folder.path.name}.txt": "\n".join([*lines, ""])}
        put_on_record(again.run, Note({**told, "rerun_of": run.id}, texts))
        put_on_record(run, Note({**told, "rerun.by": again.run.id}, texts))
        folder.finish({"of": run.uid, "verdict": lines})
        print(f"rerun:      {folder.path}/{again.run.name}")
        if again.run.identity:
            print(f"MLflow run: {again.run.identity.run_id}")
        return int(not same)


def _search(
    recorded: RecordedSweep, plan: RerunPlan, workshop: Workshop, folder: Path
) -> RecordedSweep:
    """Search again in a folder, or go on with it.

    Raises:
        LatentsweepError: it did not end.
    """
    tracking = plan.values["tracking"]
    study = f"rerun-of-{recorded.run.name}"
    threads = plan.values["trainer"]["threads"]
    own = ["sweep.workers=1", "storage=journal", f"trainer.threads={threads}"]
    own += [_quoted("sweep.directory", folder.absolute()), _quoted("sweep.study", study)]
    if recorded.run.status is not RunStatus.FINISHED and recorded.filled:
        own.append(f"sweep.n_trials={recorded.filled}")  # it was left before its end
    if tracking["uri"]:
        own.append(_quoted("tracking.uri", tracking["uri"]))
        own.append(_quoted("tracking.experiment", tracking["experiment"]))
    command = workshop.command("sweep.py", *recorded.arguments, *own)
    again = in_environment({}, f"make rerun RUN={recorded.run.reference}")
    code = checked(run_command(Command(command, {**workshop.environment, **again})))
    directory = folder / study
    if code and not (directory / JOURNAL_NAME).exists():
        raise RerunFailedError("the sweep did not begin", mend="what it said stands above")
    if code and recorded.run.status is not RunStatus.FAILED:
        raise RerunFailedError("the sweep failed", mend="the same command goes on with it")
    return read_sweep(read_recorded(directory.absolute()), directory)


def _quoted(key: str, value: object) -> str:
    """An override whose value may hold anything."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{text}'"
