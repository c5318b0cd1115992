"""Git, asked without regard to what a person's environment and settings make of its answers."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TOLD = 2  # of its last lines, where it refuses
# Whoever calls from a hook has these set for another repository.
_OF_A_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
# No line end is another one in the repository, or in what is made of it.
_BYTES = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.safecrlf=false")
# Of a diff that is to be applied again, whatever `diff.noprefix` and the like say.
EXACT_DIFF = (
    *("--no-ext-diff", "--no-textconv", "--no-color", "--binary"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)


def git_command(*arguments: str) -> list[str]:
    """A git command that takes and gives every byte as it is."""
    return ["git", *_BYTES, *arguments]


def git_environment(**variables: str) -> dict[str, str]:
    """The environment of a git command that concerns the directory that it is given in."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_CALLER}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", **variables}


@dataclass(frozen=True)
class GitAnswer:
    """What git says.

    Attributes:
        text: what it prints.
        problem: why it refuses, in a line; empty where it does not.
    """

    text: str
    problem: str


def ask_git(directory: Path, *arguments: str, **variables: str) -> GitAnswer:
    """Run git to its end.

    Args:
        directory: in which it is run.
        arguments: of the command.
        variables: of its environment, beside this process's.
    """
    try:
        done = subprocess.run(
            git_command(*arguments),
            cwd=directory,
            env=git_environment(**variables),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return GitAnswer("", f"git cannot be started: {error.strerror}")
    if done.returncode == 0:
        return GitAnswer(done.stdout, "")
    lines = (done.stderr.strip() or f"git ended with {done.returncode}").splitlines()
    return GitAnswer("", "; ".join(lines[-_TOLD:]))
