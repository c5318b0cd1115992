"""Ranks of small real runs, forked from a process that has imported PyTorch once.

A process of its own; the tests start it as `python -m tests.training.forked_ranks`.
Usage: DIRECTORY same [OVERRIDE ...] | DIRECTORY devices | DIRECTORY preempt TIMES SEED [RANKS] |
DIRECTORY kill SEED | DIRECTORY fail code|data|bug|disk
Prints a JSON object.
"""

import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from latentsweep.command import errors_to_terminal  # sets what must be set before PyTorch comes
from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.errors import REQUEUE_EXIT, StorageError
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.training import run
from latentsweep.training.checkpoints import AtomicCheckpointIO
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.ranks import agreement
from latentsweep.training.ranks.placement import MEETING_FILE
from latentsweep.training.run import train
from tests.training.kill_and_resume import OVERRIDES, outcome

SMALL = [text for text in OVERRIDES if "checkpoint_every" not in text]
_LONGEST_SECONDS = 120.0


def config_in(directory: Path, ranks: int, overrides: Sequence[str]) -> TrainConfig:
    trainer = "trainer=ddp" if ranks > 1 else "trainer=cpu"
    groups = {key for key, _, _ in (text.partition("=") for text in overrides) if "." not in key}
    # A group that is chosen anew brings its own keys.
    replaced = ("trainer=", *(f"{group}{end}" for group in groups for end in "=."))
    chosen = [text for text in SMALL if not text.startswith(replaced)]
    place = f"output_dir={directory / 'runs'}"
    return typed(compose(CONFIG_DIRECTORY, "train", [trainer, *chosen, place, *overrides]))


def start(
    directory: Path,
    ranks: int,
    overrides: Sequence[str],
    prepare: Callable[[int], object] = lambda _: None,
) -> list[int]:
    """Fork the ranks of one attempt, each of which prepares first; their process ids."""
    meeting = tempfile.mkdtemp(prefix="ranks-", dir=directory.parent)
    children = []
    for rank in range(ranks):
        child = os.fork()
        if child:
            children.append(child)
            continue
        code = 1
        try:
            prepare(rank)
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
            os.environ |= {"LOCAL_WORLD_SIZE": str(ranks), MEETING_FILE: f"{meeting}/ranks"}
            if ranks == 1:
                del os.environ["RANK"]
            with errors_to_terminal():
                train(config_in(directory, ranks, overrides), list(overrides))
            code = 0
        except SystemExit as ending:
            code = int(ending.code or 0)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return children


def codes_of(children: Sequence[int]) -> list[int]:
    """Their exit codes, or minus the signals that ended them; fails if they do not end."""
    codes: dict[int, int] = {}
    until = time.monotonic() + _LONGEST_SECONDS
    while len(codes) < len(children):
        for child in set(children) - set(codes):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                codes[child] = os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            for child in set(children) - set(codes):
                os.kill(child, signal.SIGKILL)
            raise TimeoutError(f"ranks hang: {len(codes)} of {len(children)} have ended")
        time.sleep(0.01)
    return [codes[child] for child in children]


def train_all(directory: Path, ranks: int, overrides: Sequence[str] = ()) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    codes = codes_of(start(directory, ranks, overrides))
    if any(codes):
        raise RuntimeError(f"{ranks} ranks ended with {codes}")


def losses(found: dict[str, Any], name: str) -> list[float]:
    return [value for key, _, value in found["metrics"] if key == name]


def difference(one: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """Greatest relative difference of a loss, and greatest difference of a validation ELBO."""
    steps = zip(losses(one, "train/loss"), losses(other, "train/loss"), strict=True)
    elbos = zip(losses(one, "val/elbo"), losses(other, "val/elbo"), strict=True)
    return {
        "losses": len(losses(one, "train/loss")),
        "loss": max(abs(a - b) / abs(a) for a, b in steps),
        "elbo": max(abs(a - b) for a, b in elbos),
    }


def same(directory: Path, overrides: list[str]) -> dict[str, Any]:
    """One, two and four ranks."""
    found = {}
    for ranks in (1, 2, 4):
        train_all(directory / str(ranks), ranks, overrides)
        found[ranks] = outcome(directory / str(ranks))
    return {str(ranks): difference(found[1], found[ranks]) for ranks in (2, 4)}


def devices(directory: Path) -> dict[str, Any]:
    """Another number of ranks after each interruption: 1, 2, 4, 1."""
    overrides = ["trainer.max_epochs=8"]
    train_all(directory / "whole", 1, overrides)
    place = directory / "changing"
    place.mkdir()
    codes = []
    for ranks in (1, 2, 4):
        children = start(place, ranks, overrides)
        wait_for_steps(place, children, random.Random(ranks).uniform(0.0, 0.05))
        os.kill(children[-1], signal.SIGTERM)
        codes += codes_of(children)
    train_all(place, 1, overrides)
    return {"codes": codes, **difference(outcome(directory / "whole"), outcome(place))}


def preempt(directory: Path, times: int, seed: int, ranks: int = 2) -> dict[str, Any]:
    """Ranks of which some get a signal at a random moment, again and again."""
    overrides = ["trainer.max_epochs=80", "tracking.images_every_n_epochs=0"]
    train_all(directory / "undisturbed", ranks, overrides)
    place, draw = directory / "preempted", random.Random(seed)
    place.mkdir()
    codes: list[list[int]] = []
    while len(codes) < times:
        children = start(place, ranks, overrides)
        wait_for_steps(place, children, draw.expovariate(20))
        number = draw.choice([signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
        for child in draw.choice([children, children[:1], children[1:]]):
            os.kill(child, number)
        ended = codes_of(children)
        codes.append([number, *ended])
        if not any(ended):
            raise RuntimeError(f"it was finished after {len(codes)} signals")
    train_all(place, ranks, overrides)
    expected, got = outcome(directory / "undisturbed"), outcome(place)
    (attempts,) = place.glob("runs/*/files/attempts.json")
    return {
        "codes": codes,
        "requeue": REQUEUE_EXIT,
        "steps": expected["steps"],
        "ended": [attempt["ended"] for attempt in json.loads(attempts.read_text())],
        "differing": [key for key in expected if got[key] != expected[key]],
    }


def kill(directory: Path, seed: int) -> dict[str, Any]:
    """Each of two ranks is killed at a random moment; the other has to leave by itself."""
    overrides = ["trainer.max_epochs=12", "trainer.checkpoint_every_n_steps=4"]
    train_all(directory / "undisturbed", 2, overrides)
    place, draw = directory / "killed", random.Random(seed)
    place.mkdir()
    codes, seconds = [], []
    for rank in (0, 1):
        children = start(place, 2, overrides)
        wait_for_steps(place, children, draw.uniform(0.0, 0.1))
        os.kill(children[rank], signal.SIGKILL)
        killed = time.monotonic()
        codes.append(codes_of(children))
        seconds.append(time.monotonic() - killed)
    train_all(place, 2, overrides)
    expected, got = outcome(directory / "undisturbed"), outcome(place)
    return {
        "codes": codes,
        "seconds": seconds,
        "differing": [key for key in expected if got[key] != expected[key]],
    }


def fail(directory: Path, how: str) -> dict[str, Any]:
    """Something is wrong with one of two ranks: what both say, and how they leave."""
    directory.mkdir()
    said = directory / "said"

    def prepare(rank: int) -> None:
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        if rank == 1 and how == "code":
            agreement.this_code = lambda: ("another", "lock")
        if rank == 1 and how == "data":
            refuse = run.refuse_mixed_data
            run.refuse_mixed_data = lambda _, ranks: refuse("another", ranks)
        if rank == 1 and how == "bug":
            call_instead(AutoencoderModule, "training_step", 5, ZeroDivisionError("a bug"))
        if rank == 0 and how == "disk":
            full = StorageError("cannot write the checkpoint", found="no space left")
            call_instead(AtomicCheckpointIO, "save_checkpoint", 3, full)

    began = time.monotonic()
    children = start(directory, 2, ["trainer.checkpoint_every_n_steps=2"], prepare)
    codes = codes_of(children)
    seconds = time.monotonic() - began
    ended = [
        attempt["ended"]
        for file in directory.glob("runs/*/files/attempts.json")
        for attempt in json.loads(file.read_text())
    ]
    return {"codes": codes, "said": said.read_text(), "ended": ended, "seconds": seconds}


def call_instead(owner: Any, name: str, time: int, error: Exception) -> None:
    """Have the `time`-th call of `owner.name` raise."""
    original, calls = getattr(owner, name), itertools.count(1)

    def failing(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == time:
            raise error
        return original(*args, **kwargs)

    setattr(owner, name, failing)


def wait_for_steps(directory: Path, children: Sequence[int], seconds: float) -> None:
    """Wait until this attempt has put a step on record, and `seconds` more."""
    before = steps_on_record(directory)
    wait_until(lambda: steps_on_record(directory) > before or not all(map(is_alive, children)))
    time.sleep(seconds)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("nothing is put on record")
        time.sleep(0.002)


def steps_on_record(directory: Path) -> int:
    journals = directory.glob(f"runs/*/{JOURNAL_NAME}")
    return sum(path.read_bytes().count(b'"train/loss"') for path in journals)


def is_alive(child: int) -> bool:
    return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def import_all() -> None:
    """What a run imports on its way, once for all forks."""
    for name in ("sklearn.datasets", "matplotlib.pyplot", "pytorch_lightning.callbacks"):
        import_module(name)


def main() -> None:
    import_all()
    directory, what, *rest = Path(sys.argv[1]), *sys.argv[2:]
    if what == "same":
        report = same(directory, rest)
    elif what == "devices":
        report = devices(directory)
    elif what == "fail":
        report = fail(directory, rest[0])
    elif what == "kill":
        report = kill(directory, int(rest[0]))
    else:
        report = preempt(directory, *map(int, rest))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
