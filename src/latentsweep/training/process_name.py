"""What tells a process from all others, also from later ones of the same number."""

import os
from functools import cache
from pathlib import Path


def started(pid: int) -> int | None:
    """When the process began, in ticks since boot; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19])


@cache
def host() -> str:
    """Name of this machine, boot and process namespace: where process ids mean the same."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    parts = [os.uname().nodename]
    if boot.exists():
        parts.append(boot.read_text().strip())
    if namespace.exists():
        parts.append(str(namespace.readlink()))
    return " ".join(parts)
