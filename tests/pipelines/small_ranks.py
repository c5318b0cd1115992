"""Small runs of several ranks, and what can be seen of them from outside."""

import time
from pathlib import Path

SMALL = (
    *("data=digits", "batch_size=128", "model.latent_size=3", "trainer.max_epochs=1"),
    *("tracking=off", "trainer.progress_bar=false", "tracking.system_metrics_every_seconds=0"),
)


def journals(directory: Path) -> list[Path]:
    """Of all runs that were started in a directory."""
    return list(directory.glob("runs/*/journal.jsonl"))


def ranks_of(launcher: int) -> list[int]:
    """Process ids of the ranks that a process has started."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return [int(child) for child in children]


def wait_for_steps(directory: Path) -> None:
    """Wait until a run that was started in a directory has trained a step."""
    until = time.monotonic() + 90
    while not any(b'"train/loss"' in path.read_bytes() for path in journals(directory)):
        assert time.monotonic() < until
        time.sleep(0.05)
