"""Where a run, or one of its ranks, computes, and how exactly."""

import os

import torch

from latentsweep.config.trainer import TrainerConfig
from latentsweep.errors import ConfigError
from latentsweep.training.cores import cores
from latentsweep.training.ranks.placement import NEEDS_GPU
from latentsweep.training.ranks.ranks import ALONE, Ranks

# Set by whoever lets each rank see one GPU only.
OWN_GPU = "LATENTSWEEP_OWN_GPU"


def choose_device(config: TrainerConfig, ranks: Ranks = ALONE) -> torch.device:
    """The device of this process.

    Raises:
        ConfigError: a GPU is asked for, or needed, and there is none.
    """
    found = torch.cuda.is_available()
    if not found and (config.name == "gpu" or os.environ.get(NEEDS_GPU) == "1"):
        raise no_gpu()
    if config.precision == "16-mixed" and not found:
        raise ConfigError(
            "16-mixed precision needs a GPU",
            found="none that PyTorch can use",
            mend="trainer.precision=bf16-mixed, or 32-true",
        )
    if not found or config.name == "cpu":
        return torch.device("cpu")
    return torch.device("cuda") if ranks.alone else _gpu_of(ranks)


def no_gpu() -> ConfigError:
    """What a user is told who asked for a GPU where there is none."""
    return ConfigError(
        "trainer=gpu or GPUS= needs a GPU",
        found=f"none that PyTorch can use on {os.uname().nodename}",
        mend="trainer=auto, without GPUS=, takes a GPU where there is one and else all cores",
    )


def _gpu_of(ranks: Ranks) -> torch.device:
    """The GPU of this rank; one whose process sees a single GPU was given it.

    Raises:
        ConfigError: the ranks of this machine are more than its GPUs.
    """
    gpus = torch.cuda.device_count()
    if gpus == 1 and os.environ.get(OWN_GPU):
        return torch.device("cuda", 0)
    if ranks.local_size > gpus:
        raise ConfigError(
            "more ranks than GPUs on one machine",
            found=f"{ranks.local_size} ranks and {gpus} GPUs on {os.uname().nodename}",
            expected="a GPU a rank",
            mend=f"DEVICES={gpus} or GPUS={gpus}; to train on the CPU, CUDA_VISIBLE_DEVICES=''",
        )
    return torch.device("cuda", ranks.local_rank)


def one_gpu(index: int) -> dict[str, str]:
    """What the environment of a process needs that is to see one GPU, by its number in turn.

    Nothing where there is none.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(n) for n in range(torch.cuda.device_count())]
    if not names or not names[0]:
        return {}
    return {"CUDA_VISIBLE_DEVICES": names[index % len(names)], OWN_GPU: "1"}


def set_threads(config: TrainerConfig, ranks: Ranks = ALONE) -> int:
    """Set and return PyTorch's number of CPU threads: a rank's share of the cores it may use.

    A cluster may have given each rank cores of its own; the ranks of a machine share equal ones.
    """
    own = (os.uname().nodename, tuple(sorted(os.sched_getaffinity(0))))
    threads = config.threads or max(1, cores() // ranks.of_all(own).count(own))
    torch.set_num_threads(threads)
    return threads
