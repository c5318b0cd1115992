"""A sweep's workers on Slurm: which were submitted, how they fare, cancelled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from latentsweep.tracking.files import read_json, write_json
from latentsweep.training.slurm import ask_slurm

JOBS_NAME = "jobs.json"
_COLUMNS = "%i|%T|%M|%N|%r"
# States in which Slurm still does something with a job.
ALIVE = frozenset(
    {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD"}
)


@dataclass(frozen=True)
class SlurmTask:
    """One worker's place in Slurm."""

    task: str
    """Its id, such as `12_0`."""
    state: str
    """Slurm's word for its state, such as RUNNING or NODE_FAIL."""
    elapsed: str
    """Time since it started last, as Slurm writes it."""
    node: str
    """Where it runs or ran; empty before."""
    reason: str
    """Why it waits; `None` where it does not."""

    @property
    def alive(self) -> bool:
        """Whether it runs or will."""
        return self.state in ALIVE


def record_jobs(directory: Path, tasks: Sequence[str]) -> None:
    """Note in the sweep's directory that workers were submitted.

    Args:
        directory: the sweep's.
        tasks: their ids in Slurm, such as `12_0` and `12_1`.
    """
    jobs = read_json(directory / JOBS_NAME).get("jobs", [])
    for job, count in Counter(task.partition("_")[0] for task in tasks).items():
        now = datetime.now(UTC).isoformat(timespec="seconds")
        jobs.append({"id": job, "workers": count, "submitted": now})
    write_json(directory / JOBS_NAME, {"jobs": jobs})


def jobs_of(directory: Path) -> list[str]:
    """The ids of the arrays that were submitted for a sweep, oldest first."""
    return [str(job["id"]) for job in read_json(directory / JOBS_NAME).get("jobs", [])]


def status(directory: Path) -> list[SlurmTask]:
    """Every worker that was submitted for a sweep, as Slurm knows it now.

    Raises:
        LatentsweepError: there is no Slurm here, or it does not answer.
    """
    jobs = jobs_of(directory)
    if not jobs:
        return []
    listed = ask_slurm("squeue", "-h", "-r", "-t", "all", "-o", _COLUMNS)
    workers = {worker.task: worker for worker in _parsed(listed) if _job(worker) in jobs}
    forgotten = [job for job in jobs if job not in {_job(worker) for worker in workers.values()}]
    if forgotten:
        # squeue forgets ended jobs after minutes; sacct needs accounting, which not all have.
        columns = ["-o", "JobID,State,Elapsed,NodeList,Reason"]
        listed = ask_slurm(
            "sacct", "-n", "-P", "-X", "-j", ",".join(forgotten), *columns, needed=False
        )
        workers |= {worker.task: worker for worker in _parsed(listed)}
    return sorted(workers.values(), key=lambda worker: _order(worker.task))


def cancel(directory: Path) -> list[str]:
    """Cancel a sweep's workers that run or wait; their ids.

    Raises:
        LatentsweepError: there is no Slurm here, or it does not answer.
    """
    alive = [worker.task for worker in status(directory) if worker.alive]
    if alive:
        ask_slurm("scancel", *sorted({task.partition("_")[0] for task in alive}))
    return alive


def _job(worker: SlurmTask) -> str:
    return worker.task.partition("_")[0]


def _order(task: str) -> tuple[int, ...]:
    return tuple(int(part) for part in task.split("_") if part.isdigit())


def _parsed(listed: str) -> list[SlurmTask]:
    rows = (line.split("|") for line in listed.splitlines() if line.count("|") == 4)
    return [
        # sacct says by whom: `CANCELLED by 1000`.
        SlurmTask(task, state.partition(" ")[0], elapsed, node.replace("None assigned", ""), reason)
        for task, state, elapsed, node, reason in rows
    ]
