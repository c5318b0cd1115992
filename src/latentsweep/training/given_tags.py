"""Tags that whoever starts a run by a command wants on its record, such as what it repeats."""

import json
import os
from collections.abc import Mapping

_VARIABLE = "LATENTSWEEP_TAGS"


def in_environment(tags: Mapping[str, str]) -> dict[str, str]:
    """What the environment of a command needs whose run is to bear some tags."""
    return {_VARIABLE: json.dumps(dict(tags))}


def given_tags() -> dict[str, str]:
    """The tags that this process was started with; none where they cannot be read."""
    try:
        tags = json.loads(os.environ.get(_VARIABLE, "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
