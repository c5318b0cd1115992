"""What each option for speed or memory does to the speed and to the ELBO of the same run."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import RATIO, Figure, Figures, ratios
from benchmarks.pipeline_run import run
from latentsweep.training.numerics import has_bfloat16, has_compiler

_PART = "options"
_PLAIN = [
    "trainer.precision=32-true",
    "trainer.channels_last=false",
    "trainer=cpu",
    "batch_size=128",
    "tracking=off",
    "tracking.images_every_n_epochs=0",
]
_OPTIONS = {
    "bf16-mixed": ["trainer.precision=bf16-mixed"],
    "channels_last": ["trainer.channels_last=true"],
    "both": ["trainer.precision=bf16-mixed", "trainer.channels_last=true"],
    "compile": ["trainer.compile=default"],
    "accumulate 2": ["trainer.accumulate_grad_batches=2"],
    "clip at 100": ["trainer.gradient_clip_val=100.0"],
    "not deterministic": ["trainer.deterministic=false"],
}
_CONVOLUTIONS = ("channels_last", "both")


@dataclass(frozen=True)
class Case:
    """What is trained, on Fashion-MNIST.

    Attributes:
        name: of the network.
        overrides: of the config.
        options: those tried, by name.
    """

    name: str
    overrides: list[str]
    options: dict[str, list[str]]


def measure(directory: Path, quick: bool) -> Iterator[Figures]:
    """Train in turns, each with another seed.

    Args:
        directory: an empty one, on a disk.
        quick: one turn of the first option on few images.

    Yields:
        a table a network.
    """
    if quick:
        few = [*_PLAIN, "data=digits", "trainer.max_epochs=2"]
        yield _measure(Case("mlp", few, _tried(["accumulate 2"])), directory, 1, 1)
        return
    mlp = [*_PLAIN, "trainer.max_epochs=5"]
    names = [name for name in _OPTIONS if name not in _CONVOLUTIONS]
    yield _measure(Case("mlp", mlp, _tried(names)), directory, 3, 421)
    conv = [*_PLAIN, "network=conv", "trainer.max_epochs=2"]
    yield _measure(Case("conv", conv, _tried(list(_OPTIONS))), directory, 3, 100)


def _tried(names: list[str]) -> dict[str, list[str]]:
    """Options by name, without those that this machine is not made for."""
    fit = {name: _OPTIONS[name] for name in names}
    if not has_bfloat16():  # ten times as long
        fit = {name: words for name, words in fit.items() if "bf16" not in str(words)}
    if not has_compiler("cpu"):
        fit.pop("compile", None)
    return fit


def _measure(case: Case, directory: Path, turns: int, warm_up: int) -> Figures:
    ways = {"plain": [], **case.options}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    elbo: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns):
        for place, (way, words) in enumerate(ways.items()):
            print(f"{case.name}, turn {turn + 1} of {turns}: {way}", file=sys.stderr)
            ended = run(
                [*case.overrides, *words, f"seed={turn}"],
                directory / f"{case.name}-{turn}-{place}",
            )
            seconds[way].append(ended.seconds_per_step(warm_up))
            elbo[way].append(ended.last("val/elbo"))
    return Figures(
        f"options, {case.name}, against float32 without them (seeds: {turns})",
        tuple(_figures(case.name, seconds, elbo)),
    )


def _figures(
    case: str, seconds: dict[str, list[float]], elbo: dict[str, list[float]]
) -> Iterator[Figure]:
    plain, scores = seconds.pop("plain"), elbo.pop("plain")
    yield Figure(_PART, f"{case}: a step, plain", "ms", tuple(1e3 * each for each in plain))
    yield Figure(_PART, f"{case}: validation ELBO, plain", "nats", tuple(scores))
    for way, values in seconds.items():
        yield Figure(_PART, f"{case}, {way}: images per second", RATIO, ratios(plain, values))
        gained = tuple(ours - theirs for ours, theirs in zip(elbo[way], scores, strict=True))
        yield Figure(_PART, f"{case}, {way}: ELBO gained", "nats", gained)
