"""The best trial's config as a file that runs by itself."""

from dataclasses import replace
from pathlib import Path

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.digest import resolved
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.training.root_file import write_root

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
    path = directory / f"{NAME}.yaml"
    write_root(path, resolved(_ordinary(config)), _HEADER)
    return path


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
