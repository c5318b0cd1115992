"""A model is registered only if the numbers on record can be computed from it again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from latentsweep.config.project import ROOT
from latentsweep.errors import ConfigError, LatentsweepError
from latentsweep.tracking.progress import read_identity
from latentsweep.training.promotion import promote
from latentsweep.training.run import train

from .conftest import Small

URI = "sqlite:///mlflow.db"
TRACKED = ("tracking=local", f"tracking.uri={URI}", "tracking.system_metrics_every_seconds=0")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("promoted")


@pytest.fixture
def run_dir(directory: Path, monkeypatch: pytest.MonkeyPatch, small: Small) -> Path:
    """A finished run, recorded in a store; trained once for all tests."""
    monkeypatch.chdir(directory)
    summary = train(small(*TRACKED, "output_dir=runs"), [])
    assert summary.unsynced == ""
    return Path(summary.directory).absolute()


def test_a_run_is_registered_with_its_alias_once_however_often_it_is_promoted(
    run_dir: Path, directory: Path
) -> None:
    from mlflow.tracking import MlflowClient

    done = promote(str(run_dir), "", "", "champion")
    assert (done.name, done.version) == ("digits-beta_vae", 1)
    assert {each.name for each in done.comparisons} >= {"val/elbo", "val/kl", "val/reconstruction"}
    assert all(each.agrees for each in done.comparisons)
    assert done.served_difference <= 1e-5
    identity = read_identity(run_dir)
    assert identity
    again = promote(identity.run_id, URI, "", "champion")
    assert again.version == 1
    client = MlflowClient(f"sqlite:///{directory}/mlflow.db")
    found = client.get_model_version_by_alias("digits-beta_vae", "champion")
    assert found.run_id == identity.run_id


def test_a_store_that_is_not_mlflows_default_holds_the_model_itself(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = f"tracking.uri=sqlite:///{tmp_path}/elsewhere.db"
    overrides = [*TRACKED, elsewhere, "trainer.max_epochs=1", "trainer.precision=bf16-mixed"]
    run = train(small(*overrides), [])
    done = promote(str(run.directory), "", "", "champion")
    assert done.version == 1
    # Recorded in float32, though it was trained in bfloat16.
    assert all(each.agrees for each in done.comparisons)


def test_another_machine_gets_the_same_reconstructions(
    run_dir: Path, directory: Path, tmp_path: Path
) -> None:
    import numpy as np
    import torch

    from latentsweep.models.exported import load_model

    promote(str(run_dir), "", "elsewhere", "champion")
    images = torch.rand(5, 1, 8, 8)
    np.save(tmp_path / "images.npy", images.numpy())
    code = (
        "import sys; sys.modules['latentsweep'] = None\n"
        "import mlflow, numpy as np\n"
        f"mlflow.set_tracking_uri('sqlite:///{directory}/mlflow.db')\n"
        "model = mlflow.pyfunc.load_model('models:/elsewhere@champion')\n"
        "np.save(sys.argv[2], model.predict(np.load(sys.argv[1])))\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "images.npy", tmp_path / "out.npy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = load_model(run_dir / "model").reconstruct(images).numpy()
    assert np.abs(np.load(tmp_path / "out.npy") - expected).max() <= 1e-5


def test_a_model_that_gives_other_numbers_is_refused(
    small: Small, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    from latentsweep.tracking.journal_recorder import JournalRecorder
    from latentsweep.tracking.store import open_store
    from latentsweep.tracking.uri import resolve_uri

    monkeypatch.chdir(directory)
    run_dir = Path(train(small(*TRACKED, "output_dir=runs", "seed=9"), []).directory).absolute()
    weights = run_dir / "model" / "weights.safetensors"
    save_file({name: value * 1.01 for name, value in load_file(weights).items()}, weights)
    recorder = JournalRecorder(run_dir)
    recorder.model(run_dir / "model", "model")
    recorder.close()
    with pytest.raises(LatentsweepError, match="cannot be recomputed") as caught:
        promote(str(run_dir), "", "refused", "champion")
    assert "val/elbo" in caught.value.found
    client = open_store(resolve_uri(URI))
    assert not client.search_registered_models("name = 'refused'")


def test_a_password_in_an_address_is_refused(run_dir: Path) -> None:
    with pytest.raises(ConfigError, match="holds a password") as caught:
        promote(str(run_dir), "http://me:s3cret@127.0.0.1:9", "", "champion")
    assert "s3cret" not in str(caught.value)


def test_a_run_is_promoted_in_its_own_store_alone(run_dir: Path) -> None:
    with pytest.raises(ConfigError, match="recorded in another store") as caught:
        promote(str(run_dir), "sqlite:////elsewhere/mlflow.db", "", "champion")
    assert "make sync RUN=" in caught.value.mend


@pytest.mark.parametrize(
    ("reference", "said"),
    [("f" * 32, "there is no run"), ("", "no run is named"), ("runs/none", "there is no run")],
)
@pytest.mark.usefixtures("run_dir")
def test_a_run_that_does_not_exist_is_told_of(reference: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        promote(reference, "", "", "champion")


@pytest.mark.usefixtures("run_dir")
def test_an_id_that_the_store_does_not_know_is_told_of() -> None:
    with pytest.raises(ConfigError, match="there is no run"):
        promote("f" * 32, URI, "", "champion")


def test_a_run_without_an_exported_model_is_exported_first(
    small: Small, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    overrides = (*TRACKED, "output_dir=runs", "tracking.log_model=false", "seed=5")
    summary = train(small(*overrides), [])
    run_dir = Path(summary.directory).absolute()
    assert not (run_dir / "model").exists()
    done = promote(str(run_dir), "", "later", "challenger")
    assert done.alias == "challenger"
    assert json.loads((run_dir / "model" / "about.json").read_text())["run"] == run_dir.name


def test_the_command_shows_what_was_compared(run_dir: Path, directory: Path) -> None:
    command = [sys.executable, str(ROOT / "pipelines" / "promote.py")]
    done = subprocess.run(
        [*command, str(run_dir)], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for word in ("val/elbo", "recorded", "recomputed", "registered: digits-beta_vae", "@champion"):
        assert word in done.stdout
    wrong = subprocess.run(
        [*command, "f" * 32], cwd=directory, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
