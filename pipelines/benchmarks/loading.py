"""What a run's time goes into, as ratios measured in one process.

Rows are median and spread over repeats; a share is what loading takes of a whole training step.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed

_BATCHES = 40
_REPEATS = 5
_CASES = {
    "mlp, Fashion-MNIST": [],
    "conv, Fashion-MNIST": ["network=conv"],
    "mlp, MNIST binarised anew": ["data=mnist", "data.binarise=dynamic"],
    "conv, sprites 64x64": ["data=sprites_rendered", "network=conv"],
}


def measure(_: Path, quick: bool) -> Iterator[Table]:
    """Measure each case.

    Args:
        quick: only the first of them.

    Yields:
        a table with a row a case.
    """
    table = Table(title=f"loading a batch of 128 ({_REPEATS} repeats of {_BATCHES} batches, CPU)")
    for heading in ("case", "loading, ms", "training step, ms", "share of the step", "goal"):
        table.add_column(heading, justify="left" if heading == "case" else "right")
    for case, overrides in itertools.islice(_CASES.items(), 1 if quick else None):
        config = typed(compose(CONFIG_DIRECTORY, "train", [*overrides, "trainer=cpu"]))
        loading, step = zip(*_measure(config), strict=True)
        shares = [part / whole for part, whole in zip(loading, step, strict=True)]
        table.add_row(
            case, _spread(loading, 1e3), _spread(step, 1e3), _spread(shares, 100), "< 5 %"
        )
    yield table


def _measure(config: TrainConfig) -> list[tuple[float, float]]:
    """Seconds of loading a batch and of the whole step, a pair a repeat."""
    from latentsweep.data.batches import TrainBatches
    from latentsweep.data.splits import load
    from latentsweep.training.device import set_threads
    from latentsweep.training.module import AutoencoderModule

    set_threads(config.trainer)
    splits = load(config.data, config.seed)
    batches = TrainBatches(splits.train, config.batch_size, config.seed, splits.resample)
    module = AutoencoderModule(config, splits.shape, len(splits.val))
    optimizer = module.configure_optimizers()
    pairs = []
    epochs = itertools.chain.from_iterable(itertools.repeat(batches))
    for _ in range(_REPEATS + 1):
        loading, started = 0.0, time.perf_counter()
        for index in range(_BATCHES):
            before = time.perf_counter()
            batch = next(epochs)
            loading += time.perf_counter() - before
            optimizer.zero_grad()
            module.training_step(batch, index).backward()
            optimizer.step()
        pairs.append((loading / _BATCHES, (time.perf_counter() - started) / _BATCHES))
    return pairs[1:]  # the first one warmed up


def _spread(values: tuple[float, ...] | list[float], factor: float) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle * factor:.2f} ({low * factor:.2f} to {high * factor:.2f})"
