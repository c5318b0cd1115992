"""How a step, the memory and the start grow with the data, the latent space and the channels."""

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import RATIO, Figure, Figures, ratios
from benchmarks.image_files import write_sprites
from benchmarks.peak_memory import PeakMemory
from benchmarks.pipeline_run import INTERRUPTED, start, wait_for_step

_PART = "growth"
_BASE = "as it is"


@dataclass(frozen=True)
class Size:
    """What is trained.

    Attributes:
        images: how many, all splits together.
        latent_size: number of latents.
        channels: of an image.
    """

    images: int
    latent_size: int
    channels: int


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        step: seconds of a training step.
        memory: gigabytes of all processes at most.
        start: seconds from the command to the first step.
    """

    step: float
    memory: float
    start: float


def measure(directory: Path, quick: bool) -> Iterator[Figures]:
    """Measure in turns.

    Args:
        directory: an empty one, on a disk.
        quick: one turn over few images, and ten times as many.

    Yields:
        one table; ratios are against the first size.
    """
    images, turns = (200, 1) if quick else (5_000, 3)
    sizes = {
        _BASE: Size(images, 10, 1),
        "data x10": Size(10 * images, 10, 1),
        "latent size x10": Size(images, 100, 1),
        "channels x3": Size(images, 10, 3),
    }
    if quick:
        sizes = dict(list(sizes.items())[:2])
    costs: dict[str, list[Cost]] = {name: [] for name in sizes}
    for turn in range(turns):
        for name, size in sizes.items():
            print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr)
            place = directory / f"{turn}-{len(costs[name])}-{list(sizes).index(name)}"
            costs[name].append(_cost(size, directory, place, quick))
    first = sizes[_BASE]
    title = f"growth: conv, {first.images:,} images 64x64, {first.latent_size} latents, 1 channel"
    yield Figures(f"{title} (turns: {turns})", tuple(_figures(costs)))


def _figures(costs: dict[str, list[Cost]]) -> Iterator[Figure]:
    base = costs.pop(_BASE)
    for quantity, unit, factor in (("step", "ms", 1e3), ("memory", "GB", 1.0), ("start", "s", 1.0)):
        before = [getattr(cost, quantity) for cost in base]
        in_unit = tuple(factor * value for value in before)
        yield Figure(_PART, f"{quantity}, {_BASE}", unit, in_unit)
        for name, grown in costs.items():
            after = [getattr(cost, quantity) for cost in grown]
            yield Figure(_PART, f"{name}: {quantity} grows", RATIO, ratios(after, before))


def _cost(size: Size, directory: Path, place: Path, quick: bool) -> Cost:
    """Run the pipeline for some steps."""
    images = directory / f"{size.images}-{size.channels}.npy"
    if not images.exists():
        write_sprites(images, size.images, size.channels)
    overrides = ["data=arrays", f"data.path={images}", "data.layout=chw", "network=conv"]
    overrides += [f"model.latent_size={size.latent_size}", f"batch_size={16 if quick else 64}"]
    # As many steps, however few images an epoch has; the first ones pass while MLflow is imported.
    warm_up, steps = (0, 30) if quick else (200, 400)
    command, run = start([*overrides, "trainer=cpu", "trainer.max_epochs=1000"], place)
    with command, PeakMemory(command.process.pid) as memory:
        wait_for_step(command, run, steps)
        peak = memory.peak
        command.process.send_signal(signal.SIGINT)
        command.wait(INTERRUPTED)
    return Cost(run.seconds_per_step(warm_up), peak.gigabytes, run.seconds_to_first_step())
