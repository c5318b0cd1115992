"""Which keys of a training run can be searched, told from the schema."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from latentsweep.config.digest import NOT_IDENTITY
from latentsweep.config.root import TrainConfig
from latentsweep.config.typed import did_you_mean, unknown_key
from latentsweep.errors import ConfigError

Schema = Mapping[str, Any]
# Groups of `conf/` that a trial's config has no part in, or of which it has only its place.
_OF_THE_SWEEP = ("sweep", "hydra", "search_space", "sampler", "pruner", "storage")
_OF_THE_PLACE = ("trainer", "tracking")


@functools.cache
def schemas() -> dict[str, dict[str, Schema]]:
    """The JSON schema of each dotted key, by the group's choice that has it ("": always there)."""
    whole = TypeAdapter(TrainConfig).json_schema()
    found: dict[str, dict[str, Schema]] = {}
    for top, schema in whole["properties"].items():
        variants = schema.get("oneOf", [schema])
        components = [
            whole["$defs"].get(one.get("$ref", "").rpartition("/")[2]) for one in variants
        ]
        if components == [None]:
            found[top] = {"": schema}
            continue
        for component in components:
            choice = component["properties"]["name"].get("const", "")
            for field, its_schema in component["properties"].items():
                found.setdefault(f"{top}.{field}", {})[choice] = its_schema
    return found


def choices_with(key: str) -> list[str]:
    """The choices of the key's group in which it exists; empty where it always does."""
    return [choice for choice in schemas().get(key, {}) if choice]


def is_whole_number(key: str) -> bool:
    """Whether the key takes whole numbers alone, or null."""
    kinds = {
        kind.get("type")
        for schema in schemas().get(key, {}).values()
        for kind in schema.get("anyOf", [schema])
    }
    return kinds - {"null"} == {"integer"}


def check_key(key: str, groups: Mapping[str, Sequence[str]]) -> None:
    """Refuse a key that there is not, or whose search would make no sense.

    Args:
        key: the dotted key or the group.
        groups: the choices of each group of `conf/`.

    Raises:
        ConfigError: with the reason.
    """
    reason = _why_not(key)
    if reason:
        raise ConfigError(
            f"{key} cannot be searched",
            found=reason,
            expected="a key or group that changes what a trial computes, such as model.beta",
            mend=f"give {key} one value",
        )
    searchable = [name for name in [*schemas(), *_searched_groups(groups)] if not _why_not(name)]
    if key not in searchable:
        raise unknown_key(key, searchable)


def check_known(key: str, groups: Mapping[str, Sequence[str]]) -> None:
    """Refuse a key or group that no training run has.

    Raises:
        ConfigError: with the nearest ones.
    """
    if key not in schemas() and key not in _searched_groups(groups):
        raise unknown_key(key, [*schemas(), *_searched_groups(groups)])


def unknown_choice(group: str, choice: object, choices: Sequence[str]) -> ConfigError:
    """The error for a choice that a group does not have."""
    return ConfigError(
        f"unknown choice {group}={choice}",
        expected=f"one of {', '.join(choices)}",
        mend=did_you_mean(str(choice), choices),
    )


def _searched_groups(groups: Mapping[str, Sequence[str]]) -> list[str]:
    tops = {key.partition(".")[0] for key in schemas() if "." in key}
    return [group for group in groups if group in tops]


def _why_not(key: str) -> str:
    """Why a key cannot be searched, or nothing."""
    top, _, field = key.partition(".")
    if top.partition("/")[0] in _OF_THE_SWEEP:
        return "it settles how the sweep itself runs"
    if key == "experiment":
        return "an experiment sets many keys at once, which would not be seen in the space"
    if field == "name":
        return f"it is set by its group; search {top}=choice(...)"
    if key in _OF_THE_PLACE or key.startswith(NOT_IDENTITY):
        return "it says where or how a trial is run, stored or watched, not what it computes"
    return ""
