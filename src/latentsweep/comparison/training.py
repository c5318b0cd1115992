"""The runs of a comparison, trained on local workers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from latentsweep.comparison.request import Request
from latentsweep.config.project import ROOT
from latentsweep.rerun.child import Command, last_lines, run_commands
from latentsweep.rerun.errors import RerunFailedError
from latentsweep.rerun.folder import RerunFolder
from latentsweep.rerun.training import checked
from latentsweep.sweep.machine import count_workers, threads_a_worker
from latentsweep.tracking.nesting import TRIALS_FOLDER
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.training.device import one_gpu
from latentsweep.training.given_tags import in_environment
from latentsweep.training.origin import environment_for_another


@dataclass(frozen=True)
class Place:
    """Where one run lies, and which it is.

    Attributes:
        model: its name.
        seed: its seed.
        folder: the directory around the run's own.
    """

    model: str
    seed: int
    folder: RerunFolder

    def run(self) -> RecordedRun:
        """What is on record of it; it must be there."""
        run = self.folder.run
        assert run is not None
        return read_recorded(run.path)


def places(request: Request, directory: Path) -> list[Place]:
    """Where the runs lie, seed by seed."""
    return [
        Place(model, seed, RerunFolder(directory / TRIALS_FOLDER / _slot(model, seed)))
        for seed in request.seeds
        for model in request.models
    ]


def _slot(model: str, seed: int) -> str:
    return f"{model.replace(' ', '')}-{seed}"


def train_all(request: Request, directory: Path, workers: int) -> None:
    """Train what is not trained yet.

    Args:
        request: what is compared.
        directory: of the comparison.
        workers: runs at a time; 0: one a GPU or, without any, one a core.

    Raises:
        LatentsweepError: a run failed, or was asked to stop; the same command goes on.
    """
    whole = places(request, directory)
    left = [place for place in whole if place.folder.run is None or not place.folder.run.summary]
    if not left:
        return
    at_once = count_workers(workers, len(left), 1, local=True)
    commands = [_command(request, place, at_once) for place in left]
    print(f"training {len(left)} runs, {at_once} at a time", flush=True)
    for done, (number, code) in enumerate(run_commands(commands, at_once, one_gpu), 1):
        place = left[number]
        if checked(code):
            raise RerunFailedError(
                f"{place.model} with seed {place.seed} failed",
                found=last_lines(place.folder.output) or f"exit code {code}",
                mend=f"its output is in {place.folder.output}",
            )
        print(f"{place.model}, seed {place.seed}: trained ({done} of {len(left)})", flush=True)


def _command(request: Request, place: Place, at_once: int) -> Command:
    folder = place.folder.path.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    own = request.command_line(place.model, place.seed)
    if not any(text.startswith("trainer.threads=") for text in own):
        own.append(f"trainer.threads={threads_a_worker(at_once)}")
    tags = {
        "mlflow.runName": f"{place.model}, seed {place.seed}",
        "mlflow.source.name": "pipelines/compare.py",
    }
    words = [
        sys.executable,
        str(ROOT / "pipelines" / "train.py"),
        *own,
        f"output_dir={folder}",
        "trainer.progress_bar=false",
    ]
    environment = environment_for_another() | in_environment(tags, "make compare")
    return Command(words, environment, place.folder.output, errors_too=True)
