"""How many workers this machine bears, and what each gets of it."""

import os

from latentsweep.errors import ConfigError
from latentsweep.training.cores import MOST_PROCESSES_A_CORE, cores


def count_workers(wanted: int, trials: int, ranks: int, *, local: bool) -> int:
    """Number of workers; where it is left open, a rank has a GPU or, without any, a core.

    Args:
        wanted: `sweep.workers`; 0: left open.
        trials: as many workers have something to do.
        ranks: processes of a worker.
        local: whether they run on this machine.

    Raises:
        ConfigError: it is left open for another machine, or too much for this one.
    """
    if not wanted:
        wanted = max(1, _one_a_device(local=local) // ranks)
    elif local and min(wanted, trials) * ranks > MOST_PROCESSES_A_CORE * cores():
        raise ConfigError(
            "sweep.workers is more than this machine bears",
            found=f"sweep.workers={wanted} of {ranks} ranks on {cores()} cores",
            expected=f"at most {MOST_PROCESSES_A_CORE * cores() // ranks}",
            mend="sweep.workers=0 starts one a core or GPU",
        )
    return min(wanted, trials)


def threads_a_worker(workers: int) -> int:
    """CPU threads of PyTorch for each of the workers of this machine."""
    return max(1, cores() // workers)


def _one_a_device(*, local: bool) -> int:
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
