"""The chain of attempts at one run: when and where each began, and how it ended."""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latentsweep.tracking.markdown import markdown_table
from latentsweep.tracking.recorder import Recorder, RunStatus

ATTEMPTS_FILE = "attempts.json"
KILLED = "killed"  # it left without a word
_SCHEDULER = ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT")


@dataclass(frozen=True)
class AttemptOnRecord:
    """One attempt.

    Attributes:
        number: from 1.
        began: when, in UTC.
        host: where.
        job: what the scheduler calls it; empty without one.
        from_step: the optimiser step that it went on from.
        ended: how it ended; `running` while it goes on.
        at_step: the last optimiser step on record then; None while it goes on.
    """

    number: int
    began: str
    host: str
    job: dict[str, str]
    from_step: int
    ended: str = RunStatus.RUNNING.value
    at_step: int | None = None


def record_attempt(
    recorder: Recorder, run_dir: Path, from_step: int, before: RunStatus | None, at_step: int
) -> list[AttemptOnRecord]:
    """Put a new attempt on record, and how the one before it ended.

    Args:
        recorder: of the run.
        run_dir: the run's directory.
        from_step: the optimiser step that it goes on from.
        before: how the run stood on record before it; None for a first attempt.
        at_step: the last optimiser step on record before it.

    Returns:
        All attempts, this one last.

    Raises:
        StorageError: the record cannot be written.
    """
    attempts = _read(run_dir / "files" / ATTEMPTS_FILE)
    if attempts and attempts[-1].at_step is None and before is not None:
        ended = KILLED if before is RunStatus.RUNNING else before.value
        attempts[-1] = replace(attempts[-1], ended=ended, at_step=at_step)
    attempts.append(
        AttemptOnRecord(
            number=len(attempts) + 1,
            began=datetime.now(UTC).isoformat(timespec="seconds"),
            host=os.uname().nodename,
            job={name: os.environ[name] for name in _SCHEDULER if name in os.environ},
            from_step=from_step,
        )
    )
    _write(recorder, attempts)
    recorder.tags({"latentsweep.attempts": str(len(attempts))})
    return attempts


def record_end(
    recorder: Recorder, run_dir: Path, status: RunStatus, at_step: int
) -> list[AttemptOnRecord]:
    """Put on record how the newest attempt ended.

    Args:
        recorder: of the run.
        run_dir: the run's directory.
        status: how the run stands from now on.
        at_step: the last optimiser step on record.

    Returns:
        All attempts; none where none is on record.

    Raises:
        StorageError: the record cannot be written.
    """
    attempts = _read(run_dir / "files" / ATTEMPTS_FILE)
    if attempts:
        attempts[-1] = replace(attempts[-1], ended=status.value, at_step=at_step)
        _write(recorder, attempts)
    return attempts


def attempts_table(attempts: list[AttemptOnRecord]) -> str:
    """The chain in markdown; empty where there was one attempt only."""
    if len(attempts) < 2:
        return ""
    heading = ["attempt", "began (UTC)", "on", "from step", "ended"]
    rows = []
    for each in attempts:
        job = each.job.get("SLURM_JOB_ID")
        place = f"{each.host}, Slurm job {job}" if job else each.host
        end = each.ended if each.at_step is None else f"{each.ended} at step {each.at_step}"
        rows.append((str(each.number), each.began, place, str(each.from_step), end))
    return markdown_table(heading, rows)


def _write(recorder: Recorder, attempts: list[AttemptOnRecord]) -> None:
    recorder.text(ATTEMPTS_FILE, json.dumps([asdict(each) for each in attempts], indent=2))


def _read(path: Path) -> list[AttemptOnRecord]:
    """The attempts on record; none where there is no file or it is damaged."""
    try:
        content: list[dict[str, Any]] = json.loads(path.read_text())
        return [AttemptOnRecord(**each) for each in content]
    except (OSError, ValueError, TypeError):
        return []
