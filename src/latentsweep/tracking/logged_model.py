"""An exported model on its way into MLflow: one logged model, however often it is sent."""

import hashlib
import importlib.metadata
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature
    from mlflow.tracking import MlflowClient

MODEL_NAME = "model"
DIGEST_TAG = "latentsweep.model_digest"
_SERVED = Path(__file__).with_name("served_model.py")
# The names under which an exported model's files go by in MLflow; models.exported wrote them.
_FILES = {
    "encode": "encode.pt2",
    "decode": "decode.pt2",
    "weights": "weights.safetensors",
    "config": "config.yaml",
    "about": "about.json",
    "example": "example.npy",
}

_log = logging.getLogger(__name__)


def ship_model(client: "MlflowClient", run_id: str, directory: Path, name: str) -> bool:
    """Send an exported model; sending it again changes nothing.

    Args:
        client: of the store.
        run_id: the MLflow run whose output it is.
        directory: what `models.exported.export_model` wrote.
        name: of the model within the run.

    Returns:
        False if a file of it is gone.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer; send it again later.
        OSError: if a file cannot be read or its store does not answer.
    """
    missing = [file for file in _FILES.values() if not (directory / file).is_file()]
    if missing:
        _log.error("gone: %s of the model in %s", ", ".join(missing), directory)
        return False
    digest = model_digest(directory)
    model = _find_or_create(client, run_id, name, digest)
    if model.status.value != "READY":
        with TemporaryDirectory() as parent:
            _save(Path(parent) / name, directory, run_id, model)
            client.log_model_artifacts(model.model_id, str(Path(parent) / name))
        client.finalize_logged_model(model.model_id, "READY")
    _name_as_output(client, run_id, model, directory)
    return True


def find_model(client: "MlflowClient", run_id: str, name: str = MODEL_NAME) -> "LoggedModel | None":
    """The newest whole model of that name that a run has logged; None if there is none.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer.
    """
    ready = [model for model in _models(client, run_id, name) if model.status.value == "READY"]
    return max(ready, key=lambda model: model.creation_timestamp, default=None)


def model_digest(directory: Path) -> str:
    """SHA-256 over the parameters and the config of an exported model.

    Not over its programs, whose files differ from one export to the next.
    """
    digest = hashlib.sha256()
    for file in (_FILES["weights"], _FILES["config"]):
        digest.update((directory / file).read_bytes())
    return digest.hexdigest()


def _models(client: "MlflowClient", run_id: str, name: str) -> "list[LoggedModel]":
    experiment = client.get_run(run_id).info.experiment_id
    wanted = f"source_run_id = '{run_id}' AND name = '{name}'"
    return list(client.search_logged_models([experiment], filter_string=wanted))


def _find_or_create(client: "MlflowClient", run_id: str, name: str, digest: str) -> "LoggedModel":
    for model in _models(client, run_id, name):
        if model.tags.get(DIGEST_TAG) == digest:
            return model
    experiment = client.get_run(run_id).info.experiment_id
    return client.create_logged_model(
        experiment,
        name=name,
        source_run_id=run_id,
        tags={DIGEST_TAG: digest},
        model_type="autoencoder",
    )


def _save(target: Path, directory: Path, run_id: str, logged: "LoggedModel") -> None:
    """Write the files that MLflow loads a model from."""
    import mlflow
    import numpy as np
    from mlflow.models import Model

    mlflow.pyfunc.save_model(
        target,
        python_model=str(_SERVED),
        artifacts={name: str(directory / file) for name, file in _FILES.items()},
        signature=_signature(directory),
        input_example=np.load(directory / _FILES["example"]),
        pip_requirements=[
            f"{package}=={importlib.metadata.version(package).partition('+')[0]}"
            for package in ("mlflow", "torch", "numpy", "safetensors")
        ],
        mlflow_model=Model(
            run_id=run_id, model_id=logged.model_id, artifact_path=logged.artifact_location
        ),
    )


def _signature(directory: Path) -> "ModelSignature":
    """Images in, images out; which entry point, as a parameter."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    shape = json.loads((directory / _FILES["about"]).read_text())["shape"]
    images = Schema([TensorSpec(np.dtype("float32"), (-1, *shape))])
    entry = ParamSchema([ParamSpec("entry", DataType.string, "reconstruct")])
    return ModelSignature(images, images, entry)


def _name_as_output(
    client: "MlflowClient", run_id: str, model: "LoggedModel", directory: Path
) -> None:
    """Have the run's page show the model; MLflow refuses to be told twice."""
    from mlflow.entities import LoggedModelOutput

    outputs = client.get_run(run_id).outputs
    known = {each.model_id for each in outputs.model_outputs} if outputs else set()
    if model.model_id not in known:
        step = int(json.loads((directory / _FILES["about"]).read_text()).get("step", 0))
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step)])
