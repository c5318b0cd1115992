"""Virtual environments of the peers' own: their packages are others than this project's."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.errors import LatentsweepError


class PeerError(LatentsweepError):
    """A peer cannot be installed, or does not run."""


@dataclass(frozen=True)
class Peer:
    """Something to compare with.

    Attributes:
        folder: of its scripts, with its `requirements.lock`.
        environment: directory of its virtual environment.
    """

    folder: Path
    environment: Path

    def python(self) -> Path:
        """The interpreter of its environment, which is made if it is missing or outdated.

        Raises:
            PeerError: its packages cannot be installed.
        """
        lock, stamp = self.folder / "requirements.lock", self.environment / ".installed"
        python = self.environment / "bin" / "python"
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        print(f"installing the peer into {self.environment.name} (a minute)", file=sys.stderr)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _call([sys.executable, "-m", "venv", "--clear", str(self.environment)], lock)
        _call([*pip, "--requirement", str(lock)], lock)
        stamp.write_text(wanted)
        return python


OPTUNA_SWEEPER = Peer(Path(__file__).parent / "peer", ROOT / ".venv-peer")
PYTHAE = Peer(Path(__file__).parent / "pythae_peer", ROOT / ".venv-pythae")


def _call(command: list[str], lock: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise PeerError(
            "the peer's environment cannot be made",
            found=(errors or done.stderr.splitlines() or ["no reason"])[-1],
            expected=f"the packages of {lock.relative_to(ROOT)}",
        )
