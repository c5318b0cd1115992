"""What a process has in common with those that were started again in its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from latentsweep.training.process_name import host, started

# Set by this project's launcher of ranks, anew for each command.
LAUNCH = "LATENTSWEEP_LAUNCH"


@dataclass(frozen=True)
class Launch:
    """What began a run, and may start it again.

    Attributes:
        command: of ranks, which outlives them; "" where nothing does.
        job: of Slurm, and its step; "" outside.
        requeued: how often the job was queued again.
    """

    command: str = ""
    job: str = ""
    requeued: int = 0

    @classmethod
    def current(cls, environment: Mapping[str, str] = os.environ) -> Launch:
        """Of this process."""
        command = environment.get(LAUNCH, "")
        if not command and environment.get("TORCHELASTIC_RUN_ID"):
            # Its agent: torchrun's other names are the same for each of its commands.
            agent = os.getppid()
            command = f"process {agent} of {started(agent)} on {host()}"
        job, step = environment.get("SLURM_JOB_ID", ""), environment.get("SLURM_STEP_ID", "")
        requeued = environment.get("SLURM_RESTART_COUNT", "")
        return cls(
            command=command,
            job=f"{job}.{step}" if job else "",
            requeued=int(requeued) if requeued.isdecimal() else 0,
        )

    @classmethod
    def recorded(cls, values: object) -> Launch:
        """As `run.json` has it; what began it is not known where that is something else."""
        match values:
            case {"command": str(command), "job": str(job), "requeued": int(requeued)}:
                return cls(command, job, requeued)
        return cls()

    @property
    def may_have_begun(self) -> bool:
        """Whether a run of this launch may be there already."""
        return bool(self.command or (self.job and self.requeued))

    def goes_on_with(self, begun: Launch, *, finished: bool) -> bool:
        """Whether a run is this launch's own, from before it was started again.

        Args:
            begun: what began the run.
            finished: whether the run is. What a job has finished its next command may repeat.
        """
        if self.command and self.command == begun.command:
            return True
        earlier = self.job == begun.job and begun.requeued < self.requeued
        return bool(self.job) and earlier and not finished
