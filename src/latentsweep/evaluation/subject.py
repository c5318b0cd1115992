"""What is evaluated: a recorded run's best model, with its config and its data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.config.data import ArraysConfig, DataConfig, ImageFolderConfig
from latentsweep.config.digest import digest_of
from latentsweep.config.earlier import migrated
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.config.typed import first_line, from_values
from latentsweep.data.describe import describe
from latentsweep.data.image_set import ImageSet
from latentsweep.data.sources import read
from latentsweep.data.splits import Splits, load
from latentsweep.errors import CheckpointError, ConfigError, DataError, RunBusyError
from latentsweep.models.ae import AE
from latentsweep.tracking.journal import is_at_work
from latentsweep.tracking.recorded import RecordedRun
from latentsweep.training.best_model import best_model
from latentsweep.training.checkpoint_file import BELONGS_TO, BEST, read_checkpoint


@dataclass(frozen=True)
class Subject:
    """A run's best model and its data.

    Attributes:
        run: what is on record of it.
        config: that it was trained with; its data where that lies now.
        model: on the CPU and in evaluation mode.
        step: optimiser step of the model.
        splits: of the data.
        span: of the values that pixels may have.
    """

    run: RecordedRun
    config: TrainConfig
    model: AE
    step: int
    splits: Splits
    span: float


def read_subject(run: RecordedRun, settings: EvaluateConfig) -> Subject:
    """Find model and data of a run.

    Raises:
        RunBusyError: it is being trained.
        CheckpointError: its best model is missing, damaged, or of another config.
        DataError: its data is not here, or is other data.
        ConfigError: it has no config on record.
    """
    if run.directory and is_at_work(run.directory):
        raise RunBusyError(
            f"the run {run.reference} is being trained at this moment",
            mend="wait for it, or stop it: a stopped run can be evaluated, too",
        )
    values = _config_on_record(run)
    content = _best_checkpoint(run, values)
    config = _with_data_where_it_lies(from_values(values), settings)
    description = describe(config.data)
    check(config, description)
    splits = load(config.data, config.seed, _read)
    expected = content[BELONGS_TO]["data_digest"]
    if splits.digest != expected:
        raise DataError(
            f"the data here is not what {run.name} was trained on",
            found=f"data digest {splits.digest[:16]} of data={config.data.name}",
            expected=f"data digest {expected[:16]}",
            mend='bring that data back; ARGS="data_dir=DIR" (or data_path=) names another place',
        )
    return Subject(
        run=run,
        config=config,
        model=best_model(content, splits.shape),
        step=int(content["global_step"]),
        splits=splits,
        span=description.high - description.low,
    )


@lru_cache(maxsize=1)
def _read(config: DataConfig) -> ImageSet:
    """The data set, of which many runs of a group need one copy."""
    return read(config)


def _config_on_record(run: RecordedRun) -> dict[str, Any]:
    """The run's resolved config, nested, brought up to this version of the schema."""
    text = run.text("config.yaml")
    if text is None:
        raise ConfigError(
            f"{run.reference} has no config on record, and so no model",
            found="a sweep's own record, a group's, or a run that never began",
            expected="a training run: of a sweep or a group, one of those below it",
            mend=f"RUN={run.reference}/trials/SLOT, or the MLflow id of a trial",
        )
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        values = first_line(error)
    if not isinstance(values, dict):
        raise ConfigError(
            f"the config on record of {run.reference} cannot be read",
            found=str(values)[:80] or "an empty file",
            expected="config.yaml as the run has written it",
            mend="put it back: make dashboard shows the artifact",
        )
    return migrated(values)[0]


def _best_checkpoint(run: RecordedRun, values: Mapping[str, Any]) -> dict[str, Any]:
    path = run.file(f"checkpoints/{BEST}")
    if path is None:
        raise CheckpointError(
            f"the run {run.reference} has no best model",
            found=f"no checkpoints/{BEST} in {run.directory or 'its record'}",
            expected="the checkpoint that is kept at each epoch's end",
            mend="an unfinished run is gone on with by the command that trained it; make rerun "
            "trains a finished one again, whose file is gone; one that trainer.max_steps ended "
            "within its first epoch needs more steps",
        )
    try:
        content = read_checkpoint(Path(path))
    except CheckpointError as error:
        raise CheckpointError(
            error.what,
            found=error.found,
            expected=error.expected,
            mend="put the run's own file back, or train it again (make rerun)",
        ) from None
    own, _ = migrated(content[BELONGS_TO]["config"])
    if digest_of(own) != digest_of(values):
        raise CheckpointError(
            f"the checkpoint of {run.reference} is of another config",
            found=f"{path} of config {digest_of(own)[:16]}",
            expected=f"config {digest_of(values)[:16]}, which is on record",
            mend="put the run's own checkpoint back, or train it again (make rerun)",
        )
    return content


def _with_data_where_it_lies(config: TrainConfig, settings: EvaluateConfig) -> TrainConfig:
    data = config.data
    if settings.data_dir is not None:
        data = replace(data, dir=settings.data_dir)
    if settings.data_path is not None:
        if not isinstance(data, ArraysConfig | ImageFolderConfig):
            raise ConfigError(
                f"data_path={settings.data_path}: data={data.name} has no path",
                expected="a run of data=arrays or data=image_folder",
                mend="data_dir=DIR",
            )
        data = replace(data, path=settings.data_path)
    return replace(config, data=data)
