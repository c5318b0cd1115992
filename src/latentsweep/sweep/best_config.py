"""The best trial's config as a file that runs by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.digest import resolved
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.tracking.files import write_whole

NAME = "best"
_HEADER = f"""\
# The best trial's run, from the project's root:
#   python pipelines/train.py --config-path DIR --config-name {NAME}
# or, where each trial had several ranks, python pipelines/launch.py --devices N --config-path ...
# DIR: the directory that holds this file.
"""


def write_best(config: TrainConfig, directory: Path) -> Path:
    """Write `best.yaml`, which `pipelines/train.py` takes as its root config.

    From the project's root `python pipelines/train.py --config-path DIRECTORY --config-name best`
    trains the identical run.

    Args:
        config: of the trial. Where its record goes, how often, and where it lies become those of an
            ordinary run in the same MLflow store.
        directory: takes the file; made if missing.

    Returns:
        The file.

    Raises:
        StorageError: it cannot be written.
    """
    values = {**_preamble(), **resolved(_ordinary(config))}
    path = directory / f"{NAME}.yaml"
    text = _HEADER + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    write_whole(path, lambda file: file.write(text.encode()))
    return path


def _preamble() -> dict[str, Any]:
    """Those settings of Hydra in `conf/train.yaml` that no typed config holds."""
    root = yaml.safe_load((CONFIG_DIRECTORY / "train.yaml").read_text())
    overrides = [
        entry
        for entry in root["defaults"]
        if isinstance(entry, dict) and any(key.startswith("override ") for key in entry)
    ]
    return {"defaults": ["_self_", *overrides], "hydra": root["hydra"]}


def _ordinary(config: TrainConfig) -> TrainConfig:
    """`config` as a run by itself, not as a sweep's trial."""
    name = config.tracking.name
    default = typed(compose(CONFIG_DIRECTORY, "train", [f"tracking={name}"]))
    return replace(
        config,
        resume=default.resume,
        output_dir=default.output_dir,
        trainer=replace(config.trainer, progress_bar=default.trainer.progress_bar),
        tracking=replace(
            default.tracking, uri=config.tracking.uri, experiment=config.tracking.experiment
        ),
    )
