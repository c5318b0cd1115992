"""The best model of a run, as files for whoever wants to use it, and as a model in MLflow."""

import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

from latentsweep.config.typed import from_values
from latentsweep.errors import StorageError
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.exported import export_model
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.logged_model import MODEL_NAME
from latentsweep.tracking.recorder import Recorder
from latentsweep.training.checkpoints import BELONGS_TO, BEST, read_checkpoint
from latentsweep.training.rundir import RunDirectory

FOLDER = "model"
EXAMPLES = 4
# Of the Lightning module's state, the model's part.
_PREFIX = "model."


def record_best_model(recorder: Recorder, run: RunDirectory, images: Tensor) -> Path:
    """Export the run's best checkpoint into `model/` and put that on record.

    Args:
        recorder: of the run.
        run: the run's directory.
        images: (n, channels, height, width), n >= 2, as the model takes them: examples.

    Returns:
        Directory of the exported model.

    Raises:
        CheckpointError: there is no best checkpoint, or it is damaged.
        StorageError: the disk refuses.
    """
    content = read_checkpoint(run.checkpoints / BEST)
    config = from_values(content[BELONGS_TO]["config"])
    shape = (int(images.shape[1]), int(images.shape[2]), int(images.shape[3]))
    model = best_model(content, shape)
    target, whole = run.path / FOLDER, run.path / f".{FOLDER}"
    about = {
        "run": run.path.name,
        "run_uid": run.uid,
        "step": int(content["global_step"]),
        "data": config.data.name,
        "data_digest": content[BELONGS_TO]["data_digest"],
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


def best_model(content: dict[str, Any], shape: tuple[int, int, int]) -> AE:
    """The model of a checkpoint's content, on the CPU.

    Args:
        content: what `read_checkpoint` gave.
        shape: (channels, height, width) of an image.
    """
    config = from_values(content[BELONGS_TO]["config"])
    model = build_model(config.model, config.network, config.likelihood, shape)
    state = content["state_dict"]
    model.load_state_dict(
        {name.removeprefix(_PREFIX): state[name] for name in state if name.startswith(_PREFIX)}
    )
    return model.eval()


_ENOUGH = 100e6  # bytes of a disk that is not full


def _cut_short(path: Path) -> StorageError:
    return StorageError(
        f"cannot write {path}",
        found="the write was cut short",
        expected="a disk that takes the exported model",
        mend="free some space and give the same command again",
    )
