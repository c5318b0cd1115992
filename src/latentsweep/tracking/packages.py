"""Which versions of which packages are installed, beside those that the lock file pins."""

import hashlib
import importlib.metadata
import re
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement

LOCK_FILE = "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def installed() -> dict[str, str]:
    """Version of every installed distribution by name, sorted; of two the one that is imported."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(name, distribution.version)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def off_lock(root: Path, versions: dict[str, str]) -> dict[str, list[str]]:
    """Where versions differ from those that `requirements.lock` pins: [version, pinned] by name.

    Args:
        root: directory of the lock file; without one nothing differs.
        versions: by name; packages that only one side names are no difference.
    """
    pins = _pins(root)
    return {
        name: [version, pins[normal(name)]]
        for name, version in versions.items()
        if public(version) != public(pins.get(normal(name), version))
    }


@cache
def needed(project: str) -> frozenset[str]:
    """Normal names of the packages that a project needs to run, and these in turn.

    Args:
        project: name of an installed distribution; of one that is not there nothing is known.
    """
    found: set[str] = set()
    waiting = [project]
    while waiting:
        try:
            requirements = importlib.metadata.requires(waiting.pop()) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for text in requirements:
            requirement = Requirement(text)
            name = normal(requirement.name)
            optional = requirement.marker and "extra" in str(requirement.marker)
            if name not in found and not optional:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def lock_digest(root: Path) -> str | None:
    """SHA-256 of `requirements.lock`; None if there is none."""
    lock = root / LOCK_FILE
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def public(version: str) -> str:
    """A version without its local part: `2.13.0+cpu` is `2.13.0` in a build of its own."""
    return version.partition("+")[0]


def _pins(root: Path) -> dict[str, str]:
    try:
        lines = (root / LOCK_FILE).read_text().splitlines()
    except OSError:
        return {}
    found = (_PIN.match(line.strip()) for line in lines)
    return {normal(pin.group(1)): pin.group(2) for pin in found if pin}
