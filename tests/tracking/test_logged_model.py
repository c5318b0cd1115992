"""An exported model in MLflow: once, without pickle, with its three entry points."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.exported import WEIGHTS, export_model, load_model
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.logged_model import find_model, ship_model
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.sync import Destination, sync

SHAPE = (1, 8, 8)

# A machine that has MLflow, PyTorch and numpy, and none of this project.
STRANGER = """
import sys
sys.modules["latentsweep"] = None
import mlflow, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
images = np.load(sys.argv[2])
vae = model.unwrap_python_model()
codes = model.predict(images, params={"entry": "encode"})
np.savez(sys.argv[3], predicted=model.predict(images), mean=codes["mean"],
    variance=codes["variance"], decoded=vae.decode(codes["mean"]))
try:
    model.predict(images.astype("float64"))
except mlflow.exceptions.MlflowException:
    print("signature holds")
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    recorder = JournalRecorder(tmp_path / "run")
    model = export(tmp_path / "run" / "model", seed=0)
    assert isinstance(model, AE)
    recorder.model(tmp_path / "run" / "model", "model")
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    return tmp_path / "run"


def export(directory: Path, seed: int) -> AE:
    config = typed(compose(CONFIG_DIRECTORY, "train", ["model.latent_size=3"]))
    torch.manual_seed(seed)
    model = build_model(config.model, config.network, config.likelihood, SHAPE)
    export_model(model, config, torch.rand(2, *SHAPE), directory, {"step": 7})
    return model


def test_a_stranger_loads_it_and_gets_the_same_numbers(
    run_dir: Path, uri: str, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    import mlflow

    assert sync([run_dir], Destination(uri, "tests")).shipped == [run_dir]
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    logged = find_model(client, read_progress(run_dir).run_id)
    assert logged is not None
    place = mlflow.artifacts.download_artifacts(
        artifact_uri=logged.artifact_location, dst_path=str(tmp_path / "m"), tracking_uri=uri
    )
    assert not [path for path in Path(place).rglob("*") if path.suffix in (".pkl", ".pth")]
    images = torch.rand(5, *SHAPE)
    np.save(tmp_path / "images.npy", images.numpy())
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, place, tmp_path / "images.npy", tmp_path / "out.npz"],
        env={**child_environment, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "signature holds" in done.stdout
    assert "Warning" not in done.stderr
    model = load_model(Path(place) / "artifacts")
    with torch.no_grad():
        mean, variance = model.encode(images)
        expected = {
            "predicted": model.reconstruct(images),
            "mean": mean,
            "variance": variance,
            "decoded": model.decode(mean),
        }
    got = np.load(tmp_path / "out.npz")
    for name, value in expected.items():
        assert np.abs(got[name] - value.numpy()).max() <= 1e-5


def test_however_often_it_is_sent_it_is_one_model_and_one_output(run_dir: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    for _ in range(3):
        (run_dir / "sync.json").unlink(missing_ok=True)
        sync([run_dir], Destination(uri, "tests"))
    run_id = read_progress(run_dir).run_id
    run = client.get_run(run_id)
    assert len(run.outputs.model_outputs) == 1
    models = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id = '{run_id}'"
    )
    assert [(model.name, model.status.value) for model in models] == [("model", "READY")]
    assert run.outputs.model_outputs[0].step == 7


def test_one_that_was_left_half_sent_is_finished_by_the_next_try(run_dir: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    sync([run_dir], Destination(uri, "tests"))
    run_id = read_progress(run_dir).run_id
    first = find_model(client, run_id)
    assert first is not None
    client.finalize_logged_model(first.model_id, "FAILED")
    assert find_model(client, run_id) is None
    assert ship_model(client, run_id, run_dir / "model", "model")
    again = find_model(client, run_id)
    assert again is not None
    assert again.model_id == first.model_id


def test_a_longer_run_s_better_model_takes_the_first_one_s_place(run_dir: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    sync([run_dir], Destination(uri, "tests"))
    run_id = read_progress(run_dir).run_id
    first = find_model(client, run_id)
    export(run_dir / "model", seed=1)
    assert ship_model(client, run_id, run_dir / "model", "model")
    second = find_model(client, run_id)
    assert first is not None
    assert second is not None
    assert first.model_id != second.model_id


def test_a_model_whose_files_are_gone_is_told_of_and_left_out(run_dir: Path, uri: str) -> None:
    (run_dir / "model" / WEIGHTS).unlink()
    outcome = sync([run_dir], Destination(uri, "tests"))
    assert "1 things were refused or gone" in outcome.left[run_dir]
