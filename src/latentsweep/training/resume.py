"""Which run a command goes on with, and from which checkpoint."""

import math
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.digest import identity as identity_keys
from latentsweep.config.typed import from_values
from latentsweep.errors import CheckpointError
from latentsweep.tracking.files import storage_error
from latentsweep.training import rundir
from latentsweep.training.checkpoint_file import BELONGS_TO, BEST, LAST, read_checkpoint
from latentsweep.training.device import choose_device
from latentsweep.training.identity import RunIdentity, readable_name
from latentsweep.training.ranks.ranks import ALONE, Ranks
from latentsweep.training.rundir import RunDirectory
from latentsweep.training.same_launch import Launch

# A longer run starts as the shorter one did, so a checkpoint of it may be taken up.
_MAY_GROW = ("trainer.max_epochs", "trainer.max_steps")


@dataclass(frozen=True)
class Attempt:
    """One attempt at a run.

    Attributes:
        run: the run's directory, locked for this process.
        checkpoint: where to go on from; None to start at the first step.
        step: the optimiser step that it goes on from.
        finished: whether the run was finished before.
        numerics: how it computed before; empty where that is not known.
    """

    run: RunDirectory
    checkpoint: Path | None
    step: int = 0
    finished: bool = False
    numerics: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def attempt(config: TrainConfig, identity: RunIdentity, ranks: Ranks = ALONE) -> Iterator[Attempt]:
    """Find or make the run that `config.resume` asks for, and hold its lock.

    Raises:
        CheckpointError: the checkpoint asked for is missing or belongs to another run.
        RunBusyError: another process trains that run.
        StorageError: the output directory cannot be written.
    """
    parent = Path(config.output_dir)
    with rundir.searching(parent):
        run, start = _choose(config, identity)
        lock = run.lock()
    with lock:
        last = run.checkpoints / LAST
        run.remove_torn()
        if start is None and last.exists():
            start = last
        step = 0
        numerics: Mapping[str, Any] = {}
        finished = run.summary is not None
        if start is not None and not finished:
            content = read_checkpoint(start)
            _check_belongs(content, start, config, identity)
            _compute_as_before(content, config, ranks)
            step = int(content["global_step"])
            numerics = content[BELONGS_TO].get("numerics", {})
            say(f"goes on from step {step} of {start}")
        yield Attempt(run, start, step, finished, numerics)


def _choose(config: TrainConfig, identity: RunIdentity) -> tuple[RunDirectory, Path | None]:
    """The run, and the checkpoint where one other than its last was asked for."""
    parent = Path(config.output_dir)
    name = readable_name(config, identity)
    if config.resume == "never":
        begun = _of_this_launch(parent, name, identity)
        return begun or rundir.create(parent, name, identity), None
    if config.resume == "auto":
        return _newest(parent, name, identity) or rundir.create(parent, name, identity), None
    return _from_path(Path(config.resume), config, identity, parent / name)


def _of_this_launch(parent: Path, name: str, identity: RunIdentity) -> RunDirectory | None:
    """The run that this very command began before it was started again by whatever runs it."""
    launch = Launch.current()
    if not launch.may_have_begun:
        return None  # without reading all runs
    runs = [run for run in rundir.find(parent, name) if run.identity == identity]
    own = (
        run
        for run in reversed(runs)
        if launch.goes_on_with(run.launch, finished=run.summary is not None)
    )
    return next(own, None)


def _newest(parent: Path, name: str, identity: RunIdentity) -> RunDirectory | None:
    """The newest run with this identity; a word about one that only other code began."""
    runs = rundir.find(parent, name)
    same = [run for run in runs if run.identity == identity]
    if same:
        return same[-1]
    unfinished = [run for run in runs if run.identity.same_work(identity) and run.summary is None]
    if unfinished:
        say(
            f"{unfinished[-1].path} is an unfinished run of this config by other code or "
            f"packages; a new run starts (to go on with it: resume={unfinished[-1].path})"
        )
    return None


def _from_path(
    path: Path, config: TrainConfig, identity: RunIdentity, new_run: Path
) -> tuple[RunDirectory, Path | None]:
    """The run that a checkpoint belongs to, or a new, longer run that starts from it."""
    owner = rundir.read(path) if path.is_dir() else rundir.read(path.parent.parent)
    checkpoint = path / "checkpoints" / LAST if path.is_dir() else path
    if path.is_dir() and owner is None:
        raise CheckpointError(
            f"resume={path} is no run directory",
            found=f"no {rundir.IDENTITY_FILE} in it",
            expected="a directory below output_dir, or a checkpoint file",
        )
    content = read_checkpoint(checkpoint)
    grown = _check_belongs(content, checkpoint, config, identity)
    if owner is not None and not grown:
        if owner.summary is not None:
            say(f"resume={path} is not used: its run is finished")
        return owner, checkpoint
    begun = _newest(new_run.parent, new_run.name, identity)
    if begun is not None:
        return begun, None
    run = rundir.create(new_run.parent, new_run.name, identity)
    best = checkpoint.with_name(BEST)
    try:
        run.checkpoints.mkdir()
        if best.exists():
            shutil.copyfile(best, run.checkpoints / BEST)
        shutil.copyfile(checkpoint, run.checkpoints / LAST)
    except OSError as error:
        shutil.rmtree(run.path)
        raise storage_error(run.checkpoints, error) from None
    return run, run.checkpoints / LAST


def _length(limit: int | None) -> float:
    return math.inf if limit is None else limit


def _compute_as_before(content: dict[str, Any], config: TrainConfig, ranks: Ranks) -> None:
    """Use as many threads as before, since sums depend on it; say what cannot be as before."""
    belongs = content[BELONGS_TO]
    before = (belongs.get("ranks", 1), belongs["threads"], belongs["device"])
    if config.trainer.threads == 0 and before[0] == ranks.size:
        torch.set_num_threads(before[1])
    now = (ranks.size, torch.get_num_threads(), choose_device(config.trainer, ranks).type)
    if now != before:
        say(
            f"begun with {_computers(*before)}, goes on with {_computers(*now)}: "
            "the last bits may differ from those of an undisturbed run"
        )


def _computers(ranks: int, threads: int, device: str) -> str:
    """`2 ranks of 1 threads on cpu`."""
    return f"{f'{ranks} ranks of ' if ranks > 1 else ''}{threads} threads on {device}"


def say(text: str) -> None:
    """A line on the terminal that is no result."""
    print(f"note: {text}", file=sys.stderr)


def _check_belongs(
    content: dict[str, Any], path: Path, config: TrainConfig, identity: RunIdentity
) -> bool:
    """Refuse a checkpoint of another config or other data; whether this run is a longer one."""
    theirs = identity_keys(from_values(content[BELONGS_TO]["config"]))
    ours = identity_keys(config)
    differing = sorted(key for key in theirs | ours if theirs.get(key) != ours.get(key))
    grown = bool(differing) and all(
        key in _MAY_GROW and _length(ours.get(key)) > _length(theirs.get(key)) for key in differing
    )
    if differing and not grown:
        raise CheckpointError(
            f"the checkpoint {path} belongs to another config",
            found=", ".join(f"{key}={theirs.get(key)}" for key in differing),
            expected=", ".join(f"{key}={ours.get(key)}" for key in differing),
            mend="give the checkpoint's values, or resume=never",
        )
    if content[BELONGS_TO]["data_digest"] != identity.data:
        raise CheckpointError(
            f"the checkpoint {path} was trained on other data",
            found=f"data digest {content[BELONGS_TO]['data_digest'][:16]}",
            expected=f"data digest {identity.data[:16]}",
            mend="bring that data back, or resume=never",
        )
    return grown
