"""A sweep as the terminal shows it: while it runs, and when it has ended."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from latentsweep.config.tracking import TrackingConfig
from latentsweep.sweep.attributes import N_TRIALS
from latentsweep.sweep.durations import covered, epochs_of, spans
from latentsweep.sweep.failures import failures_in
from latentsweep.sweep.parent import find_parent
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.labels import number
from latentsweep.sweep.report.page import REPORT_NAME
from latentsweep.sweep.report.table import final_table
from latentsweep.sweep.slot import FINISHED, slots_of
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.study import has_ended
from latentsweep.training.given_tags import repeating_command
from latentsweep.training.parent_process import become_own_group
from latentsweep.training.summary import dashboard_command

_FORK = multiprocessing.get_context("fork")
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_LINES = 10.0  # where the output is no terminal
_TRIALS_THAT_TELL_THE_TIME = 3
_SECONDS_TO_END = 2.0  # a storage that is away would keep it longer


@contextmanager
def following(plan: Plan) -> Iterator[None]:
    """Show the sweep while the context lasts, from a process of its own.

    A launcher may block this process in whatever way it likes.
    """
    process = _FORK.Process(target=_follow, args=(plan, os.getpid()), daemon=True)
    process.start()
    try:
        yield
    finally:
        if process.pid and process.is_alive():
            os.kill(process.pid, signal.SIGTERM)
        process.join(_SECONDS_TO_END)
        if process.is_alive():
            process.kill()
            process.join()


def _follow(plan: Plan, parent: int) -> None:
    become_own_group(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    storage = open_storage(plan.sweep.storage, plan.directory, plan.workers, create=False)
    follow(optuna.load_study(study_name=plan.study, storage=storage), plan.workers, ended)


def follow(study: optuna.Study, workers: int, ended: list[int]) -> None:
    """Show a study until all its trials are finished, or something is put into `ended`."""
    console = Console(highlight=False)
    if not console.is_terminal:
        shown = ""
        while not ended:
            line = _state_of(study, workers).plain.splitlines()[0]
            if line.partition("  ")[0] != shown.partition("  ")[0]:
                print(line, flush=True)
                shown = line
            if has_ended(study):
                return
            _pause(_SECONDS_BETWEEN_LINES, ended)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not ended and not has_ended(study):
            live.update(view(study, workers), refresh=True)
            _pause(_SECONDS_BETWEEN_LOOKS, ended)


def view(study: optuna.Study, workers: int) -> Group:
    """How the sweep stands, for a terminal of 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("trial", "epoch", study.metric_names[0] if study.metric_names else "value"):
        table.add_column(name, justify="right")
    table.add_column("parameters", overflow="ellipsis", no_wrap=True)
    running = [t for t in study.get_trials(deepcopy=False) if t.state == TrialState.RUNNING]
    for trial in running[:16]:
        last = max(trial.intermediate_values, default=None)
        value = "" if last is None else f"{trial.intermediate_values[last]:.2f}"
        table.add_row(str(trial.number), str(epochs_of(trial)), value, parameters(trial))
    return Group(_state_of(study, workers), *([table] if running else []))


def parameters(trial: FrozenTrial) -> str:
    """A trial's parameters in a line."""
    return "  ".join(f"{key}={number(value)}" for key, value in trial.params.items())


def show_end(plan: Plan, study: optuna.Study, tracking: TrackingConfig, problem: str) -> None:
    """Print the best trials, where things are, and the commands that go on from here."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(_counts(study), markup=False)
    if best_trials(study, 1):
        console.print(final_table(study))
    directory = _relative(plan.directory)
    places = {"sweep": str(directory), "report": str(directory / REPORT_NAME)}
    if (plan.directory / "best.yaml").exists() and not repeating_command():
        best = [sys.executable if not _is_below(sys.executable) else str(_relative(sys.executable))]
        ranks = plan.sweep.ranks
        devices = "--gpus" if "trainer=gpu" in plan.fixed else "--devices"
        alone, together = ["pipelines/train.py"], ["pipelines/launch.py", devices, str(ranks)]
        best += [*(together if ranks > 1 else alone), "--config-path", str(directory)]
        best += ["--config-name", "best"]
        places["best again"] = shlex.join(best)
    if problem:
        places["not synced"] = problem
    parent = find_parent(plan.directory, tracking)
    if parent:
        page = f"experiments/{parent.experiment_id}/runs/{parent.run_id}"
        places["dashboard"] = dashboard_command(str(tracking.uri), page)
    for name, text in places.items():
        console.print(f"{name + ':':<12}{text}", markup=False)


def _state_of(study: optuna.Study, workers: int) -> Text:
    lines = [f"{study.study_name}: {_counts(study)}  {_times(study, workers)}"]
    for trial in best_trials(study, 1):
        values = ", ".join(
            f"{name} {value:.2f}"
            for name, value in zip(study.metric_names or [], trial.values, strict=False)
        )
        lines.append(f"best so far: {values} (trial {trial.number})  {parameters(trial)}")
    return Text("\n".join(lines))


def _counts(study: optuna.Study) -> str:
    trials = study.get_trials(deepcopy=False)
    current = [slot.current for slot in slots_of(trials).values() if slot.current]
    count = {state: sum(trial.state == state for trial in current) for state in TrialState}
    finished = count[TrialState.COMPLETE] + count[TrialState.PRUNED]
    text = f"{finished} of {study.user_attrs.get(N_TRIALS, '?')} trials finished"
    text += f" ({count[TrialState.COMPLETE]} complete, {count[TrialState.PRUNED]} pruned)"
    if count[TrialState.RUNNING]:
        text += f", {count[TrialState.RUNNING]} running"
    failures = len(failures_in(trials))
    return text + (f", {failures} failed" if failures else "")


def _times(study: optuna.Study, workers: int) -> str:
    """For how long trials have run, and how long the rest may take."""
    trials = study.get_trials(deepcopy=False)
    busy = _clock(covered(spans(trials, datetime.now())))
    if has_ended(study):
        return f"{busy} in all"
    text = f"{busy} elapsed"
    current = [slot.current for slot in slots_of(trials).values()]
    finished = [_seconds(trial) for trial in current if trial and trial.state in FINISHED]
    if len(finished) < _TRIALS_THAT_TELL_THE_TIME:
        return text
    running = [_seconds(trial) for trial in current if trial and trial.state == TrialState.RUNNING]
    waiting = int(study.user_attrs.get(N_TRIALS, 0)) - len(finished) - len(running)
    mean = sum(finished) / len(finished)
    left = (waiting * mean + sum(max(0.0, mean - spent) for spent in running)) / workers
    return f"{text}, about {_clock(left)} left" if left >= 1 else text


def _seconds(trial: FrozenTrial) -> float:
    """How long it took, or takes so far."""
    return covered(spans([trial], datetime.now()))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _is_below(path: str) -> bool:
    return Path(path).is_relative_to(Path.cwd())


def _relative(path: Path | str) -> Path:
    return Path(path).relative_to(Path.cwd()) if _is_below(str(path)) else Path(path)


def _pause(seconds: float, ended: list[int]) -> None:
    until = time.monotonic() + seconds
    while not ended and time.monotonic() < until:
        time.sleep(0.1)
