"""Real training steps of a default run, without Lightning's loop, and ten numbers of each."""

import itertools
import time
from collections.abc import Callable

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.data.batches import TrainBatches
from latentsweep.data.splits import load
from latentsweep.training.device import set_threads
from latentsweep.training.module import AutoencoderModule

METRICS = 10
Record = Callable[[dict[str, float], int], None]


class TrainingSteps:
    """Trains on the CPU for as long as it is asked to.

    Args:
        overrides: what is not as in the default run.
    """

    def __init__(self, overrides: list[str]) -> None:
        config = typed(compose(CONFIG_DIRECTORY, "train", [*overrides, "trainer=cpu"]))
        set_threads(config.trainer)
        splits = load(config.data, config.seed)
        batches = TrainBatches(splits.train, config.batch_size, config.seed, splits.resample)
        self._batches = itertools.chain.from_iterable(itertools.repeat(batches))
        self._module = AutoencoderModule(config, splits.shape, len(splits.val))
        self._optimizer = self._module.configure_optimizers()
        self._step = 0

    def seconds(self, steps: int, record: Record | None) -> float:
        """Seconds that some steps take.

        Args:
            steps: how many.
            record: takes down ten numbers of each step, which are fetched from the device for it;
                None: nothing is.
        """
        started = time.perf_counter()
        for _ in range(steps):
            self._step += 1
            batch = next(self._batches)
            self._optimizer.zero_grad()
            self._module.training_step(batch, self._step).backward()
            self._optimizer.step()
            if record:
                record(self._numbers(), self._step)
        return time.perf_counter() - started

    def _numbers(self) -> dict[str, float]:
        """The terms of the step, over and over until they are ten."""
        terms = itertools.cycle(enumerate(self._module.term_names))
        places, names = zip(*itertools.islice(terms, METRICS), strict=True)
        named = zip(names, self._module.measured[list(places)].tolist(), strict=True)
        return {f"train/{name}_{index}": value for index, (name, value) in enumerate(named)}
