"""What the tests here need of the machine: without it they are skipped, on CI they fail."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

NO_SKIP = "LATENTSWEEP_NO_SKIP"


def require(met: bool, reason: str) -> None:
    """Skip the test, with the reason shown, unless `met`; fail it where nothing may be skipped."""
    if not met:
        if os.environ.get(NO_SKIP):
            pytest.fail(reason)
        pytest.skip(reason)


def require_programs(names: Sequence[str], packages: str) -> None:
    """Require programs of Debian packages."""
    missing = [name for name in names if program(name) is None]
    require(not missing, f"no {', '.join(missing)}: apt-get install {packages}")


def program(name: str) -> str | None:
    """Where a program lies, servers' own directories included."""
    own = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    searched = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *own]
    return shutil.which(name, path=os.pathsep.join(searched))
