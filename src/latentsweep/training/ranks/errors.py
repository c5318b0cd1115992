"""What becomes of ranks, as errors."""

from latentsweep.errors import LatentsweepError

# `EX_OSERR` of sysexits.h: whoever starts jobs may start this one again.
LOST_RANK_EXIT = 71


class RankLostError(LatentsweepError):
    """Another rank left without a word: it was killed, or its machine went down."""

    exit_code = LOST_RANK_EXIT


class RankFailedError(LatentsweepError):
    """Another rank failed, and said why.

    Args:
        rank: which.
        host: its machine.
        told: what it said.
        exit_code: with which it leaves.
    """

    def __init__(self, rank: int, host: str, told: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"rank {rank} on {host} failed\n{told}")


class QuietError(LatentsweepError):
    """Told by another rank, on its terminal: nothing is left to say here.

    Args:
        exit_code: with which this process leaves.
    """

    quiet = True

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__("another rank tells why")
