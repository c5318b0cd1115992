"""What a process has in common with those that were started again in its place."""

import os
from collections.abc import Mapping

# Set by this project's launcher of ranks, anew for each command.
LAUNCH = "LATENTSWEEP_LAUNCH"


def launch_of(environment: Mapping[str, str] = os.environ) -> str:
    """Name of the command or job that this process belongs to, over its restarts; "" without one.

    Slurm's and torchrun's are not this launch's alone: see `is_restart`.
    """
    if LAUNCH in environment:
        return environment[LAUNCH]
    if "SLURM_JOB_ID" in environment:
        return f"Slurm {environment['SLURM_JOB_ID']}.{environment.get('SLURM_STEP_ID', '')}"
    if "TORCHELASTIC_RUN_ID" in environment:
        where = environment.get("MASTER_ADDR", ""), environment.get("MASTER_PORT", "")
        return f"torchrun {environment['TORCHELASTIC_RUN_ID']} {':'.join(where)}"
    return ""


def is_restart(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a run that the same launch has begun is to be gone on with, if there is one."""
    counts = ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT")
    return LAUNCH in environment or any(environment.get(name, "0") != "0" for name in counts)
