"""Runs that a row needs: trained by the command that a user gives, measured by the evaluation."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.config.typed import evaluate_settings, typed
from latentsweep.data.splits import load
from latentsweep.errors import REQUEUE_EXIT, DataError
from latentsweep.evaluation.evaluated import evaluated
from latentsweep.evaluation.plan import make_plan
from latentsweep.evaluation.subject import Subject, read_subject
from latentsweep.rerun.child import Command, last_lines, run_command
from latentsweep.rerun.errors import STOPS
from latentsweep.tracking.recorded import read_recorded
from latentsweep.training.best_model import best_model
from latentsweep.training.checkpoint_file import LAST, read_checkpoint
from latentsweep.training.origin import environment_for_another
from latentsweep.training.ranks.ranks import ALONE
from latentsweep.training.rundir import find_finished, read
from latentsweep.verification.claim import NotRunError
from latentsweep.verification.errors import TrainingFailedError, VerificationStoppedError

_OUTPUT = "output.txt"
# What does not change a number of a run, and takes time.
_SPARINGLY = (
    "tracking=off",
    "tracking.every_n_steps=100",
    "tracking.images_every_n_epochs=0",
    "tracking.system_metrics_every_seconds=0",
)


def trained(directory: Path, overrides: Sequence[str]) -> Path:
    """Train a run by `pipelines/train.py`, go on with it, or take one that is finished.

    One that is finished is taken whatever code, packages and machine trained it; `where_trained`
    says which.

    Args:
        directory: that its runs lie in.
        overrides: of the command line.

    Returns:
        The run's directory.

    Raises:
        NotRunError: its data cannot be had.
        TrainingFailedError: the command failed; its messages are on the terminal.
        VerificationStoppedError: a signal asked it to stop.
    """
    whole = finished(directory, overrides)
    if whole is not None:
        return whole
    config = _config(overrides)
    try:
        load(config.data, config.seed)
    except DataError as error:
        raise NotRunError(error.what) from None
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / _OUTPUT
    script = str(ROOT / "pipelines" / "train.py")
    shown = f"trainer.progress_bar={str(sys.stderr.isatty()).lower()}"
    places = (f"output_dir={directory}", shown)
    command = [sys.executable, script, *overrides, *_SPARINGLY, *places]
    code = run_command(Command(command, environment_for_another(), output))
    if code - 128 in STOPS or code == REQUEUE_EXIT:
        raise VerificationStoppedError(code)
    if code:
        raise TrainingFailedError(f"training ended with exit code {code}", found=last_lines(output))
    return Path(re.findall(r"^run: +(.+)$", output.read_text(), flags=re.MULTILINE)[-1])


def finished(directory: Path, overrides: Sequence[str]) -> Path | None:
    """The newest finished run of a command line in a directory; None where there is none.

    Args:
        directory: that its runs lie in.
        overrides: of the command line.
    """
    run = find_finished(directory, _config(overrides))
    return run.path if run else None


def where_trained(run: Path) -> str:
    """By which code, on what and for how long a finished run was trained, in a few words."""
    record, known = read_recorded(run), read(run)
    texts = takewhile(bool, (record.text(f"provenance-{number}.json") for number in count(1)))
    attempts = dict.fromkeys(_by_what(json.loads(text or "")) for text in texts)
    minutes = known.summary["seconds"] / 60 if known and known.summary else math.nan
    return f"trained {', then '.join(attempts)}, in {minutes:.0f} min"


def _by_what(origin: dict[str, Any]) -> str:
    code = (origin["commit"] or "unknown")[:7]
    machine = origin["gpu"] or origin["cpu"]
    return f"by commit {code} with torch {origin['packages']['torch']} on {machine}"


def _config(overrides: Sequence[str]) -> TrainConfig:
    return typed(compose(CONFIG_DIRECTORY, "train", overrides))


def last_state(run: Path, overrides: Sequence[str] = ()) -> Subject:
    """A run's model as it was when training ended, which is what papers report, with its data.

    Args:
        run: the run's directory.
        overrides: of `conf/evaluate.yaml`.
    """
    settings = evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", overrides))
    subject = read_subject(read_recorded(run), settings)
    content = read_checkpoint(run / "checkpoints" / LAST)
    model = best_model(content, subject.splits.shape)
    return replace(subject, model=model, step=int(content["global_step"]))


def scores(run: Path, overrides: Sequence[str]) -> dict[str, float]:
    """What `make evaluate` would say of a run's last state, on the test split, by metric.

    Args:
        run: the run's directory.
        overrides: of `conf/evaluate.yaml`.
    """
    chosen = ["baselines=false", "quadrature=never", *overrides]
    settings = evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", chosen))
    subject = last_state(run, chosen)
    plan = replace(make_plan(subject, settings), probe=False)
    found = evaluated(subject, plan, settings, ALONE)
    assert found is not None
    return found.metrics
