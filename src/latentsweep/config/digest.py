"""The digest of a config: equal for configs that train the same numbers, whatever their order."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from latentsweep.config.earlier import SINCE
from latentsweep.config.root import TrainConfig
from latentsweep.config.typed import flatten

SCHEMA_VERSION = 1

# Where a run is stored, watched or computed; none of these decides what it computes.
NOT_IDENTITY = (
    "resume",
    "output_dir",
    "tracking.",
    "data.dir",
    "data.path",  # the data's own digest stands for it
    "data.download",
    "trainer.name",
    "trainer.threads",
    "trainer.checkpoint_every_n_steps",
    "trainer.checkpoint_every_minutes",
    "trainer.progress_bar",
    "trainer.meeting_seconds",
)
# Of these the digest says nothing while they are as before there were such keys, so that configs
# which were recorded then keep their digest.
_ADDED = ("trainer.max_steps",)


def resolved(config: TrainConfig) -> dict[str, Any]:
    """The whole config as nested plain values: what is written as YAML and into checkpoints."""
    values: dict[str, Any] = TypeAdapter(TrainConfig).dump_python(config, mode="json")
    return values


def identity(config: TrainConfig) -> dict[str, Any]:
    """The dotted keys that decide the numbers of a run, with their values."""
    return identity_of(resolved(config))


def identity_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """As `identity`, of a resolved config's nested values, of whatever version of the schema."""
    return {
        key: value
        for key, value in sorted(flatten(values).items())
        if not key.startswith(NOT_IDENTITY) and not (key in _ADDED and value == SINCE[key])
    }


def digest(config: TrainConfig) -> str:
    """Hexadecimal SHA-256 of the identity keys and the schema's version."""
    return digest_of(resolved(config))


def digest_of(values: Mapping[str, Any]) -> str:
    """As `digest`, of a resolved config's nested values.

    It is a digest of what was resolved: neither the order of keys nor other defaults nor keys that
    came later change that of a config on record.
    """
    text = json.dumps({"schema": SCHEMA_VERSION, **identity_of(values)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
