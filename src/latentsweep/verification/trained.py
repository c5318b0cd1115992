"""Runs that a row needs: trained by the command that a user gives, measured by the evaluation."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
    """Train a run by `pipelines/train.py`, go on with it, or find that it is finished.

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
    _require_data(overrides)
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


def _require_data(overrides: Sequence[str]) -> None:
    config = typed(compose(CONFIG_DIRECTORY, "train", overrides))
    try:
        load(config.data, config.seed)
    except DataError as error:
        raise NotRunError(error.what) from None


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
