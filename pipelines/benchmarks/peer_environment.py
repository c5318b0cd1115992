"""The peer's own virtual environment: its Hydra is another than this project's."""

import hashlib
import subprocess
import sys
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.errors import LatentsweepError

PEER = Path(__file__).parent / "peer"
_ENVIRONMENT = ROOT / ".venv-peer"
_LOCK = PEER / "requirements.lock"
_STAMP = _ENVIRONMENT / ".installed"


class PeerError(LatentsweepError):
    """The peer cannot be installed, or does not run."""


def peer_python() -> Path:
    """The interpreter of the peer's environment, which is made if it is missing or outdated.

    Raises:
        PeerError: its packages cannot be installed.
    """
    python = _ENVIRONMENT / "bin" / "python"
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return python
    print(f"installing the peer into {_ENVIRONMENT.name} (a minute)", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _call([sys.executable, "-m", "venv", "--clear", str(_ENVIRONMENT)])
    _call([*pip, "--requirement", str(_LOCK)])
    _STAMP.write_text(wanted)
    return python


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise PeerError(
            "the peer's environment cannot be made",
            found=(errors or done.stderr.splitlines() or ["no reason"])[-1],
            expected=f"the packages of {_LOCK.relative_to(ROOT)}",
        )
