"""The whole verification: reads from top to bottom."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latentsweep.tracking.files import write_whole
from latentsweep.training.machine import commit, machine
from latentsweep.verification.claim import Claim
from latentsweep.verification.outcome import Outcome, Verdict, verify
from latentsweep.verification.report import page, remarks, summary, terminal_table

RUNS = Path("verification")


def run_verification(
    claims: Sequence[Claim], *, full: bool, output: Path | None, command: str
) -> int:
    """Try claims, show the table, and write the page, whatever the verdicts.

    Args:
        claims: which.
        full: whether those that take hours are tried.
        output: the page; None: none is written.
        command: what a person gave, for the page.

    Returns:
        1 if a claim failed; else 0, though some may not have been run.

    Raises:
        VerificationStoppedError: a signal asked to stop; nothing is written.
        StorageError: the page cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="latentsweep-verification-") as aside:
        # What takes hours is gone on with; what takes seconds is tried anew each time.
        places = {True: RUNS, False: Path(aside)}
        outcomes = verify(
            claims,
            full=full,
            directories=lambda claim: places[claim.full] / claim.name,
            tell=_tell,
        )
    _show(outcomes)
    if output is not None:
        text = page(outcomes, _about(), command)
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, lambda file: file.write(text.encode()))
        print(f"written: {output}")
    return int(any(each.failed for each in outcomes))


def _tell(claim: Claim) -> None:
    print(f"{claim.family}: {claim.name}", file=sys.stderr, flush=True)


def _show(outcomes: Sequence[Outcome]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(terminal_table(outcomes))
    for text in remarks(outcomes):
        console.print(text, markup=False, soft_wrap=True)
    print(summary(outcomes))
    for verdict in (Verdict.NOT_RUN, Verdict.DIFFERS, Verdict.FAILED):
        names = [each.claim.name for each in outcomes if each.verdict is verdict]
        if names:
            print(f"{verdict}: {', '.join(names)}")


def _about() -> dict[str, Any]:
    """When, by which code, with which versions, on what."""
    import numpy as np
    import sklearn

    here = machine()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit() or "none",
        "versions": f"Python {here['python']}, torch {here['torch']}, scikit-learn "
        f"{sklearn.__version__}, numpy {np.__version__}",
        "processor": f"{here['cpu']}, {here['cores']} cores, {here['memory_gb']} GB",
        "GPU": here["gpu"] or "none",
    }
