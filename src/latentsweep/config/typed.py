"""From Hydra's composed mapping to the typed config, with messages that name key and mend."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.config.root import TrainConfig
from latentsweep.config.sweep import SweepConfig
from latentsweep.errors import ConfigError

Flat = dict[str, Any]


def typed(composed: DictConfig) -> TrainConfig:
    """The typed config of a composed one.

    Raises:
        ConfigError: a value is missing, of a wrong type or out of range, or a key is unknown.
    """
    return from_values(_resolved(composed))


def sweep_settings(composed: DictConfig) -> SweepConfig:
    """The typed `sweep` part of a composed config.

    Raises:
        ConfigError: as for `typed`; or there is no such part.
    """
    if "sweep" not in composed:
        raise ConfigError(
            "this configuration is of one run and cannot be swept",
            expected="a root configuration with a part `sweep`",
            mend="python pipelines/sweep.py ...",
        )
    own = [str(key) for key in composed if key != "hydra"]
    values = _resolved(OmegaConf.masked_copy(composed, own))
    with _explained({"sweep": values["sweep"]}, prefix=("sweep",)):
        return SweepConfig(**values["sweep"])


def evaluate_settings(composed: DictConfig) -> EvaluateConfig:
    """The typed config of an evaluation.

    Raises:
        ConfigError: as for `typed`.
    """
    values = _resolved(composed)
    with _explained(values):
        return EvaluateConfig(**values)


def from_values(values: Mapping[str, Any]) -> TrainConfig:
    """The typed config of plain nested values.

    Raises:
        ConfigError: as for `typed`.
    """
    with _explained(values):
        return TrainConfig(**values)


def _resolved(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values, with nothing left open."""
    try:
        values = OmegaConf.to_container(composed, resolve=True)
        missing = sorted(OmegaConf.missing_keys(composed))
    except (OmegaConfBaseException, RecursionError) as error:
        raise ConfigError(f"the configuration does not resolve: {first_line(error)}") from None
    if missing:
        raise ConfigError(
            f"{missing[0]} has no default and was not given",
            expected=f"{', '.join(missing)} on the command line",
            mend=f"add {missing[0]}=...",
        )
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


@contextmanager
def _explained(values: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[None]:
    """Tell pydantic's findings in this project's words.

    Args:
        values: what is validated, as it stands in the whole config.
        prefix: where in it the validated part stands.
    """
    try:
        yield
    except ValidationError as error:
        details = error.errors()
        for detail in details:
            detail["loc"] = (*prefix, *detail["loc"])
        # A tuple whose item is wrong is also called too short, which it is not.
        whole = [
            detail
            for detail in details
            if detail["type"] != "too_short"
            or not any(other["loc"][:-1] == detail["loc"] for other in details)
        ]
        messages = [str(_explain(detail, values)) for detail in whole]
        raise ConfigError("\n".join(messages)) from None


def flatten(values: Mapping[str, Any], prefix: str = "") -> Flat:
    """Nested mappings as one, with dotted keys; lists are values."""
    flat: Flat = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A question naming the nearest valid names, or nothing where none is near.

    Keys of one group are told apart by their last part; a last part alone finds its group.
    """
    group, _, last = name.rpartition(".")
    names = list(dict.fromkeys(valid))
    siblings = {key.rpartition(".")[2]: key for key in names if key.rpartition(".")[0] == group}
    near = [key for key in names if key.rpartition(".")[2] == last][:3]
    near = near or [siblings[part] for part in difflib.get_close_matches(last, siblings)]
    return f"did you mean {' or '.join(near)}?" if near else ""


def unknown_key(key: str, valid: list[str]) -> ConfigError:
    """The error for a key that is not in the config.

    Args:
        key: the dotted key.
        valid: the dotted keys that there are.
    """
    group = key.rpartition(".")[0]
    tops = sorted({name.partition(".")[0] for name in valid})
    siblings = [name for name in valid if group and name.rpartition(".")[0] == group]
    return ConfigError(
        f"unknown key {key}",
        expected=f"one of {', '.join(siblings or tops)}",
        mend=did_you_mean(key, valid + tops),
    )


def first_line(error: BaseException) -> str:
    """An error's own first line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _explain(detail: ErrorDetails, values: Mapping[str, Any]) -> ConfigError:
    """One of pydantic's findings in this project's words."""
    where = list(detail["loc"])
    group = values.get(str(where[0])) if where else None
    if len(where) > 2 and isinstance(group, Mapping) and where[1] == group.get("name"):
        del where[1]  # the union's tag, which is no part of the key
    key = ".".join(str(part) for part in where)
    if detail["type"] == "unexpected_keyword_argument":
        return unknown_key(key, [name for name in flatten(values) if name != key])
    if detail["type"] == "union_tag_invalid":
        return ConfigError(
            f"{key}.name is wrong",
            found=str(detail["ctx"]["tag"]),
            expected=f"one of {detail['ctx']['expected_tags']}",
        )
    if detail["type"] == "missing":
        return ConfigError(f"{key} is missing", mend=f"add {key}=...")
    expected = detail["msg"].removeprefix("Input should be ")
    expected = expected.replace("a valid integer", "a whole number")
    return ConfigError(f"{key} is wrong", found=repr(detail["input"]), expected=expected)
