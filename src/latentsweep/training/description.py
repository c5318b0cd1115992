"""What is written down about a run before its first step: config, provenance, tags."""

import json
import os
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from latentsweep.config import TrainConfig
from latentsweep.config.digest import SCHEMA_VERSION, identity, resolved
from latentsweep.config.model import WEIGHTS, weights_of
from latentsweep.config.typed import Flat
from latentsweep.data.splits import Splits
from latentsweep.tracking.experiment import NOTE_TAG
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.vanished import DIRECTORY_TAG, HOST_TAG
from latentsweep.training.attempts import (
    AttemptOnRecord,
    attempts_table,
    record_attempt,
    record_end,
)
from latentsweep.training.resume import Attempt

_COMPARED = {"model.latent_size", "seed", *(f"model.{key}" for key in WEIGHTS)}


def record_description(
    recorder: JournalRecorder,
    this: Attempt,
    config: TrainConfig,
    overrides: list[str],
    splits: Splits,
    origin: Mapping[str, Any],
    belongs_to: Mapping[str, str],
) -> None:
    """Record config, data and tags once a run, provenance once an attempt.

    Args:
        recorder: of the run.
        this: the attempt.
        config: of the run.
        overrides: that led to it.
        splits: the data set.
        origin: where the numbers come from, as `run_origin` gives it.
        belongs_to: tags that say what the run is part of.

    Raises:
        StorageError: the record cannot be written.
    """
    attempts = record_attempt(
        recorder, this.run.path, this.step, recorder.earlier_status, recorder.earlier_step
    )
    # Not only those on record there, whose file may be damaged or of before there was one.
    number = max(attempts[-1].number, 1 + len(list(this.run.path.glob("files/provenance-*.json"))))
    made_by: dict[str, Any] = {
        **{key: value for key, value in origin.items() if key != "diff"},
        "attempt": number,
        "overrides": overrides,
        "resumed_from": str(this.checkpoint) if this.checkpoint else None,
        "data": {"digest": splits.digest, "origin": splits.origin},
        "study": belongs_to.get("latentsweep.study"),
        "trial": belongs_to.get("optuna.trial.number"),
    }
    if number == 1:
        values = resolved(config)
        recorder.text("config.yaml", yaml.safe_dump(values, sort_keys=False))
        recorder.text("overrides.txt", "".join(f"{override}\n" for override in overrides))
        recorder.params(_params(config, overrides))
        recorder.tags(_tags(config, this, splits, made_by))
    if belongs_to:
        recorder.tags(belongs_to)
    recorder.tags(
        {
            NOTE_TAG: _note(this, overrides, attempts),
            HOST_TAG: os.uname().nodename,
            DIRECTORY_TAG: str(this.run.path.absolute()),
        }
    )
    recorder.dataset(config.data.name, splits.digest, splits.origin, _profile(splits))
    recorder.text(f"provenance-{number}.json", json.dumps(made_by, indent=2))
    if origin["diff"]:
        recorder.text(f"uncommitted-{number}.diff", origin["diff"])


def record_ending(
    recorder: JournalRecorder, this: Attempt, overrides: list[str], status: RunStatus
) -> None:
    """Record how this attempt ended, with its step; in the description, too, if it was not alone.

    Raises:
        StorageError: the record cannot be written.
    """
    attempts = record_end(recorder, this.run.path, status, recorder.latest_step)
    if len(attempts) > 1:
        recorder.tags({NOTE_TAG: _note(this, overrides, attempts)})


def _params(config: TrainConfig, overrides: list[str]) -> Flat:
    """What runs are compared by: latent size, weights, seed, and the keys that the user gave.

    Not the whole config, which is in its file: the dashboard prints every parameter above each
    image of its grids, and forty of them push the image out of sight. Choices are tags.
    """
    given = {override.partition("=")[0].lstrip("+") for override in overrides}
    return {key: value for key, value in identity(config).items() if key in _COMPARED | given}


def _profile(splits: Splits) -> dict[str, object]:
    """The sizes of the data set."""
    images = {"training_images": len(splits.train), "validation_images": len(splits.val)}
    return {**images, "shape": list(splits.shape)}


def _note(this: Attempt, overrides: list[str], attempts: list[AttemptOnRecord]) -> str:
    """What MLflow shows as the run's description."""
    place = f"Recorded in `{this.run.path.absolute()}` on {os.uname().nodename}."
    given = f"Given: `{shlex.join(overrides)}`." if overrides else "The default configuration."
    return "\n\n".join(filter(None, [f"{given} {place}", attempts_table(attempts)]))


def _tags(
    config: TrainConfig, this: Attempt, splits: Splits, made_by: dict[str, Any]
) -> dict[str, str]:
    """What a person filters runs by, and MLflow's own names for source and version."""
    tags = {
        "model": config.model.name,
        "data": config.data.name,
        "network": config.network.name,
        "likelihood": config.likelihood.name,
        "kl_schedule": config.kl_schedule.name,
        "latent_size": str(config.model.latent_size),
        "seed": str(config.seed),
        "mlflow.runName": this.run.path.name,
        "mlflow.source.name": "pipelines/train.py",
        "mlflow.source.type": "LOCAL",
        "latentsweep.schema": str(SCHEMA_VERSION),
        "latentsweep.identity": this.run.identity.digest,
        "latentsweep.config_digest": this.run.identity.config,
        "latentsweep.data_digest": splits.digest,
    }
    tags |= {key: f"{value:g}" for key, value in weights_of(config.model).items()}
    if this.checkpoint:  # in a first attempt: a longer run of a shorter one's checkpoint
        tags["latentsweep.grown_from"] = config.resume
    if made_by["commit"]:
        tags["mlflow.source.git.commit"] = made_by["commit"]
    return tags
