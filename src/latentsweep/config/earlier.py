"""Configs as earlier versions of the schema recorded them, brought up to this one."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

# Keys that runs on record may lack, with the value at which all is as it was before there was the
# key. Not their defaults, which may change.
SINCE: dict[str, Any] = {
    "trainer.accumulate_grad_batches": 1,
    "trainer.channels_last": False,
    "trainer.compile": "off",
    "trainer.float32_matmul_precision": "highest",
    "trainer.gradient_clip_val": None,
    "trainer.max_steps": None,
    "trainer.meeting_seconds": 60.0,
    "tracking.log_model": False,
}


def migrated(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A recorded config with the keys that this version knows beside those on record.

    Args:
        values: the whole config, nested, as `config.yaml` of a run holds it.

    Returns:
        The config, and the keys that were added.
    """
    whole = deepcopy(dict(values))
    added = []
    for key, value in SINCE.items():
        group, _, name = key.partition(".")
        part = whole.get(group)
        if isinstance(part, dict) and name not in part:
            part[name] = value
            added.append(key)
    return whole, added
