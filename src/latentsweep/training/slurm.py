"""Slurm's own commands, asked from a login node or from within a job."""

import os
import shutil
import signal
import subprocess

from latentsweep.errors import REQUEUE_EXIT, ConfigError, LatentsweepError
from latentsweep.training.ranks.errors import LOST_RANK_EXIT

_KILLS = (signal.SIGKILL, signal.SIGABRT, signal.SIGBUS, signal.SIGSEGV)
_MOST_RESTARTS = 100  # pre-emptions count, too
_SECONDS = 30.0
_HURRIED_SECONDS = 5.0  # where the scheduler will kill soon


def check_partition(name: str | None) -> None:
    """Refuse a partition that there is not; None is the cluster's default one.

    Raises:
        ConfigError: there is no such partition, or no Slurm here.
        LatentsweepError: Slurm does not answer.
    """
    listed = ask_slurm("sinfo", "-h", "-o", "%R|%a").split()
    partitions = dict(line.split("|") for line in listed)
    if name is None or partitions.get(name) == "up":
        return
    if name in partitions:
        raise ConfigError(
            f"the partition {name} takes no jobs", found=f"it is {partitions[name]} (sinfo)"
        )
    raise ConfigError(
        f"there is no partition {name}",
        expected=f"one of {', '.join(sorted(partitions)) or 'none: Slurm shows this user none'}",
        mend="CLUSTER=slurm PARTITION=..., or without PARTITION the default one",
    )


def refused(message: str) -> ConfigError:
    """The error for jobs that sbatch refuses, from what it says."""
    lines = [line for line in message.splitlines() if line.startswith("sbatch:")]
    return ConfigError(
        "Slurm refuses the job",
        found=" ".join(lines[-2:] or message.split())[:500],
        mend="mend PARTITION=, TIME=, GPUS=, CPUS=; of a sweep also hydra.launcher.account, ...",
    )


def requeueing() -> list[str]:
    """The end of a batch script that queues its job again where that is what its exit code says.

    A job is queued again if it asks for that, if it was pre-empted, if a signal ended it though
    nobody cancelled it (its time was over before it could listen; a node that came back was sent
    what was meant for its earlier life), and, not for ever, if one of its processes was killed.
    """
    killed = "|".join(str(128 + number) for number in _KILLS)
    return [
        "code=$?",
        'job="${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}"',
        'job="${job:-$SLURM_JOB_ID}"',
        "case $code in",
        "  0) again=no ;;",
        f"  {REQUEUE_EXIT}) again=yes ;;",
        f"  {LOST_RANK_EXIT}|{killed})",
        f'    [ "${{SLURM_RESTART_COUNT:-0}}" -lt {_MOST_RESTARTS} ] && again=yes ;;',
        '  *) case "$(scontrol show job -o "$job")" in',
        "    *PreemptTime=[0-9]*) again=yes ;;",
        "    *JobState=RUNNING*) [ $code -gt 128 ] && again=yes ;;",
        "  esac ;;",
        "esac",
        'if [ "$again" = yes ]; then scontrol requeue "$job"; fi',
        "exit $code",
    ]


def preempted() -> bool:
    """Whether Slurm has pre-empted the job that this process belongs to.

    A job that is pre-empted and one that is cancelled are sent the same SIGTERM. The first runs on
    for its partition's grace time, and has to be queued again; the second must not be.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if not job:
        return False
    try:
        question = ("scontrol", "show", "job", "-o", job)
        told = ask_slurm(*question, needed=False, seconds=_HURRIED_SECONDS)
    except LatentsweepError:
        return False  # a controller that is away pre-empts nobody
    return "JobState=RUNNING" in told and "PreemptTime=None" not in told


def ask_slurm(name: str, *arguments: str, needed: bool = True, seconds: float = _SECONDS) -> str:
    """The output of one of Slurm's commands; empty if it fails and is not needed.

    Raises:
        ConfigError: there is no such command here.
        LatentsweepError: Slurm does not answer.
    """
    if not shutil.which(name):
        raise ConfigError(
            f"no Slurm here: there is no command {name}",
            expected="a login node of a Slurm cluster",
            mend="log in there; or make it without CLUSTER=slurm",
        )
    try:
        done = subprocess.run(
            [name, *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=needed,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        found = f"{name} did not answer within {seconds:g} s"
        if isinstance(error, subprocess.CalledProcessError):
            found = " ".join(str(error.stderr).split()) or f"{name} failed"
        raise _SlurmError("Slurm does not answer", found=found, mend="see sinfo") from None
    return done.stdout


class _SlurmError(LatentsweepError):
    """Slurm is not there, or cannot do what it was asked; nothing was started."""

    exit_code = 2
