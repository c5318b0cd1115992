"""What changed between the code of two records, found without touching any file of the project."""

from __future__ import annotations

import tempfile
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.rerun.checkout import in_project, prefix, write_patch
from latentsweep.rerun.record import Record
from latentsweep.tracking.git import EXACT_DIFF, ask_git

_MOST = 200_000  # characters that a page shows


def code_diff(first: Record, second: Record) -> str:
    """The difference between the code of two runs, uncommitted changes included, as git tells it.

    Returns:
        The text; in parentheses why there is none.
    """
    if not first.commit or not second.commit:
        return "(a record names no commit: its code is not known)"
    if (first.commit, first.diff) == (second.commit, second.diff):
        return ""
    with tempfile.TemporaryDirectory() as directory:
        trees = [_tree(record, Path(directory)) for record in (first, second)]
        if not all(trees):
            missing = next(r for r, tree in zip((first, second), trees, strict=True) if not tree)
            return f"(commit {missing.commit[:12]} with its changes is not in this repository)"
        done = _git(Path(directory), "diff", *EXACT_DIFF, *trees, "--", f"./{prefix()}")
    text = done or ""
    return text if len(text) <= _MOST else f"{text[:_MOST]}\n[cut: the difference is longer]\n"


def _tree(record: Record, directory: Path) -> str:
    """The id of the tree with the record's code; empty where git cannot make it."""
    index = {"GIT_INDEX_FILE": str(directory / record.commit)}
    if _git(directory, "read-tree", record.commit, **index) is None:
        return ""
    if record.diff:
        patch = directory / "recorded.diff"
        write_patch(record, patch)
        if _git(directory, "apply", "--cached", *in_project(), str(patch), **index) is None:
            return ""
    return (_git(directory, "write-tree", **index) or "").strip()


def _git(directory: Path, *arguments: str, **variables: str) -> str | None:
    """What git answers; None where it refuses. Objects that it makes go into a directory."""
    found = ask_git(ROOT, "rev-parse", "--show-toplevel", "--git-path", "objects")
    if found.problem:
        return None
    top, stored = found.text.splitlines()
    objects = directory / "objects"
    objects.mkdir(exist_ok=True)
    answer = ask_git(
        Path(top),
        *arguments,
        GIT_OBJECT_DIRECTORY=str(objects),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=str((ROOT / stored).absolute()),
        **variables,
    )
    return None if answer.problem else answer.text
