"""What a run came to: kept in its directory, shown at its end."""

from __future__ import annotations

import itertools
import os
import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.config import TrainConfig
from latentsweep.config.project import ROOT
from latentsweep.config.typed import first_line
from latentsweep.errors import StorageError
from latentsweep.tracking.experiment import dashboard_link, runs_page
from latentsweep.tracking.uri import DEFAULT_STORE
from latentsweep.training.checkpoint_file import BEST, LAST
from latentsweep.training.checkpoints import Checkpoints
from latentsweep.training.given_tags import repeating_command
from latentsweep.training.ranks.placement import LAUNCHED_BY
from latentsweep.training.recording import MetricsRecording
from latentsweep.training.rundir import SUMMARY_FILE, RunDirectory

if TYPE_CHECKING:
    from latentsweep.tracking.report import SyncReport


@dataclass(frozen=True)
class RunSummary:
    """A finished run.

    Attributes:
        directory: the run's directory.
        latent_size: number of latents.
        validation: the last epoch's metrics of the validation split, nats per image.
        best_step: optimiser step with the best validation; 0: no epoch was whole.
        seconds: time in training, over all attempts.
        command: what repeats the run.
        tracking_uri: the MLflow store, or None with `tracking=off`.
        mlflow_run: id of the MLflow run, or None.
        mlflow_experiment: id of its experiment, or None.
        unsynced: why MLflow does not hold the whole record; empty where it does.
        was_finished: whether the run was finished before this command.
        stopped_early: whether it was ended before its last epoch, as a sweep's pruner does.
        ranks: how many trained it when it ended.
        shown_elsewhere: whether another rank shows it.
    """

    directory: str
    latent_size: int
    validation: dict[str, float]
    best_step: int
    seconds: float
    command: str
    tracking_uri: str | None
    mlflow_run: str | None = None
    mlflow_experiment: str | None = None
    unsynced: str = ""
    was_finished: bool = False
    stopped_early: bool = False
    ranks: int = 1
    shown_elsewhere: bool = False

    @classmethod
    def of_fit(
        cls,
        config: TrainConfig,
        overrides: list[str],
        run: RunDirectory,
        metrics: MetricsRecording,
        checkpoints: Checkpoints,
    ) -> RunSummary:
        """The summary of a fit that has just ended."""
        return cls(
            directory=str(run.path),
            latent_size=config.model.latent_size,
            validation=metrics.validation,
            best_step=checkpoints.best_step,
            seconds=metrics.seconds,
            command=_repeating(overrides),
            tracking_uri=_store(config),
        )

    @classmethod
    def of_finished(
        cls, run: RunDirectory, config: TrainConfig, overrides: list[str]
    ) -> RunSummary:
        """The summary that a finished run left, for the command that found it.

        Raises:
            StorageError: it cannot be read.
        """
        content = run.summary
        assert content is not None
        try:
            return replace(
                cls(**content),
                directory=str(run.path),
                command=_repeating(overrides),
                tracking_uri=_store(config),
                was_finished=True,
            )
        except TypeError as error:
            raise StorageError(
                f"cannot read the summary of {run.path}",
                found=first_line(error),
                mend=f"remove its {SUMMARY_FILE}: the run then ends again from its last checkpoint",
            ) from None

    def finish(self, run: RunDirectory, report: SyncReport) -> RunSummary:
        """This summary with what became of the record; marks the run as finished.

        Raises:
            StorageError: it cannot be written.
        """
        whole = replace(
            self,
            mlflow_run=report.run_id,
            unsynced=report.problem,
            mlflow_experiment=report.experiment_id,
        )
        run.finish(asdict(whole))
        return whole


def _store(config: TrainConfig) -> str | None:
    return config.tracking.uri if config.tracking.name != "off" else None


def show(summary: RunSummary) -> None:
    """Print a summary as a table, and the commands that go on from it; of all ranks one does."""
    if summary.shown_elsewhere:
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False)
    if summary.was_finished:
        console.print(
            "this run was finished before; a new command with resume=never trains it again\n"
        )
    table = Table(title="validation split, after the last epoch", title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for row in _rows(summary):
        table.add_row(*row)
    console.print(table)
    for name, text in _places(summary).items():
        console.print(f"{name + ':':<12}{text}", markup=False)


def _rows(summary: RunSummary) -> list[tuple[str, str, str]]:
    last = summary.validation
    rows = [
        (label, f"{last[name]:.2f}", "nats per image")
        for name, label in (
            ("elbo", "ELBO (KL weight 1)"),
            ("reconstruction", "reconstruction, -log p(x|z)"),
            ("kl", "KL"),
        )
        if name in last
    ]
    if "active_units" in last:
        of_all = f"of {summary.latent_size} latents"
        rows.append(("active units", f"{last['active_units']:.0f}", of_all))
    unit = "s" if summary.ranks == 1 else f"s, {summary.ranks} ranks"
    rows.append(("time in training", f"{summary.seconds:.0f}", unit))
    return rows


def _places(summary: RunSummary) -> dict[str, str]:
    """Where things are, and which commands go on from here."""
    checkpoints = Path(summary.directory) / "checkpoints"
    best = f"best: {BEST}, step {summary.best_step}"
    if not (checkpoints / BEST).exists():
        best = f"{BEST} is gone" if summary.best_step else "no epoch was whole"
    places = {
        "run": summary.directory,
        "checkpoint": f"{checkpoints / LAST} ({best})",
    }
    if summary.mlflow_run:
        places["MLflow run"] = summary.mlflow_run
    if summary.unsynced:
        places["not synced"] = (
            f"{summary.unsynced}; make sync RUN={summary.directory} ships the rest"
        )
    if summary.tracking_uri:
        runs = runs_page(summary.mlflow_experiment) if summary.mlflow_experiment else "experiments"
        on_server = summary.tracking_uri.startswith("http")
        page = runs if on_server else "experiments"  # make dashboard finds the runs by itself
        places["dashboard"] = dashboard_command(summary.tracking_uri, page)
    else:
        places["MLflow"] = f"off; make sync RUN={summary.directory} URI=... ships the record there"
    places["again"] = summary.command
    return places


def dashboard_command(uri: str, page: str = "experiments") -> str:
    """What opens the store at `uri` (without credentials): a server's page, or this machine's.

    Args:
        uri: of the MLflow store.
        page: of the dashboard, such as `experiments/1/runs/ID`.
    """
    if uri.startswith("http"):
        return dashboard_link(uri, page)
    command = ["make", "dashboard"]
    if page != "experiments":
        command.append(f"PAGE={page}")
    if uri != DEFAULT_STORE:
        command.append(f"URI={uri}")
    return shlex.join(command)


def _repeating(overrides: list[str]) -> str:
    """The command that trains the same again, as a new run."""
    again = repeating_command()
    if again:
        return again
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    kept = [text for text in overrides if not text.startswith("resume=")]
    script, *options = shlex.split(os.environ.get(LAUNCHED_BY, "train.py"))
    script = os.path.relpath(ROOT / "pipelines" / script)
    by_hand = "TORCHELASTIC_RUN_ID" in os.environ and LAUNCHED_BY not in os.environ
    # torchrun does not tell with which options it was started.
    starter = ["torchrun", "..."] if by_hand else [str(python)]
    return shlex.join([*starter, script, *options, *_options(), *kept, "resume=never"])


def _options() -> list[str]:
    """The command line's options that say where the config is."""
    named = ("--config-path", "--config-name", "--config-dir", "-cp", "-cn", "-cd")
    pairs = itertools.pairwise([*sys.argv, ""])
    return [
        text
        for option, value in pairs
        if option.partition("=")[0] in named
        for text in ((option,) if "=" in option else (option, value))
    ]
