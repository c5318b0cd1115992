"""How many workers this machine bears, and what each gets of it."""

import os

from latentsweep.errors import ConfigError


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))


def count_workers(wanted: int, *, local: bool) -> int:
    """Number of workers; where it is left open, one a GPU or, without any, one a core.

    Args:
        wanted: `sweep.workers`; 0: left open.
        local: whether they run on this machine.

    Raises:
        ConfigError: it is left open for another machine.
    """
    if wanted:
        return wanted
    if not local:
        raise ConfigError(
            "sweep.workers is needed where workers run on other machines",
            found="sweep.workers=0, which stands for this machine's cores or GPUs",
            mend="make sweep WORKERS=32 ..., or sweep.workers=32",
        )
    import torch

    # Asked of the driver's library, for CUDA must not be initialised before workers are forked.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return torch.cuda.device_count() or cores()


def threads_a_worker(workers: int) -> int:
    """CPU threads of PyTorch for each of the workers of this machine."""
    return max(1, cores() // workers)
