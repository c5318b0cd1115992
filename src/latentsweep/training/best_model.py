"""The best model of a run, as files for whoever wants to use it, and as a model in MLflow."""

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentsweep.config.earlier import migrated
from latentsweep.config.typed import first_line, from_values
from latentsweep.data.splits import Split
from latentsweep.errors import StorageError
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.exported import export_model
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.logged_model import MODEL_NAME
from latentsweep.tracking.recorder import Recorder
from latentsweep.training.checkpoint_file import BELONGS_TO, BEST, read_checkpoint
from latentsweep.training.rundir import RunDirectory

FOLDER = "model"
_EXAMPLES = 4
_ENOUGH = 100e6  # bytes that are free on a disk that is not full
# Of the Lightning module's state, the model's part.
_PREFIX = "model."


def try_record_best_model(recorder: Recorder, run: RunDirectory, split: Split) -> str:
    """Like `record_best_model`, for a run that is trained whatever becomes of the export.

    Returns:
        Why there is none, in a line; empty where there is.
    """
    try:
        record_best_model(recorder, run, split)
    except Exception as error:  # whatever an exporter can raise
        return f"the best model was not exported: {first_line(error)}"
    return ""


def record_best_model(recorder: Recorder, run: RunDirectory, split: Split) -> Path:
    """Export the run's best checkpoint into `model/` and put that on record.

    Args:
        recorder: of the run.
        run: the run's directory.
        split: whose first images are the examples.

    Returns:
        Directory of the exported model.

    Raises:
        CheckpointError: there is no best checkpoint, or it is damaged.
        StorageError: the disk refuses.
    """
    content = read_checkpoint(run.checkpoints / BEST)
    config = from_values(content[BELONGS_TO]["config"])
    images = _examples(split)
    shape = (int(images.shape[1]), int(images.shape[2]), int(images.shape[3]))
    model = best_model(content, shape)
    target, whole = run.path / FOLDER, run.path / f".{FOLDER}"
    about = {
        "run": run.path.name,
        "run_uid": run.uid,
        "step": int(content["global_step"]),
        "data": config.data.name,
        "data_digest": content[BELONGS_TO]["data_digest"],
        "precision": content[BELONGS_TO].get("numerics", {}).get("precision", "32-true"),
    }
    try:
        shutil.rmtree(whole, ignore_errors=True)
        export_model(model, config, images.float().cpu(), whole, about)
        shutil.rmtree(target, ignore_errors=True)
        whole.rename(target)
    except (OSError, RuntimeError) as error:
        if not isinstance(error, OSError):
            # PyTorch's and safetensors' writers hide the reason of a write that was cut short.
            if shutil.disk_usage(run.path).free > _ENOUGH:
                raise
            raise _cut_short(target) from error
        raise storage_error(target, error) from error
    recorder.model(target, MODEL_NAME)
    return target


def _examples(split: Split) -> Tensor:
    """A few images of a split, two at least: a batch of one would be exported as always one."""
    images = split.images(torch.arange(min(_EXAMPLES, len(split))))
    return images if len(images) > 1 else images.repeat(2, 1, 1, 1)


def best_model(content: dict[str, Any], shape: tuple[int, int, int]) -> AE:
    """The model of a checkpoint's content, on the CPU.

    Args:
        content: what `read_checkpoint` gave.
        shape: (channels, height, width) of an image.
    """
    config = from_values(migrated(content[BELONGS_TO]["config"])[0])
    model = build_model(config.model, config.network, config.likelihood, shape)
    state = content["state_dict"]
    model.load_state_dict(
        {name.removeprefix(_PREFIX): state[name] for name in state if name.startswith(_PREFIX)}
    )
    return model.eval()


def _cut_short(path: Path) -> StorageError:
    return StorageError(
        f"cannot write {path}",
        found="the write was cut short",
        expected="a disk that takes the exported model",
        mend="free some space and give the same command again",
    )
