"""On a GPU: the pipeline against the bare eager loop, and what a step does beside its kernels."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import RATIO, Figure, Figures, Goal, NotMeasured, ratios
from benchmarks.image_files import write_sprites
from benchmarks.pipeline_run import PIPELINES, run
from benchmarks.terminal import CommandError
from benchmarks.throughput import other_side

_PART = "gpu"
_CASES = {"mlp 64x64": ["batch_size=128"], "conv 64x64": ["network=conv", "batch_size=64"]}
_COMPILED = "trainer.compile=reduce-overhead"  # with CUDA graphs, of which the goal is asked


def measure(directory: Path, quick: bool) -> Iterator[Figures | NotMeasured]:
    """Measure both networks in turns, as they are and compiled.

    Args:
        directory: an empty one, on a disk.
        quick: one turn of the first, as it is.

    Yields:
        a table a network and way, or why there is none.
    """
    import torch

    if not torch.cuda.is_available():
        yield NotMeasured(_PART, "no GPU here")
        return
    images = directory / "sprites.npy"
    write_sprites(images, 20_000)
    cases = dict(list(_CASES.items())[:1]) if quick else _CASES
    for case, overrides in cases.items():
        yield _measure_case(case, overrides, None, images, directory, 1 if quick else 5)
        if not quick:
            compiled = [*overrides, _COMPILED]
            goal = Goal(2.0, True)
            yield _measure_case(f"{case} compiled", compiled, goal, images, directory, 5)


def _measure_case(
    case: str,
    overrides: list[str],
    goal: Goal | None,
    images: Path,
    directory: Path,
    turns: int,
) -> Figures:
    data = ["data=arrays", f"data.path={images}", "data.layout=chw", "trainer=gpu"]
    settings = {
        "images": str(images),
        "overrides": overrides,
        "threads": 1,
        "gpu": True,
        "warm_up": 100,
        "steps": 1000,
    }
    ours, bare, idle, waits = [], [], [], []
    for turn in range(turns):
        print(f"{case}, turn {turn + 1} of {turns}", file=sys.stderr)
        place = directory / f"{case.replace(' ', '-')}-{turn}"
        ended = run([*data, *overrides, "trainer.max_epochs=12"], place)
        # Ten seconds or so, in which the synchroniser imports MLflow, are not timed.
        ours.append(ended.seconds_per_step(1250))
        bare.append(other_side(settings, {}, pythae=False))
        kernels, synchronisations = _profile([*data, *overrides], place / "profiled")
        idle.append(100 * (1 - kernels / ours[-1]))
        waits.append(synchronisations)
    name = f"{case}: pipeline against the bare eager loop"
    return Figures(
        f"on {_gpu_name()}, {case} (turns: {turns})",
        (
            Figure(_PART, name, RATIO, ratios(bare, ours), goal),
            Figure(_PART, f"{case}: a step, pipeline", "ms", tuple(1e3 * each for each in ours)),
            Figure(_PART, f"{case}: a step, bare loop", "ms", tuple(1e3 * each for each in bare)),
            Figure(_PART, f"{case}: share of the step that is no kernel", "%", tuple(idle)),
            Figure(_PART, f"{case}: host waits, a step", "waits", tuple(waits), Goal(0.0, False)),
        ),
    )


def _profile(overrides: list[str], place: Path) -> tuple[float, float]:
    """Seconds of kernels and waits of the host, a step; see `gpu_step`.

    Raises:
        CommandError: it failed.
    """
    words = [*overrides, f"output_dir={place}", "tracking=off", "resume=never"]
    command = [sys.executable, "-m", "benchmarks.gpu_step", *words, "trainer.max_epochs=1"]
    done = subprocess.run(command, cwd=PIPELINES, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(
            "the profiled run failed", found=" ".join(done.stderr.strip().splitlines()[-1:])
        )
    result = json.loads(done.stdout.splitlines()[-1])
    return result["kernel_seconds"], result["synchronisations"]


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name()
