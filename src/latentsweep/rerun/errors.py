"""Why a recorded run was not trained again: told apart from numbers that differ, which is 1."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from latentsweep.errors import LatentsweepError, StorageError

_NOT_DONE = 2
# Signals that ask to stop; Ctrl-C where training is under way.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class CodeError(LatentsweepError):
    """The recorded code cannot be brought back; nothing was started."""

    exit_code = _NOT_DONE


class PackagesError(LatentsweepError):
    """Packages cannot be had in the recorded versions; nothing was started."""

    exit_code = _NOT_DONE


class RerunFailedError(LatentsweepError):
    """The training command did not come to its end."""

    exit_code = _NOT_DONE


class RerunStoppedError(LatentsweepError):
    """Training was asked to stop, and saved its state.

    Args:
        exit_code: of the training command.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(
            "stopped: training has saved its state", mend="the same command goes on with it"
        )


@contextmanager
def told_apart_from_a_verdict() -> Iterator[None]:
    """Have whatever else went wrong, such as a full disk, end with another code than 1.

    Signals that ask to stop end with their own, and leave nothing behind.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise RerunStoppedError(128 + number)

    before = {number: signal.signal(number, stop) for number in STOPS}
    try:
        yield
    except StorageError as error:
        raise RerunFailedError(
            error.what,
            found=error.found,
            expected="a disk that takes reruns/ here and .recorded/ in the project",
            mend="free some space, or give the command in another directory; CODE=current needs no "
            ".recorded/",
        ) from None
    except LatentsweepError as error:
        if error.exit_code == 1:
            error.exit_code = _NOT_DONE
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
