"""Slurm's own commands, asked from a login node or from within a job."""

import os
import shutil
import subprocess

from latentsweep.errors import ConfigError, LatentsweepError

_SECONDS = 30.0
_HURRIED_SECONDS = 5.0  # where the scheduler will kill soon


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
            mend="log in there; or make sweep without CLUSTER=slurm",
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
