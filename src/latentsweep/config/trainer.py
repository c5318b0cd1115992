"""Schema of `conf/trainer/`: how long, on what, how exactly."""

from typing import Literal

from latentsweep.config.component import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Switch,
    Threads,
    component,
)

Precision = Literal["32-true", "64-true", "bf16-mixed", "16-mixed"]


@component
class TrainerConfig:
    """The training loop."""

    name: Literal["auto", "cpu", "gpu", "ddp"]
    """auto: a GPU where there is one; ddp: one rank a device, on GPUs where there are any."""
    max_epochs: PositiveInt
    """Passes over the training images."""
    precision: Precision
    """Lightning's name of the number format."""
    deterministic: Switch
    """Whether only deterministic algorithms may run."""
    threads: Threads
    """CPU threads of PyTorch; 0: one a core that this process may use."""
    checkpoint_every_n_steps: NonNegativeInt
    """Optimiser steps between checkpoints; 0: by time and by epoch only."""
    checkpoint_every_minutes: NonNegativeFloat
    """Minutes between checkpoints; 0: by steps and by epoch only."""
    meeting_seconds: PositiveFloat
    """How long the ranks of trainer=ddp wait for each other at the start."""
    progress_bar: Switch
    """Whether to draw a progress bar."""
