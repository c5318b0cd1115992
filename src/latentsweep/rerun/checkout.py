"""The code of a recorded run in a directory of its own, for as long as it is needed."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from latentsweep.config.project import PACKAGE, ROOT
from latentsweep.rerun.errors import CodeError
from latentsweep.rerun.record import Record
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.git import ask_git
from latentsweep.tracking.provenance import code_digest
from latentsweep.training.identity import this_code

WORKPLACES = ROOT / ".recorded"
_TREE = "code"
_PACKAGE = PACKAGE.relative_to(ROOT)
# Hooks may do anything, also to this very tree.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_CURRENT = "CODE=current trains with the code that is here, and says what differs"


@contextmanager
def workplace() -> Iterator[Path]:
    """A new directory for this process, removed at the end; by the next one after a kill.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        WORKPLACES.mkdir(exist_ok=True)
        with (WORKPLACES / ".lock").open("w") as entrance:
            fcntl.flock(entrance, fcntl.LOCK_EX)
            _remove_abandoned()
            place = Path(tempfile.mkdtemp(dir=WORKPLACES))
            held = (place / ".lock").open("w")
            fcntl.flock(held, fcntl.LOCK_EX)
    except OSError as error:
        raise storage_error(WORKPLACES, error) from None
    with held:
        try:
            yield place
        finally:
            _remove(place)


def _check_commit(record: Record) -> None:
    commit = record.commit
    if not commit:
        raise CodeError(
            f"the record of {record.run.reference} names no commit",
            found="it was trained outside of a git repository",
            mend=_CURRENT,
        )
    if _git("ls-files", "--error-unmatch", "--", str(_PACKAGE)):
        raise CodeError(
            f"the code of commit {commit[:12]} cannot be brought back",
            found=f"{ROOT} is in no git repository of this project",
            expected="a clone of the project, with its history",
            mend=_CURRENT + _same_code(record),
        )
    if _git("cat-file", "-e", f"{commit}^{{commit}}"):
        raise CodeError(
            f"the recorded commit {commit[:12]} is not in this repository",
            found=f"no such commit in {ROOT}; it was on the branch {record.origin.get('branch')}",
            expected="the repository that it was made in, or one that fetched it",
            mend=f"git fetch origin {commit[:12]} (a shallow clone: git fetch --unshallow); or "
            + _CURRENT
            + _same_code(record),
        )


@contextmanager
def recorded_code(record: Record, place: Path) -> Iterator[Path]:
    """The project's directory at the recorded commit with the recorded changes.

    Args:
        record: of the run.
        place: directory in which it is made.

    Raises:
        CodeError: the commit is not there, or does not become the recorded code.
    """
    _check_commit(record)
    tree = place / _TREE
    problem = _git(*_NO_HOOKS, "worktree", "add", "--detach", "--force", str(tree), record.commit)
    try:
        if problem:
            free = shutil.disk_usage(place).free / 1e6
            raise CodeError(
                f"git cannot check {record.commit[:12]} out",
                found=f"{problem}; {free:.1f} MB free in {WORKPLACES}",
                expected="room for a copy of the project's source",
                mend=f"mend that, or {_CURRENT}",
            )
        _apply(record, tree)
        root = tree / prefix()
        _check_is_recorded(record, root)
        yield root
    finally:
        _git("worktree", "remove", "--force", "--force", str(tree))


def _apply(record: Record, tree: Path) -> None:
    if not record.diff:
        return
    patch = tree.parent / "recorded.diff"
    write_patch(record, patch)
    problem = _git("apply", "--whitespace=nowarn", *in_project(), str(patch), directory=tree)
    patch.unlink()
    if problem:
        raise CodeError(
            f"the recorded changes since {record.commit[:12]} cannot be applied",
            found="the diff on record was cut at its greatest size"
            if "[truncated" in record.diff[-200:]
            else problem,
            mend=_CURRENT + _same_code(record),
        )


def _check_is_recorded(record: Record, root: Path) -> None:
    expected, found = record.origin.get("code"), code_digest(root / _PACKAGE)
    if expected and expected != found:
        raise CodeError(
            f"commit {record.commit[:12]} and the recorded changes are not the recorded code",
            found=f"code digest {found[:16]}",
            expected=f"code digest {expected[:16]}",
            mend="source files that git ignores, and what a diff was cut by, are not on record; "
            + _CURRENT
            + _same_code(record),
        )


def _same_code(record: Record) -> str:
    """What else can be said to someone who cannot have the recorded code."""
    recorded = record.origin.get("code")
    if not recorded:
        return ""
    same = recorded == this_code()[0]
    return "; it is the very code on record" if same else "; it is other code than that on record"


def _remove_abandoned() -> None:
    """Remove what killed processes left; the caller is alone in here."""
    for place in WORKPLACES.iterdir():
        if not place.is_dir():
            continue
        with (place / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(place)


def _remove(place: Path) -> None:
    # Twice forced: one that git was making when it was killed is locked.
    _git("worktree", "remove", "--force", "--force", str(place / _TREE))
    shutil.rmtree(place, ignore_errors=True)


def write_patch(record: Record, path: Path) -> None:
    """Write the recorded changes byte by byte as they were."""
    path.write_bytes(record.diff.encode(errors="surrogateescape"))


def in_project() -> list[str]:
    """Options of `git apply` at the top of a tree, for changes of the project's directory."""
    return [f"--directory={prefix()}"] if prefix() else []


@cache
def prefix() -> str:
    """Where in its repository the project lies: `` or `DIRECTORY/`."""
    return ask_git(ROOT, "rev-parse", "--show-prefix").text.strip()


def _git(*arguments: str, directory: Path = ROOT) -> str:
    """Run git; what is wrong, in a line, or nothing."""
    return ask_git(directory, *arguments).problem
