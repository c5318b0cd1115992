"""Which of a run's ranks this process is, told by whatever started it: torchrun, Slurm, a sweep."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from latentsweep.errors import ConfigError

# Where the ranks of one machine meet: a file, so that no port is opened. Set by this project's
# launchers beside torchrun's own variables.
MEETING_FILE = "LATENTSWEEP_MEETING_FILE"
# Process id of the launcher, without which ranks do not go on.
LAUNCHER = "LATENTSWEEP_LAUNCHER"
# The script in pipelines/ that has started this process as a rank, with its options.
LAUNCHED_BY = "LATENTSWEEP_LAUNCHED_BY"
# "1" where this process's launcher was asked for GPUs.
NEEDS_GPU = "LATENTSWEEP_NEEDS_GPU"
_LOWEST_PORT, _PORTS = 15_000, 10_000


@dataclass(frozen=True)
class Placement:
    """One rank among those of a run.

    Attributes:
        rank: of this process, from 0.
        size: how many there are: the world size.
        local_rank: among those of this machine, from 0.
        local_size: how many there are on this machine.
        host: where rank 0 waits for the others; empty where they meet at a file.
        port: at which port.
        file: where they meet, all on one machine; empty where they do not.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    host: str = ""
    port: int = 0
    file: str = ""

    @property
    def meeting(self) -> str:
        """Where the ranks meet, for a person."""
        return self.file or f"{self.host}:{self.port}"


def find_placement(environment: Mapping[str, str] = os.environ) -> Placement | None:
    """What the environment says; None where nothing started ranks.

    Raises:
        ConfigError: what it says makes no sense.
    """
    try:
        if "RANK" in environment and "WORLD_SIZE" in environment:
            return _sensible(_by_torchrun(environment))
        # Without a step it is the batch script itself, or a shell within an allocation.
        if "SLURM_STEP_ID" in environment and "SLURM_PROCID" in environment:
            return _sensible(_by_slurm(environment))
    except (KeyError, ValueError, IndexError) as error:
        raise ConfigError(
            "cannot tell which rank this process is",
            found=f"{type(error).__name__}: {error} in the environment",
            expected="RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT "
            "of torchrun, or the variables of srun",
            mend="make train DEVICES=2, or make train CLUSTER=slurm NODES=2",
        ) from None
    return None


def required_placement(environment: Mapping[str, str] = os.environ) -> Placement:
    """The same for `trainer=ddp`, which needs one.

    Raises:
        ConfigError: nothing started ranks.
    """
    placement = find_placement(environment)
    if placement is None:
        raise ConfigError(
            "trainer=ddp needs ranks that are started from outside",
            found="one process by itself",
            expected="the ranks of torchrun or srun",
            mend="make train DEVICES=2, make train CLUSTER=slurm NODES=2, or trainer=auto",
        )
    return placement


def _sensible(placement: Placement) -> Placement:
    """Raises ValueError where the numbers cannot be."""
    if not 0 <= placement.rank < placement.size:
        raise ValueError(f"rank {placement.rank} of {placement.size}")
    if not 0 <= placement.local_rank < placement.local_size <= placement.size:
        raise ValueError(f"local rank {placement.local_rank} of {placement.local_size}")
    if not placement.file and not 0 < placement.port < 1 << 16:
        raise ValueError(f"port {placement.port}")
    return placement


def _by_torchrun(environment: Mapping[str, str]) -> Placement:
    size = int(environment["WORLD_SIZE"])
    file = environment.get(MEETING_FILE, "")
    return Placement(
        rank=int(environment["RANK"]),
        size=size,
        local_rank=int(environment.get("LOCAL_RANK", environment["RANK"])),
        local_size=int(environment.get("LOCAL_WORLD_SIZE", size)),
        host="" if file else environment["MASTER_ADDR"],
        port=0 if file else int(environment["MASTER_PORT"]),
        file=file,
    )


def _by_slurm(environment: Mapping[str, str]) -> Placement:
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

    nodes = environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"]
    first = SLURMEnvironment.resolve_root_node_address(nodes)
    tasks = environment.get("SLURM_STEP_TASKS_PER_NODE") or environment["SLURM_TASKS_PER_NODE"]
    job = int(environment["SLURM_JOB_ID"])
    return Placement(
        rank=int(environment["SLURM_PROCID"]),
        size=int(environment.get("SLURM_STEP_NUM_TASKS") or environment["SLURM_NTASKS"]),
        local_rank=int(environment["SLURM_LOCALID"]),
        local_size=_tasks_of_each_node(tasks)[int(environment.get("SLURM_NODEID", "0"))],
        host=environment.get("MASTER_ADDR", first),
        port=int(environment.get("MASTER_PORT", _LOWEST_PORT + job % _PORTS)),
    )


def _tasks_of_each_node(text: str) -> list[int]:
    """`2(x3),1` as 2, 2, 2, 1."""
    tasks: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part.strip())
        if not match:
            raise ValueError(f"SLURM_TASKS_PER_NODE={text}")
        tasks += [int(match[1])] * int(match[2] or 1)
    return tasks
