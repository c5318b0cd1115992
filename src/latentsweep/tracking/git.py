"""Git, asked without regard to what a person's environment and settings make of its answers."""

import os

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
