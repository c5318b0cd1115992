"""The best trial's config as a file."""

import subprocess
import sys
from pathlib import Path

import pytest

from latentsweep.config.compose import compose
from latentsweep.config.digest import digest
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.config.typed import typed
from latentsweep.sweep.best_config import write_best

TRIAL = (
    "data=digits",
    "batch_size=128",
    "model.latent_size=3",
    "model.beta=1.2345678901234567e-05",
    "trainer=cpu",
    "trainer.max_epochs=1",
    "trainer.threads=1",
    "trainer.progress_bar=false",
    "tracking.experiment=mine",
    "tracking.every_n_steps=3",
    "output_dir=/somewhere/of/the/sweep",
    "resume=never",
)


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("network=conv", "network.channels=[8,16]", "likelihood=gaussian", "kl_schedule=warmup"),
        ("model=ae", "model.beta=null", "data=arrays", "data.path='a b/ü$.npy'"),
        ("tracking=off", "optimizer.learning_rate=1e-9"),
        ("tracking=server", "tracking.uri=http://127.0.0.1:5000"),
    ],
    ids=["mlp", "conv", "ae", "off", "server"],
)
def test_the_file_is_the_same_run_as_an_ordinary_one(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    kept = [text for text in TRIAL if "model=ae" not in overrides or "beta" not in text]
    extra = [text for text in overrides if text != "model.beta=null"]
    trial = typed(compose(CONFIG_DIRECTORY, "train", [*kept, *extra]))
    path = write_best(trial, tmp_path)
    again = typed(compose(path.parent, path.stem, []))
    assert digest(again) == digest(trial)
    assert again.trainer.threads == trial.trainer.threads
    ordinary = typed(compose(CONFIG_DIRECTORY, "train", []))
    assert (again.resume, again.output_dir) == (ordinary.resume, ordinary.output_dir)
    assert again.tracking.every_n_steps == ordinary.tracking.every_n_steps
    assert again.tracking.experiment == "mine"
    assert (again.tracking.name, again.tracking.uri) == (trial.tracking.name, trial.tracking.uri)


def test_the_file_trains_by_the_command_that_stands_in_it(tmp_path: Path) -> None:
    trial = typed(compose(CONFIG_DIRECTORY, "train", [*TRIAL, "tracking=off"]))
    path = write_best(trial, tmp_path / "best config")
    command = [sys.executable, str(ROOT / "pipelines" / "train.py")]
    command += ["--config-path", str(path.parent), "--config-name", path.stem]
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in work.iterdir()] == ["runs"]
    (run,) = (work / "runs").glob("digits-*")
    record = (run / "journal.jsonl").read_text()
    assert f'"latentsweep.config_digest":"{digest(trial)}"' in record
