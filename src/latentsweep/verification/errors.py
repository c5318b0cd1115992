"""Why a verification did not come to its end, told apart from numbers that differ."""

from latentsweep.errors import ConfigError, LatentsweepError


class UnknownClaimError(ConfigError):
    """There is no row of that name."""


class TrainingFailedError(LatentsweepError):
    """The training command of a row did not come to its end."""


class VerificationStoppedError(LatentsweepError):
    """A row's training was asked to stop, and saved its state.

    Args:
        exit_code: of the training command.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(
            "the verification was stopped, and nothing was written",
            mend="the same command goes on with a run of FULL=1 where it was",
        )
