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


def measure(directory: Path, quick: bool) -> Iterator[Figures | NotMeasured]:
    """Measure in turns.

    Args:
        directory: an empty one, on a disk.
        quick: one turn of a few steps.

    Yields:
        one table, or why there is none.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < _RANKS:
        yield NotMeasured(_PART, f"{_RANKS} ranks need {_RANKS} cores, and here is one")
        return
    count, epochs, warm_up, turns = (600, 1, 0, 1) if quick else (12_000, 3, 75, 5)
    images = directory / "sprites.npy"
    write_sprites(images, count)
    # The global batch is the same on one rank and on two, as is all else but where it is computed.
    overrides = ["data=arrays", f"data.path={images}", "data.layout=chw", "network=conv"]
    overrides += ["batch_size=16" if quick else "batch_size=128"]
    overrides += ["trainer.threads=1", f"trainer.max_epochs={epochs}"]
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
            print(f"turn {turn + 1} of {turns}: {way}", file=sys.stderr)
            place = directory / f"{turn}-{len(own)}"
            ended = run([*overrides, trainer], place, script, own)
            seconds[way].append(ended.seconds_per_step(warm_up))
    one, two = seconds.values()
    name = "conv 64x64: images per second, 2 ranks on 2 cores against 1 on 1"
    figures = [Figure(_PART, name, RATIO, ratios(one, two), Goal(1.8, True))]
    for way, values in seconds.items():
        figures.append(Figure(_PART, f"a step, {way}", "ms", tuple(1e3 * each for each in values)))
    yield Figures(f"data-parallel training, conv ({turns} turns)", tuple(figures))
