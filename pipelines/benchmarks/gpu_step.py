"""What a training step does on the GPU: `python -m benchmarks.gpu_step [OVERRIDE] ...`.

A run of the pipeline with PyTorch's profiler over some of its steps, between two that record
numbers. The seconds of kernels and the number of times that the host waits for the GPU, a step,
come out, as JSON.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch.profiler import ProfilerActivity, profile

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.training import run

# Of ten steps one records its numbers, which have to be fetched; these lie between two such.
_FIRST, _LAST = 101, 109
# cudaDeviceSynchronize is left out: with it the profiler itself ends.
_WAITS = ("cudaStreamSynchronize", "cudaEventSynchronize")


class StepProfile(pl.Callback):
    """Profiles the steps after `_FIRST`, to `_LAST`.

    Args:
        activities: what the profiler watches.

    Attributes:
        kernel_seconds: of kernels, a step.
        synchronisations: times that the host waits, a step.
    """

    def __init__(self, activities: Iterable[ProfilerActivity]) -> None:
        self._profile = profile(activities=list(activities))
        self.kernel_seconds = 0.0
        self.synchronisations = 0.0

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Start and stop."""
        if trainer.global_step == _FIRST:
            self._profile.start()
        elif trainer.global_step == _LAST:
            self._profile.stop()
            self._count(self._profile.events() or [])

    def _count(self, events: Iterable[Any]) -> None:
        steps = _LAST - _FIRST
        for event in events:
            # Annotations lie over the kernels of their block, and would count them twice.
            if event.is_user_annotation:
                continue
            if event.device_type == torch.autograd.DeviceType.CUDA:
                self.kernel_seconds += event.time_range.elapsed_us() / 1e6 / steps
            elif event.name in _WAITS:
                self.synchronisations += 1 / steps


def main() -> None:
    """Train one epoch, profiled."""
    watched = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        watched.append(ProfilerActivity.CUDA)
    step_profile = StepProfile(watched)
    build = run.build_trainer

    def with_profile(config: Any, device: Any, callbacks: list[Any], *more: Any) -> pl.Trainer:
        return build(config, device, [*callbacks, step_profile], *more)

    run.build_trainer = with_profile
    run.train(typed(compose(CONFIG_DIRECTORY, "train", sys.argv[1:])), sys.argv[1:])
    result = {
        "kernel_seconds": step_profile.kernel_seconds,
        "synchronisations": step_profile.synchronisations,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
