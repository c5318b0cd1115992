"""Where a run computes, and how exactly."""

import os

import torch

from latentsweep.config.trainer import TrainerConfig
from latentsweep.errors import ConfigError


def choose_device(config: TrainerConfig) -> torch.device:
    """The device of one process.

    Raises:
        ConfigError: a GPU is asked for, or needed, and there is none.
    """
    found = torch.cuda.is_available()
    if config.name == "gpu" and not found:
        raise ConfigError(
            "trainer=gpu needs a GPU",
            found="none that PyTorch can use",
            mend="trainer=auto takes a GPU where there is one; trainer=cpu never does",
        )
    if config.precision == "16-mixed" and not found:
        raise ConfigError(
            "16-mixed precision needs a GPU",
            found="none that PyTorch can use",
            mend="trainer.precision=bf16-mixed, or 32-true",
        )
    return torch.device("cuda" if found and config.name != "cpu" else "cpu")


def set_threads(config: TrainerConfig) -> int:
    """Set and return PyTorch's number of CPU threads."""
    threads = config.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    return threads
