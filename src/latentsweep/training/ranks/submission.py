"""A run's ranks as one job of a Slurm cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from latentsweep.training.slurm import check_partition, refused, requeueing

# So long before a job's time is over it is told.
_WARNING_SECONDS = 120


@dataclass(frozen=True)
class Resources:
    """What a job asks for.

    Attributes:
        nodes: machines.
        ranks: on each of them.
        gpus: of each of them; 0: none, the ranks compute on CPUs.
        cpus: cores a rank; 0: as the cluster gives.
        minutes: after which the job is queued again, and goes on.
        partition: of the cluster; empty: its default one.
    """

    nodes: int
    ranks: int
    gpus: int
    cpus: int
    minutes: int
    partition: str


@dataclass(frozen=True)
class _Rank:
    """What each task of the job does: it becomes the command, with its signals and exit code."""

    command: tuple[str, ...]

    def __call__(self) -> NoReturn:
        os.execv(self.command[0], self.command)


def submit(command: list[str], resources: Resources, folder: Path) -> str:
    """Queue a command as the ranks of one job; it is queued again until it has ended.

    Args:
        command: the interpreter and its arguments.
        resources: what the job asks for.
        folder: where what the ranks print goes.

    Returns:
        The job's id in Slurm.

    Raises:
        ConfigError: Slurm is not here, or refuses the job.
    """
    import submitit

    check_partition(resources.partition or None)
    executor = submitit.AutoExecutor(cluster="slurm", folder=folder)
    optional = {
        "slurm_partition": resources.partition,
        "gpus_per_node": resources.gpus,
        "cpus_per_task": resources.cpus,
    }
    executor.update_parameters(
        name="latentsweep",
        nodes=resources.nodes,
        tasks_per_node=resources.ranks,
        timeout_min=resources.minutes,
        slurm_signal_delay_s=_WARNING_SECONDS,
        slurm_srun_args=["--kill-on-bad-exit=1"],  # a rank that is killed ends the others
        slurm_teardown=requeueing(),
        slurm_additional_parameters={"requeue": True},
        **{name: value for name, value in optional.items() if value},
    )
    try:
        job = executor.submit(_Rank(tuple(command)))
    except submitit.core.utils.FailedJobError as error:
        raise refused(str(error)) from None
    return str(job.job_id)
