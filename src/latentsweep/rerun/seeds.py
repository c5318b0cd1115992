"""A recorded run over several seeds: mean, deviation and interval of each final metric."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from latentsweep.config.checks import refuse_password
from latentsweep.errors import ConfigError
from latentsweep.figures.drawn import table
from latentsweep.metrics.interval import Interval, mean_interval
from latentsweep.rerun.errors import RerunFailedError, told_apart_from_a_verdict
from latentsweep.rerun.folder import RerunFolder, rerun_folder
from latentsweep.rerun.group import RunGroup
from latentsweep.rerun.plan import make_plan
from latentsweep.rerun.record import Record, read_record
from latentsweep.rerun.rerun import checked_plan, tags_of_rerun
from latentsweep.rerun.tables import last_value, metric_names
from latentsweep.rerun.training import Workshop, open_workshop, train_again
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.find_recorded import find_recorded
from latentsweep.tracking.markdown import markdown_table
from latentsweep.tracking.nesting import TRIALS_FOLDER
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.terminal_table import table_told

_HEADINGS = ("metric", "mean", "deviation", "95 % from", "to")


def repeat_over_seeds(reference: str, uri: str, n: int, wish: Wish) -> int:
    """Train a recorded run with several seeds, from its own on, and sum up.

    Args:
        reference: a run's directory or name, the id of its MLflow run, or a registered model.
        uri: of the store to ask for a run that does not lie here; empty: this directory's own.
        n: how many seeds.
        wish: what is asked for.

    Returns:
        0, or 1 where a seed's training failed.

    Raises:
        LatentsweepError: the run cannot be found, brought back or trained.
    """
    refuse_password(uri, "URI")
    if n < 2:
        raise ConfigError(
            f"N={n}: one repetition has no spread", expected="two seeds at least", mend="N=5"
        )
    if any(text.partition("=")[0] == "seed" for text in wish.changes):
        raise ConfigError("seed is what make seeds varies", mend="leave it out of ARGS")
    with told_apart_from_a_verdict(), tempfile.TemporaryDirectory() as directory:
        run = find_recorded(reference, uri, Path(directory))
        record = read_record(run)
        seeds = [int(record.values["seed"]) + each for each in range(n)]
        first = replace(wish, changes=(*wish.changes, f"seed={seeds[0]}"))
        plan = checked_plan(record, first, to_compare=False)
        request = {**plan.request, "seeds": seeds}
        name = f"{run.name}-seeds"
        with open_workshop(plan) as workshop, rerun_folder(name, request) as folder:
            group = RunGroup(folder.path, plan.config.tracking)
            group.open(_about(run, seeds, wish, folder))
            done = {seed: _trained(record, workshop, wish, seed, folder) for seed in seeds}
            return _sum_up(group, folder, run, done)


def _trained(
    record: Record, workshop: Workshop, wish: Wish, seed: int, folder: RerunFolder
) -> RecordedRun:
    """The run of one seed, trained unless that was done before."""
    own = RerunFolder(folder.path / TRIALS_FOLDER / f"{seed:04d}")
    own.path.mkdir(parents=True, exist_ok=True)
    if own.run is None or own.run.summary is None:
        print(f"seed {seed}", flush=True)
        wished = replace(wish, changes=(*wish.changes, f"seed={seed}"))
        run = record.run
        tags = {**tags_of_rerun(run, own.path.name), "mlflow.runName": f"seed {seed} of {run.name}"}
        train_again(workshop, make_plan(record, wished, to_compare=False), own, tags)
    assert own.run is not None
    return read_recorded(own.run.path)


def intervals(runs: Mapping[int, RecordedRun]) -> dict[str, Interval]:
    """What the last value of each metric came to over runs, by name."""
    names = metric_names(*runs.values())
    return {
        name: mean_interval([last_value(run, name) for run in runs.values() if name in run.metrics])
        for name in names
    }


def _about(run: RecordedRun, seeds: list[int], wish: Wish, folder: RerunFolder) -> dict[str, str]:
    """The group's tags."""
    return {
        **tags_of_rerun(run, folder.path.name),
        "latentsweep.kind": "seeds",
        "latentsweep.seeds": ", ".join(map(str, seeds)),
        "latentsweep.changes": " ".join(wish.changes),
        "mlflow.runName": f"{len(seeds)} seeds of {run.name}",
        "mlflow.source.name": "pipelines/seeds.py",
    }


def _sum_up(
    group: RunGroup, folder: RerunFolder, run: RecordedRun, done: Mapping[int, RecordedRun]
) -> int:
    whole = {seed: each for seed, each in done.items() if each.status is RunStatus.FINISHED}
    failed = sorted(done.keys() - whole.keys())
    if not whole:
        group.close(RunStatus.FAILED)
        raise RerunFailedError(f"all {len(done)} seeds failed", mend="what they said stands above")
    found = intervals(whole)
    rows = [_row(name, each) for name, each in found.items()]
    print(table_told(f"{run.name} over {len(whole)} seeds", _HEADINGS, rows, numbers=True))
    values = {
        f"{name}{part}": value
        for name, each in found.items()
        # The mean by the metric's own name, so that the dashboard's columns show it.
        for part, value in (
            ("", each.mean),
            ("/deviation", each.deviation),
            ("/low95", each.low),
            ("/high95", each.high),
        )
    }
    note = "\n\n".join(
        [
            f"{run.name} over the seeds {', '.join(map(str, whole))}: last value of each metric; "
            "standard deviation; 95 % interval of the mean by Student's t.",
            markdown_table(_HEADINGS, rows),
            *([f"Failed: the seeds {', '.join(map(str, failed))}."] if failed else []),
        ]
    )
    group.close(
        RunStatus.FAILED if failed else RunStatus.FINISHED,
        metrics=values,
        texts={"seeds.csv": _csv(whole)},
        note=note,
    )
    print(f"group:      {folder.path}")
    if group.run_id:
        print(f"MLflow run: {group.run_id}, with a run a seed below it")
    if failed:
        print(f"failed:     the seeds {', '.join(map(str, failed))}")
        return 1
    folder.finish({"of": run.uid, "seeds": sorted(whole)})
    return 0


def _row(name: str, interval: Interval) -> tuple[str, ...]:
    return (
        name,
        f"{interval.mean:.4f}",
        f"{interval.deviation:.4f}",
        f"{interval.low:.4f}",
        f"{interval.high:.4f}",
    )


def _csv(runs: Mapping[int, RecordedRun]) -> str:
    """The last value of each metric, a row a seed."""
    names = metric_names(*runs.values())
    rows = [
        (seed, *(last_value(run, name) if name in run.metrics else "" for name in names))
        for seed, run in runs.items()
    ]
    return table(("seed", *names), rows)
