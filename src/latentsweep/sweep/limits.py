"""What a sweep's queue is to bear."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What the queue is to bear.

    Attributes:
        lease_seconds: a trial without a sign of life for so long is taken up again.
        max_resumptions: how often, before it counts as failed.
        max_failure_rate: share of failed trials above which no more are started.
    """

    lease_seconds: float
    max_resumptions: int
    max_failure_rate: float
