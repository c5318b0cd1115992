"""The settings of samplers and pruners, read with messages that name argument and mend."""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from latentsweep.config.typed import did_you_mean
from latentsweep.errors import ConfigError

T = TypeVar("T")


def read_settings(
    part: str, schema: TypeAdapter[T], classes: Mapping[str, type], settings: Mapping[str, Any]
) -> T:
    """The typed settings of a sampler or pruner.

    Args:
        part: where they are, such as "sampler".
        schema: of all of them.
        classes: the schema's classes by the name that they have in `conf/`.
        settings: `name` and arguments.

    Raises:
        ConfigError: an unknown name or argument, or a value that it may not have.
    """
    try:
        return schema.validate_python(dict(settings))
    except ValidationError as error:
        found: dict[tuple[str, ...], list[ErrorDetails]] = {}
        for detail in error.errors():
            # Where a value may be of several kinds, each of them has its own complaint.
            found.setdefault(_place(detail)[1], []).append(detail)
        messages = [str(_explain(part, classes, details)) for details in found.values()]
        raise ConfigError("\n".join(messages)) from None


def arguments_of(config: Any) -> dict[str, Any]:
    """The arguments for Optuna of typed settings: all of them but the name."""
    return {
        field.name: getattr(config, field.name) for field in fields(config) if field.name != "name"
    }


def _place(detail: ErrorDetails) -> tuple[str, tuple[str, ...]]:
    """The class's name and the argument's path that a finding is about.

    In pydantic's path a class's name follows wherever a class is chosen by its name.
    """
    path = [str(step) for step in detail["loc"]]
    if len(path) > 1 and path[1] == "wrapped":
        return path[2] if len(path) > 2 else "", ("wrapped", *path[3:4])
    return path[0] if path else "", tuple(path[1:2])


def _explain(part: str, classes: Mapping[str, type], details: list[ErrorDetails]) -> ConfigError:
    """What pydantic found about one argument, in this project's words."""
    detail = details[0]
    name, argument = _place(detail)
    key = ".".join(["sweep", part, *argument])
    kind = detail["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        context = detail.get("ctx", {})
        given = str(context.get("tag", ""))
        names = re.findall(r"'(\w+)'", context.get("expected_tags", "")) or list(classes)
        return ConfigError(
            f"{key}.name is wrong",
            found=given or "no name",
            expected=f"one of {', '.join(names)}",
            mend=did_you_mean(given, names),
        )
    if kind == "unexpected_keyword_argument":
        valid = [field.name for field in fields(classes[name]) if field.name != "name"]
        return ConfigError(
            f"unknown argument {key}",
            found=f"{name} has none of that name",
            expected=f"one of {', '.join(valid)}" if valid else "no argument",
            mend=did_you_mean(argument[-1], valid),
        )
    if kind == "missing":
        return ConfigError(f"{key} is missing", mend=f"add {key}=...")
    expected = " or ".join(one["msg"].removeprefix("Input should be ") for one in details)
    expected = expected.replace("a valid integer", "a whole number")
    return ConfigError(f"{key} is wrong", found=repr(detail["input"]), expected=expected)
