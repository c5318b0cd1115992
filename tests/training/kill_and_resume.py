"""Trains a small run, kills it with SIGKILL at a named moment, resumes it, and compares.

A process of its own, which imports PyTorch once and forks each attempt before any thread starts.
Usage: python kill_and_resume.py DIRECTORY mlp|conv MOMENT ...
Prints a JSON object, moment -> outcome.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Image, Metrics
from latentsweep.training import checkpoints, recording
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.run import train

OVERRIDES = [
    "data=digits",
    "batch_size=128",
    "model.latent_size=3",
    "network.hidden_sizes=[32]",
    "kl_schedule=warmup",
    "kl_schedule.steps=20",
    "trainer=cpu",
    "trainer.max_epochs=3",
    "trainer.threads=1",
    "trainer.precision=32-true",
    "trainer.progress_bar=false",
    "trainer.checkpoint_every_n_steps=4",
    "tracking=off",
    "tracking.every_n_steps=1",
    "tracking.system_metrics_every_seconds=0",
]


# Another case: convolutions, two threads, a learned variance, a cyclic schedule, batches in parts,
# bfloat16, which processors without instructions for it know too.
CONV = [
    "network=conv",
    "network.hidden_size=16",
    "likelihood=gaussian",
    "kl_schedule=cyclic",
    "kl_schedule.period=9",
    "trainer.accumulate_grad_batches=2",
    "trainer.precision=bf16-mixed",
    "trainer.threads=2",
]


def config_in(directory: Path, case: str) -> TrainConfig:
    overrides = [*OVERRIDES, f"output_dir={directory / 'runs'}"]
    if case == "conv":
        kept = [text for text in overrides if not text.startswith(("network.", "kl_schedule"))]
        overrides = [*kept, *CONV]
    return typed(compose(CONFIG_DIRECTORY, "train", overrides))


def die_at(owner: Any, name: str, time: int, *, after: bool) -> None:
    """Make the `time`-th call of `owner.name` the process's last, before or after it works."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == time and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == time:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)


def arm(moment: str) -> None:
    """Prepare the death that `moment` names: what:time."""
    what, _, time = moment.partition(":")
    owner, name, after = {
        "training_step": (AutoencoderModule, "training_step", False),
        "step_done": (recording.MetricsRecording, "on_train_batch_end", True),
        "validation": (AutoencoderModule, "validation_step", False),
        "validated": (recording.MetricsRecording, "on_validation_end", True),
        "epoch_end": (recording.MetricsRecording, "on_train_epoch_end", True),
        "checkpoint_begun": (torch, "save", False),
        "checkpoint_written": (torch, "save", True),  # to its temporary name, not yet renamed
        "checkpoint_renamed": (checkpoints, "_sync_directory", False),
    }[what]
    die_at(owner, name, int(time), after=after)


def attempt(directory: Path, case: str, moment: str | None) -> int:
    """Train in a fork; the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if moment:
                arm(moment)
            train(config_in(directory, case), OVERRIDES)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended):
        raise RuntimeError(f"attempt at {moment} failed")
    return os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0


def outcome(directory: Path) -> dict[str, Any]:
    """Everything a run came to that must not depend on its interruptions."""
    (journal,) = directory.glob(f"runs/*/{JOURNAL_NAME}")
    run = journal.parent
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    best = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    metrics, images = [], []
    for record, _ in read_journal(run / JOURNAL_NAME):
        if isinstance(record, Metrics):
            metrics += [(name, record.step, value) for name, value in record.values.items()]
        if isinstance(record, Image):
            images.append((record.key, record.step))
    return {
        "weights": {name: value.tolist() for name, value in last["state_dict"].items()},
        "best": {name: value.tolist() for name, value in best["state_dict"].items()},
        "optimizer": str(last["optimizer_states"]),
        "metrics": sorted(metrics),
        "images": sorted(images),
        "steps": last["global_step"],
    }


def main() -> None:
    directory, case = Path(sys.argv[1]), sys.argv[2]
    assert attempt(directory / "undisturbed", case, None) == 0
    expected = outcome(directory / "undisturbed")
    report = {"undisturbed": {"steps": expected["steps"], "metrics": len(expected["metrics"])}}
    for number, moments in enumerate(sys.argv[3:]):
        place = directory / str(number)
        kills = [attempt(place, case, moment) for moment in moments.split("+")]
        assert attempt(place, case, None) == 0
        got = outcome(place)
        report[moments] = {
            "kills": kills,
            "differing": [key for key in expected if got[key] != expected[key]],
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
