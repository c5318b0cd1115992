"""A Python that imports a project's code from one place, and packages in chosen versions."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from latentsweep.config.project import PACKAGE
from latentsweep.rerun.errors import PackagesError
from latentsweep.rerun.facts import Difference, packages_of


def recorded_versions(known: Mapping[str, str], found: Sequence[Difference]) -> list[str]:
    """What is to be installed so that the recorded versions are there: `name==version`.

    Args:
        known: facts of the record.
        found: differences between the record and here.

    Returns:
        Requirements, without packages that are here and were not then: they do no harm.
    """
    versions = packages_of(known)
    names = [each.name.partition(" ")[2] for each in found if each.is_package]
    return [f"{name}=={versions[name]}" for name in names if name in versions]


def make_interpreter(place: Path, source: Path, requirements: Sequence[str]) -> Path:
    """Make a virtual environment beside this one, whose packages it shares but for some.

    Args:
        place: directory that it is made in.
        source: what holds the package `latentsweep`; this one's own is not on its path.
        requirements: what is installed in it, before what it shares.

    Returns:
        The Python.

    Raises:
        PackagesError: they cannot be installed.
    """
    home = place / "environment"
    venv.EnvBuilder(symlinks=True, with_pip=False).create(home)
    python = home / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = home / "lib" / version / "site-packages"
    # Not processed themselves, so that no .pth file in there brings this project's code in.
    shared = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "recorded.pth").write_text("\n".join([str(source), *shared]) + "\n")
    if requirements:
        _install(packages, requirements)
    return python


def python_path(source: Path) -> dict[str, str]:
    """What the environment of a Python needs that takes the code from another place than this."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [path for path in given if path and Path(path).absolute() != PACKAGE.parent]
    return {"PYTHONPATH": os.pathsep.join([str(source), *kept])}


def _install(target: Path, requirements: Sequence[str]) -> None:
    print(f"installing the recorded versions: {', '.join(requirements)}", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--target", str(target), *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "pip failed").splitlines()
        raise PackagesError(
            "the recorded versions of packages cannot be installed",
            found=lines[-1],
            expected=", ".join(requirements),
            mend="have a package index that has them; or PACKAGES=current trains with those here, "
            "and says what differs",
        )
