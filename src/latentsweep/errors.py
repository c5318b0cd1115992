"""Errors that a user can mend: one clear message each, never a traceback."""

import signal

# `EX_TEMPFAIL` of sysexits.h: a scheduler is to start this job again.
REQUEUE_EXIT = 75


class LatentsweepError(Exception):
    """A mistake or a fault outside this code, told in one message.

    Args:
        what: the thing that is wrong, by the name the user knows it by.
        found: what was found there.
        expected: what would have been right.
        mend: what to do about it.

    Attributes:
        common: whether every rank of a run raises it at the same place.
    """

    exit_code = 1
    quiet = False  # whether there is nothing left to show
    common = False

    def __init__(self, what: str, *, found: str = "", expected: str = "", mend: str = "") -> None:
        self.what, self.found, self.expected, self.mend = what, found, expected, mend
        lines = [what]
        for label, text in (("found", found), ("expected", expected), ("mend", mend)):
            if text:
                lines.append(f"  {label + ':':<10}{text}")
        super().__init__("\n".join(lines))


class ConfigError(LatentsweepError):
    """The configuration is wrong; nothing was started."""

    exit_code = 2


class DataError(LatentsweepError):
    """A data set is missing, corrupt or of the wrong form; nothing was started."""

    exit_code = 2


class CheckpointError(LatentsweepError):
    """A checkpoint cannot be read or belongs to another run; nothing was started."""

    exit_code = 2


class MetricError(LatentsweepError):
    """A metric cannot be computed of the points that it was given."""


class StorageError(LatentsweepError):
    """Something could not be written (a full disk, no permission)."""


class TrackingError(LatentsweepError):
    """The MLflow store cannot be reached; nothing was started."""

    exit_code = 2


class RunBusyError(LatentsweepError):
    """Another process trains the same run at this moment."""

    exit_code = 2


class NonFiniteLossError(LatentsweepError):
    """The loss became NaN or infinite and training stopped."""

    common = True  # it is that of all ranks


class InterruptedSweepError(LatentsweepError):
    """A sweep was asked to stop by a signal.

    Args:
        signal_number: the signal that asked.
        at_once: whether the running trials had no time to save their state.
    """

    def __init__(self, signal_number: int, *, at_once: bool = False) -> None:
        self.exit_code = 128 + signal_number
        super().__init__(
            f"stopped by {signal.Signals(signal_number).name}",
            found="the running trials are as of their last checkpoints"
            if at_once
            else "the running trials saved their state",
            mend="the same command goes on",
        )


class InterruptedTrainingError(LatentsweepError):
    """Training was asked to stop by a signal, saved its state and stopped.

    Args:
        signal_number: the signal that asked.
        checkpoint: where the state is.
        mend: how to go on from it.
    """

    common = True  # they have agreed on it

    def __init__(self, signal_number: int, checkpoint: str, mend: str) -> None:
        self.exit_code = 128 + signal_number  # as a shell reports it: never 0
        super().__init__(
            f"stopped by {signal.Signals(signal_number).name}",
            found=f"the state is in {checkpoint}",
            mend=mend,
        )


class SweepError(LatentsweepError):
    """A sweep ended before all its trials were finished; the same command goes on with it."""
