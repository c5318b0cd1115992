"""Seconds of a training step: the whole pipeline, a bare PyTorch loop, and pythae, in turns.

All have the same layers, batch size, fused Adam and images. The pipeline runs as its user has it:
Lightning, the bar drawn on a terminal, tracking into a file, deterministic algorithms only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figure import RATIO, Figure, Figures, Goal, ratios
from benchmarks.image_files import write_sprites, write_training_images
from benchmarks.peer_environment import PYTHAE
from benchmarks.pipeline_run import PIPELINES, run
from benchmarks.terminal import CommandError
from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.conv_sizes import conv_channels
from latentsweep.config.network import ConvConfig, MLPConfig
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.training.numerics import has_bfloat16

_PART = "throughput"
# The bare loop's settings, said to the pipeline, whatever its defaults are.
SAME_SETTINGS = [
    "trainer.precision=32-true",
    "trainer.channels_last=false",
    "trainer.deterministic=false",
]
_SAME, _DEFAULT, _BARE, _PYTHAE = "pipeline, same settings", "pipeline", "bare loop", "pythae"
_PIPELINE = {_SAME: SAME_SETTINGS, _DEFAULT: []}
_SPINNING = "bare loop as OpenMP comes"
# How the pipeline has OpenMP's threads wait, which keeps them from stealing each other's cores; on
# a machine with nothing else to do it costs a tenth (src/latentsweep/command.py).
_WAITING = {"GOMP_SPINCOUNT": "1000"}
_SPRITES = 20_000


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        name: of the case.
        overrides: of the config, the data set not among them.
        epochs: of the pipeline.
        warm_up: steps before those that are timed. In the pipeline the synchroniser imports MLflow
            in the meantime, which a run of minutes does not feel.
        steps: that the other sides time.
    """

    name: str
    overrides: list[str]
    epochs: int
    warm_up: int
    steps: int


_MLP = Case("mlp 28x28", ["batch_size=128", "trainer=cpu"], 10, 2526, 1684)
_CONV = Case("conv 64x64", ["network=conv", "batch_size=64", "trainer=cpu"], 3, 251, 502)


def measure(directory: Path, quick: bool) -> Iterator[Figures]:
    """Measure both cases.

    Args:
        directory: an empty one, on a disk.
        quick: one turn of the first case over few images, without pythae.

    Yields:
        figures of a case.
    """
    if quick:
        images = directory / "sprites.npy"
        write_sprites(images, 600)
        case = Case("mlp 64x64", [*_MLP.overrides, "batch_size=16"], 1, 2, 10)
        yield measure_case(case, images, _arrays(images), directory, 1, [_SAME, _BARE, _DEFAULT])
        return
    sides = [_SAME, _BARE, _DEFAULT, _PYTHAE, _SPINNING]
    images = directory / "fashion_mnist.npy"
    write_training_images(images, [])
    yield measure_case(_MLP, images, [], directory, 5, sides)
    images = directory / "sprites.npy"
    write_sprites(images, _SPRITES)
    yield measure_case(_CONV, images, _arrays(images), directory, 5, sides)


def measure_case(
    case: Case, images: Path, data: list[str], directory: Path, turns: int, sides: list[str]
) -> Figures:
    """Take turns.

    Args:
        case: what is trained.
        images: the training images, for bare loop and pythae.
        data: overrides that have the pipeline read them.
        directory: where runs may lie.
        turns: how many.
        sides: who takes part.
    """
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    outside = []
    settings = _settings(case, images)
    for turn in range(turns):
        for place, side in enumerate(sides):
            print(f"{case.name}, turn {turn + 1} of {turns}: {side}", file=sys.stderr)
            if side in _PIPELINE:
                overrides = [*data, *case.overrides, f"trainer.max_epochs={case.epochs}"]
                overrides += _PIPELINE[side]
                ended = run(overrides, directory / f"{images.stem}-{turn}-{place}")
                seconds[side].append(ended.seconds_per_step(case.warm_up))
                if side == _DEFAULT:
                    outside.append(100 * ended.share_outside_of_steps(case.warm_up))
            else:
                # Only the bare loop has the pipeline's settings: pythae runs as its users have it.
                waiting = _WAITING if side == _BARE else {}
                seconds[side].append(other_side(settings, waiting, pythae=side == _PYTHAE))
    return Figures(
        f"training throughput, {case.name} (turns: {turns})",
        tuple(_figures(case.name, seconds, tuple(outside))),
    )


def _figures(
    case: str, seconds: dict[str, list[float]], outside: tuple[float, ...]
) -> Iterator[Figure]:
    """Ratios of images per second, then what they are made of."""
    same, default, bare = seconds[_SAME], seconds[_DEFAULT], seconds[_BARE]
    against_bare = f"{case}: pipeline against the bare loop"
    yield Figure(
        _PART, f"{against_bare}, same settings", RATIO, ratios(bare, same), Goal(0.97, True)
    )
    # For an MLP without bfloat16 the defaults are the same settings.
    goal = Goal(1.0, True) if case.startswith("conv") or has_bfloat16() else None
    yield Figure(_PART, f"{against_bare}, defaults", RATIO, ratios(bare, default), goal)
    if _PYTHAE in seconds:
        name = f"{case}: pipeline against pythae"
        yield Figure(_PART, name, RATIO, ratios(seconds[_PYTHAE], default), Goal(1.2, True))
    if _SPINNING in seconds:
        name = f"{against_bare} as OpenMP comes"
        yield Figure(_PART, name, RATIO, ratios(seconds[_SPINNING], same))
    for side, values in seconds.items():
        in_ms = tuple(1e3 * value for value in values)
        yield Figure(_PART, f"{case}: a step, {side}", "ms", in_ms)
    yield Figure(_PART, f"{case}: pipeline's time outside of training steps", "%", outside)


def _arrays(images: Path) -> list[str]:
    return ["data=arrays", f"data.path={images}", "data.layout=chw"]


def _settings(case: Case, images: Path) -> dict[str, Any]:
    """What bare loop and pythae are told."""
    from latentsweep.training.device import set_threads

    config = typed(compose(CONFIG_DIRECTORY, "train", case.overrides))
    return {
        "images": str(images),
        "overrides": case.overrides,
        "threads": set_threads(config.trainer),
        "gpu": False,
        "warm_up": min(case.warm_up, 50),  # nothing starts beside these
        "steps": case.steps,
        "batch_size": config.batch_size,
        "latent_size": config.model.latent_size,
        **_layers(config, images),
    }


def _layers(config: TrainConfig, images: Path) -> dict[str, Any]:
    """The network in plain words."""
    import numpy as np

    shape = np.load(images, mmap_mode="r").shape[1:]
    assert isinstance(config.network, MLPConfig | ConvConfig)
    layers = {"network": config.network.name, "shape": shape, **asdict(config.network)}
    if isinstance(config.network, ConvConfig):
        layers["channels"] = conv_channels(config.network.channels, *shape[1:])
    return layers


def other_side(settings: dict[str, Any], environment: dict[str, str], *, pythae: bool) -> float:
    """Seconds of a step of the bare loop or of pythae, in a process of its own.

    Args:
        settings: see `_settings`.
        environment: on top of this process's own, without what this one says of OpenMP.
        pythae: which of the two.

    Raises:
        CommandError: it failed.
        PeerError: pythae cannot be installed.
    """
    if pythae:
        command = [str(PYTHAE.python()), str(PYTHAE.folder / "train.py"), settings["images"]]
    else:
        command = [sys.executable, "-m", "benchmarks.bare_loop"]
    command.append(json.dumps(settings))
    own = {name: value for name, value in os.environ.items() if name not in _WAITING}
    done = subprocess.run(
        command, cwd=PIPELINES, env={**own, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(
            "pythae failed" if pythae else "the bare loop failed",
            found=" ".join(done.stderr.strip().splitlines()[-1:]),
        )
    seconds: float = json.loads(done.stdout.splitlines()[-1])["seconds_per_step"]
    return seconds
