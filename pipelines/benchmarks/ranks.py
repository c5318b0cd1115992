"""Two ranks on two cores against one rank on one core: images per second of the same run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import RATIO, Figure, Figures, Goal, NotMeasured, ratios
from benchmarks.image_files import write_sprites
from benchmarks.pipeline_run import run

_PART = "ranks"
_RANKS = 2
_GOAL = Goal(1.8, True)


def measure(directory: Path, quick: bool) -> Iterator[Figures | NotMeasured]:
    """Measure in turns.

    Args:
        directory: an empty one, on a disk.
        quick: one turn of a few steps.

    Yields:
        a table a batch size, or why there is none.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < _RANKS:
        yield NotMeasured(_PART, f"{_RANKS} ranks need {_RANKS} cores, and here is one")
        return
    images = directory / "sprites.npy"
    write_sprites(images, 600 if quick else 12_000)
    # Gradients are as many whatever the batch size.
    for batch_size in [16] if quick else [128, 256]:
        yield _measure_with(batch_size, images, directory / str(batch_size), cores, quick)


def _measure_with(
    batch_size: int, images: Path, directory: Path, cores: list[int], quick: bool
) -> Figures:
    """With one size of the global batch, on one rank and on two."""
    turns, epochs, warm_up = (1, 1, 0) if quick else (5, 3, 9_600 // batch_size)  # one epoch
    overrides = ["data=arrays", f"data.path={images}", "data.layout=chw", "network=conv"]
    overrides += [f"batch_size={batch_size}", "trainer.threads=1", f"trainer.max_epochs={epochs}"]
    ways = {
        "1 rank on 1 core": (("train.py",), {cores[0]}, "trainer=cpu"),
        "2 ranks on 2 cores": (
            ("launch.py", "--devices", str(_RANKS)),
            set(cores[:_RANKS]),
            "trainer=ddp",
        ),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns):
        for way, (script, own, trainer) in ways.items():
            print(f"batch {batch_size}, turn {turn + 1} of {turns}: {way}", file=sys.stderr)
            place = directory / f"{turn}-{len(own)}"
            ended = run([*overrides, trainer], place, script, own)
            seconds[way].append(ended.seconds_per_step(warm_up))
    one, two = seconds.values()
    name = f"conv 64x64, batch {batch_size}"
    against = f"{name}: images per second, 2 ranks on 2 cores against 1 on 1"
    figures = [Figure(_PART, against, RATIO, ratios(one, two), _GOAL)]
    for way, values in seconds.items():
        in_ms = tuple(1e3 * each for each in values)
        figures.append(Figure(_PART, f"{name}: a step, {way}", "ms", in_ms))
    return Figures(f"data-parallel training, {name} (turns: {turns})", tuple(figures))
