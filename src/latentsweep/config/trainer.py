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

Precision = Literal["auto", "32-true", "64-true", "bf16-mixed", "16-mixed"]
Compile = Literal["off", "default", "reduce-overhead"]


@component
class TrainerConfig:
    """The training loop."""

    name: Literal["auto", "cpu", "gpu", "ddp"]
    """auto: a GPU where there is one; ddp: one rank a device, on GPUs where there are any."""
    max_epochs: PositiveInt
    """Passes over the training images."""
    max_steps: PositiveInt | None
    """Optimiser steps after which training ends, if the passes do not end it before; null: none."""
    precision: Precision
    """Lightning's name of the number format; auto: bf16-mixed on processors with bfloat16
    instructions, otherwise 32-true."""
    float32_matmul_precision: Literal["highest", "high"]
    """PyTorch's name; high: TF32 for float32 products on a GPU."""
    channels_last: Switch | Literal["auto"]
    """Whether convolutions hold their channels innermost; auto: on a CPU."""
    compile: Compile
    """Mode of torch.compile for the training step; reduce-overhead: with CUDA graphs on a GPU."""
    accumulate_grad_batches: PositiveInt
    """Parts in which each rank computes its share of a batch, for less memory."""
    gradient_clip_val: PositiveFloat | None
    """Greatest norm of the whole gradient; null: it is not clipped."""
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
