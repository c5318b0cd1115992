"""The digest of a config: equal for configs that train the same numbers, whatever their order."""

import hashlib
import json
from typing import Any

from pydantic import TypeAdapter

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


def resolved(config: TrainConfig) -> dict[str, Any]:
    """The whole config as nested plain values: what is written as YAML and into checkpoints."""
    values: dict[str, Any] = TypeAdapter(TrainConfig).dump_python(config, mode="json")
    return values


def identity(config: TrainConfig) -> dict[str, Any]:
    """The dotted keys that decide the numbers of a run, with their values."""
    return {
        key: value
        for key, value in sorted(flatten(resolved(config)).items())
        if not key.startswith(NOT_IDENTITY)
    }


def digest(config: TrainConfig) -> str:
    """Hexadecimal SHA-256 of the identity keys and the schema's version."""
    text = json.dumps({"schema": SCHEMA_VERSION, **identity(config)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
