"""Where a result comes from: the code, the packages and the machine, for anyone to compare."""

import hashlib
import os
import platform
import subprocess
from pathlib import Path
from typing import TypedDict

from latentsweep.tracking.git import EXACT_DIFF, git_command, git_environment
from latentsweep.tracking.packages import installed, off_lock

DIFF_LIMIT = 5_000_000
_SOURCE_SUFFIXES = frozenset(
    (".py", ".pyi", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".md", ".txt", ".lock", ".sh")
)
_TRUNCATED = f"\n[truncated: the diff is longer than {DIFF_LIMIT} bytes]\n"


# Virtual machines call processors of many kinds by one name.
_CPU_DETAILS = ("cpu family", "model", "stepping")

# Where untracked files are source; elsewhere they are the user's own affair.
_SOURCES = ("src", "conf", "pipelines", "tests")


class Provenance(TypedDict):
    """What a run's record says of its origin; git's part is None outside a repository."""

    commit: str | None
    branch: str | None
    dirty: bool | None
    diff: str | None
    packages: dict[str, str]
    off_lock: dict[str, list[str]]
    python: str
    os: str
    cpu: str
    cpu_details: str
    torch_build: str | None
    threads: int | None


def provenance(
    project_root: Path, *, torch_build: str | None = None, threads: int | None = None
) -> Provenance:
    """The origin of a run started now.

    Args:
        project_root: directory of the project's sources.
        torch_build: `torch.__config__.show()`, or the like.
        threads: CPU threads that PyTorch uses.

    Returns:
        Among the rest `diff`: the changes since the commit with untracked source files, at most
        5 MB (then with a marker at its end), such that `git apply` restores them; and `off_lock`:
        packages whose version is not the lock file's, [installed, locked] by name.
    """
    tracked = _git(project_root, "ls-files", "--", ".")  # and not a copy in another repository
    commit = _git_line(project_root, "rev-parse", "--verify", "HEAD") if tracked else None
    diff = _diff(project_root) if commit else None
    packages = installed()
    return Provenance(
        commit=commit,
        branch=_git_line(project_root, "rev-parse", "--abbrev-ref", "HEAD") if commit else None,
        dirty=bool(diff) if commit else None,
        diff=diff,
        packages=packages,
        off_lock=off_lock(project_root, packages),
        python=platform.python_version(),
        os=platform.platform(),
        cpu=_cpu("model name") or platform.processor() or platform.machine(),
        cpu_details=", ".join(f"{name} {_cpu(name)}" for name in _CPU_DETAILS),
        torch_build=torch_build,
        threads=threads,
    )


def code_digest(package_dir: Path) -> str:
    """SHA-256 over the package's `.py` files, sorted paths and contents: git is not needed."""
    digest = hashlib.sha256()
    files = {path.relative_to(package_dir).as_posix(): path for path in package_dir.rglob("*.py")}
    for name in sorted(files):
        content = files[name].read_bytes()
        # With its length, so that no two different trees run together to the same bytes.
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _cpu(name: str) -> str:
    """What the kernel says of the first core; empty where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == name)
    return next(found, "")


def _diff(root: Path) -> str:
    """Changes of tracked files, then untracked source files as new ones."""
    parts = [_git(root, "diff", *EXACT_DIFF, "--relative", "HEAD", "--", ".")]
    listing = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", *_SOURCES) or b""
    size = len(parts[0] or b"")
    for name in listing.decode(errors="surrogateescape").split("\0"):
        if size > DIFF_LIMIT:
            break
        if Path(name).suffix in _SOURCE_SUFFIXES or Path(name).name == "Makefile":
            # Exits with 1, for the files differ; --no-index leaves git's index alone.
            new = ("--no-index", "--", os.devnull, name)
            part = _git(root, "diff", *EXACT_DIFF, *new, code=1)
            parts.append(part)
            size += len(part or b"")
    whole = b"".join(part for part in parts if part)
    text = whole[:DIFF_LIMIT].decode(errors="surrogateescape")
    return text + _TRUNCATED if len(whole) > DIFF_LIMIT else text


def _git_line(root: Path, *arguments: str) -> str | None:
    answer = _git(root, *arguments)
    return answer.decode(errors="replace").strip() or None if answer else None


def _git(root: Path, *arguments: str, code: int = 0) -> bytes | None:
    """Git's answer, cut behind the diff's limit; None if there is no git or it refuses."""
    try:
        process = subprocess.Popen(
            git_command(*arguments),
            cwd=root,
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    with process:
        assert process.stdout is not None
        answer = process.stdout.read(DIFF_LIMIT + 1)
        if len(answer) > DIFF_LIMIT:
            process.kill()
            return answer
    return answer if process.returncode == code else None
