"""What a rerun tells on the terminal: the record, what differs, and what came of it."""

from __future__ import annotations

import os

from latentsweep.rerun.facts import Difference, told_reasons
from latentsweep.rerun.plan import RerunPlan
from latentsweep.rerun.record import Record
from latentsweep.rerun.tables import metric_names
from latentsweep.tracking.journal import is_at_work
from latentsweep.tracking.terminal_table import table_told


def show_record(record: Record) -> None:
    """Say which run is meant."""
    run, origin = record.run, record.origin
    attempts = len(record.origins)
    parts = [run.status.value, f"{run.last_step} steps", f"{len(metric_names(run))} metrics"]
    if attempts > 1:
        parts.append(f"{attempts} attempts")
    if record.ranks > 1:
        parts.append(f"{record.ranks} ranks")
    shown = os.path.relpath(run.directory) if run.directory else run.reference
    print(f"run:        {shown}")
    print(f"            {', '.join(parts)}")
    if record.first_step:
        print(f"            on record from step {record.first_step}: it took up a checkpoint")
    if run.directory and is_at_work(run.directory):
        print("            at work at this moment; what is on record by now counts")
    if run.identity:
        print(f"MLflow run: {run.identity.run_id}")
    if origin.get("trial") is not None:
        print(f"trial:      {origin['trial']} of the study {origin['study']}")
    code = record.commit[:12] or "unknown"
    print(f"code:       commit {code}{' with uncommitted changes' if record.diff else ''}")
    along = record.along_attempts()
    if along:
        print(f"not alike:  {told_reasons(along)}")


def show_plan(plan: RerunPlan) -> None:
    """Say what differs from the record, and what is done about it."""
    if plan.added:
        print(f"config:     of an earlier version; as it was then: {', '.join(plan.added)}")
    rows = [
        (each.name, each.first or "none", each.second or "none", _done_about(plan, each))
        for each in plan.found
    ]
    if rows:
        title = "differences between the record and this place"
        print(table_told(title, ("", "on record", "here", ""), rows))
    else:
        print("nothing differs: code, packages, config and machine are those on record")
    whose = {"recorded": "as recorded", "current": "as here"}
    ranks = f", {plan.ranks} ranks" if plan.ranks > 1 else ""
    until = f", up to step {plan.until}" if plan.until else ""
    print(f"trains with code {whose[plan.code]}, packages {whose[plan.packages]}{ranks}{until}")


def _done_about(plan: RerunPlan, difference: Difference) -> str:
    return "is brought back" if plan.brings_back(difference) else difference.effect.value
