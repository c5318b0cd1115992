"""What whoever starts a run by a command wants of it: tags on record, and how it is repeated."""

import json
import os
from collections.abc import Mapping

_VARIABLE, _AGAIN = "LATENTSWEEP_TAGS", "LATENTSWEEP_AGAIN"


def in_environment(tags: Mapping[str, str], again: str) -> dict[str, str]:
    """What the environment of a command needs whose run is to bear some tags.

    Args:
        tags: by name.
        again: the command that repeats the run, where the one that runs is not to be given again.
    """
    return {_VARIABLE: json.dumps(dict(tags)), _AGAIN: again}


def repeating_command() -> str:
    """The command that repeats what this process runs; empty where it is its own."""
    return os.environ.get(_AGAIN, "")


def given_tags() -> dict[str, str]:
    """The tags that this process was started with; none where they cannot be read."""
    try:
        tags = json.loads(os.environ.get(_VARIABLE, "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
