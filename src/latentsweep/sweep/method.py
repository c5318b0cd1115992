"""The settings of samplers and pruners, read with messages that name argument and mend."""

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
        messages = [str(_explain(part, classes, detail)) for detail in error.errors()]
        raise ConfigError("\n".join(messages)) from None


def arguments_of(config: Any) -> dict[str, Any]:
    """The arguments for Optuna of typed settings: all of them but the name."""
    return {
        field.name: getattr(config, field.name) for field in fields(config) if field.name != "name"
    }


def _explain(part: str, classes: Mapping[str, type], detail: ErrorDetails) -> ConfigError:
    """One of pydantic's findings in this project's words."""
    path = [str(step) for step in detail["loc"]]
    # The names that tell the classes of a union apart are no part of the key.
    keys = [step for step in path if step not in classes]
    key = ".".join(["sweep", part, *keys])
    kind = detail["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        name = str(detail.get("ctx", {}).get("tag", ""))
        return ConfigError(
            f"{key}.name is wrong",
            found=name,
            expected=f"one of {', '.join(classes)}",
            mend=did_you_mean(name, classes),
        )
    if kind == "unexpected_keyword_argument":
        name = next(step for step in reversed(path) if step in classes)
        valid = [field.name for field in fields(classes[name]) if field.name != "name"]
        return ConfigError(
            f"unknown argument {key}",
            found=f"{name} has none of that name",
            expected=f"one of {', '.join(valid)}" if valid else "no argument",
            mend=did_you_mean(keys[-1], valid),
        )
    if kind == "missing":
        return ConfigError(f"{key} is missing", mend=f"add {key}=...")
    expected = detail["msg"].removeprefix("Input should be ")
    expected = expected.replace("a valid integer", "a whole number")
    return ConfigError(f"{key} is wrong", found=repr(detail["input"]), expected=expected)
