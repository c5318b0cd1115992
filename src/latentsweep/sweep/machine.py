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
    if local and ranks > 1:
        _refuse_shared_gpus(max(1, min(wanted, trials)) * ranks)
        most = MOST_PROCESSES_A_CORE * cores()
        if ranks > most:
            raise ConfigError(
                f"sweep.ranks={ranks} is more than this machine bears",
                found=f"{cores()} cores",
                expected=f"at most {most}",
                mend=f"DEVICES={cores()}",
            )
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
    return _gpus() or cores()


def _refuse_shared_gpus(ranks: int) -> None:
    """NCCL connects no two ranks on one GPU."""
    gpus = _gpus()
    if gpus and ranks > gpus:
        raise ConfigError(
            "each rank of a trial has a GPU of its own",
            found=f"{ranks} ranks of all workers, {gpus} GPUs",
            expected=f"at most {gpus}",
            mend=f"GPUS={gpus} WORKERS=1, or fewer; to train on the CPU, CUDA_VISIBLE_DEVICES=''",
        )


def _gpus() -> int:
    import torch

    # Asked of the driver's library, for CUDA must not be initialised before workers are forked.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return torch.cuda.device_count()
