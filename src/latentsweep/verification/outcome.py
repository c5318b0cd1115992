"""What became of claims when they were tried: one that raises does not keep the others."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from latentsweep.config.typed import first_line
from latentsweep.verification.claim import Claim, Found, NotRunError
from latentsweep.verification.errors import VerificationStoppedError

ONLY_FULL = "FULL=1"


class Verdict(StrEnum):
    """How a claim stands."""

    AGREES = "agrees"
    DIFFERS = "DIFFERS"
    FAILED = "FAILED"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Outcome:
    """A claim that was tried, or was not.

    Attributes:
        claim: which.
        verdict: how it stands.
        seconds: what that took.
        found: the number; None without one.
        reason: why there is no number; empty where there is.
    """

    claim: Claim
    verdict: Verdict
    seconds: float
    found: Found | None = None
    reason: str = ""

    @property
    def expected(self) -> float | None:
        """What the number should be, so far as that is known."""
        computed = self.found.expected if self.found else None
        return self.claim.expected if computed is None else computed

    @property
    def failed(self) -> bool:
        """Whether the whole verification fails by it."""
        return self.verdict in (Verdict.DIFFERS, Verdict.FAILED)


def verify(
    claims: Sequence[Claim],
    *,
    full: bool,
    directories: Callable[[Claim], Path],
    tell: Callable[[Claim], None],
) -> list[Outcome]:
    """Try claims one after the other.

    Args:
        claims: which, in their order.
        full: whether those that take hours are tried, though their runs are not trained yet.
        directories: where a claim may train.
        tell: is told of each before it is tried.

    Raises:
        VerificationStoppedError: a signal asked to stop.
    """
    outcomes = []
    for claim in claims:
        if claim.full and not (full or claim.ready(directories(claim))):
            outcomes.append(Outcome(claim, Verdict.NOT_RUN, 0.0, reason=ONLY_FULL))
            continue
        tell(claim)
        outcomes.append(_tried(claim, directories(claim)))
    return outcomes


def _tried(claim: Claim, directory: Path) -> Outcome:
    began = time.monotonic()

    def outcome(verdict: Verdict, found: Found | None = None, reason: str = "") -> Outcome:
        return Outcome(claim, verdict, time.monotonic() - began, found, reason)

    try:
        found = claim.measure(directory)
    except VerificationStoppedError:
        raise
    except NotRunError as error:
        return outcome(Verdict.NOT_RUN, reason=first_line(error))
    except Exception as error:  # whatever it is, the table says it and the other rows are tried
        name = type(error).__name__
        return outcome(Verdict.FAILED, reason=f"{name}: {first_line(error)}")
    expected = claim.expected if found.expected is None else found.expected
    if expected is None:
        return outcome(Verdict.FAILED, found, "nothing says what it should be")
    holds = claim.tolerance.holds(expected, found.got)
    return outcome(Verdict.AGREES if holds else Verdict.DIFFERS, found)
