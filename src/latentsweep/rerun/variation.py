"""A recorded config with changes, as a command line gives them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.errors import ConfigError
from latentsweep.training.root_file import write_root

_NAME = "recorded"
_OWN = ("resume", "output_dir", "trainer.max_steps", "experiment", "tracking.every_n_steps")


def varied(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A resolved config with Hydra overrides: a group's choice brings that choice's defaults.

    Args:
        values: the resolved config, nested, as this version has it.
        overrides: such as `seed=1` or `network=conv`.

    Raises:
        ConfigError: an override is wrong, or is not one that a rerun takes.
    """
    keys = {text.partition("=")[0].lstrip("+~") for text in overrides}
    refused = sorted(keys & set(_OWN))
    if refused:
        raise ConfigError(
            f"{refused[0]} is not a rerun's to set",
            expected="keys and groups of one run, such as seed=1 or network=conv",
            mend="STEPS= says how far; a rerun lies in reruns/, and records the same steps",
        )
    for text in overrides:
        key, _, value = text.partition("=")
        if key.lstrip("+~").startswith("hydra"):
            raise ConfigError(f"{key} is not of a run's config", mend="leave it out")
        if value.startswith("{"):
            raise ConfigError(
                f"{text}: a whole group at once",
                expected=f"{key}=CHOICE, or {key}.KEY=VALUE for each key",
            )
    groups = {path.name for path in CONFIG_DIRECTORY.iterdir() if path.is_dir()}
    chosen = [text for text in overrides if text.partition("=")[0] in groups]
    whole = dict(values)
    if chosen:
        composed = _plain(CONFIG_DIRECTORY, "train", chosen)
        whole |= {group: composed[group] for group in keys & groups}
    with tempfile.TemporaryDirectory() as directory:
        write_root(Path(directory) / f"{_NAME}.yaml", whole, "")
        others = [text for text in overrides if text not in chosen]
        return _plain(Path(directory), _NAME, others)


def _plain(directory: Path, name: str, overrides: Sequence[str]) -> dict[str, Any]:
    composed = OmegaConf.to_container(compose(directory, name, overrides), resolve=True)
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}
