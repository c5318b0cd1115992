"""Schema of `conf/trainer/`: how long, on what, how exactly."""

from typing import Literal

from latentsweep.config.component import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    Switch,
    Threads,
    component,
)

Precision = Literal["32-true", "64-true", "bf16-mixed", "16-mixed"]


@component
class TrainerConfig:
    """The training loop."""

    name: Literal["auto", "cpu", "gpu"]
    """auto: a GPU where there is one."""
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
    progress_bar: Switch
    """Whether to draw a progress bar."""
