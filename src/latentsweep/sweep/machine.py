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
    if local:
        _refuse_too_many(max(1, min(wanted, trials)), ranks)
    if not wanted:
        wanted = max(1, _one_a_device(local=local) // ranks)
    return min(wanted, trials)


def threads_a_worker(workers: int) -> int:
    """CPU threads of PyTorch for each of the workers of this machine."""
    return max(1, cores() // workers)


def require_gpu() -> None:
    """Refuse `trainer=gpu` before every trial fails of it.

    Raises:
        ConfigError: this machine has none.
    """
    if not _gpus():
        from latentsweep.training.device import no_gpu

        raise no_gpu()


def _one_a_device(*, local: bool) -> int:
    if not local:
        raise ConfigError(
            "sweep.workers is needed where workers run on other machines",
            found="sweep.workers=0, which stands for this machine's cores or GPUs",
            mend="make sweep WORKERS=32 ..., or sweep.workers=32",
        )
    return _gpus() or cores()


def _refuse_too_many(workers: int, ranks: int) -> None:
    """More than the cores bear, or ranks that would share a GPU, on which NCCL connects no two."""
    most = MOST_PROCESSES_A_CORE * cores()
    if workers * ranks > most:
        key = "sweep.workers" if ranks <= most else "sweep.ranks"
        raise ConfigError(
            f"{key} is more than this machine bears",
            found=f"sweep.workers={workers} of {ranks} ranks on {cores()} cores",
            expected=f"at most {most} processes in all",
            mend="sweep.workers=0 starts one a core or GPU"
            if ranks <= most
            else f"DEVICES={cores()}",
        )
    found = _gpus() if ranks > 1 else 0
    if found and workers * ranks > found:
        raise ConfigError(
            "each rank of a trial has a GPU of its own",
            found=f"{workers * ranks} ranks of all workers, {found} GPUs",
            expected=f"at most {found}",
            mend=f"GPUS={found} WORKERS=1, or fewer; to train on the CPU, CUDA_VISIBLE_DEVICES=''",
        )


def _gpus() -> int:
    import torch

    # Asked of the driver's library, for CUDA must not be initialised before workers are forked.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return torch.cuda.device_count()
