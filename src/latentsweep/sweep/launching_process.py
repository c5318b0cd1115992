"""The process that launched a sweep on this machine: found again, and asked to stop."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.errors import LatentsweepError
from latentsweep.tracking.files import read_json

if TYPE_CHECKING:
    import psutil

LAUNCHER_NAME = "launcher.json"
STARTING_LOCK = ".lock"  # beside the sweeps' directories: one for all of them
_CLOCK_SECONDS = 2.0  # by which a file's time and a process's may differ


def ask_to_stop(directory: Path) -> bool:
    """Send SIGTERM to the process that launched the sweep in `directory`; False if it has ended.

    Raises:
        LatentsweepError: it runs on another machine, or belongs to another user.
    """
    import psutil

    process = find_process(directory)
    if process is None:
        return False
    try:
        process.send_signal(signal.SIGTERM)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        raise LatentsweepError(
            f"the sweep {directory.name} belongs to another user", found=f"process {process.pid}"
        ) from None
    return True


def find_process(directory: Path) -> "psutil.Process | None":
    """The process that launched the sweep in `directory`; None if it has ended.

    Raises:
        LatentsweepError: it runs, or ran, on another machine.
    """
    import psutil

    noted = read_json(directory / LAUNCHER_NAME)
    if not noted:
        return None
    if noted.get("host") != os.uname().nodename:
        raise LatentsweepError(
            f"the sweep {directory.name} was started on another machine",
            found=str(noted.get("host")),
            expected=os.uname().nodename,
            mend="the same command there",
        )
    try:
        process = psutil.Process(int(noted["pid"]))
        written = (directory / LAUNCHER_NAME).stat().st_mtime
        if process.create_time() > written + _CLOCK_SECONDS:
            return None  # another process, which got the number after the sweep had ended
    except psutil.NoSuchProcess:
        return None
    return process
