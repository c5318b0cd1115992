"""A small comparison as a user makes it, and the mistakes that one can make."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from latentsweep.comparison.request import read_request
from latentsweep.config.project import ROOT
from latentsweep.errors import ConfigError
from latentsweep.metrics.interval import mean_interval
from latentsweep.tracking.progress import read_identity

from ..training.conftest import SMALL

SHARED = [
    *(text for text in SMALL if text not in ("tracking=off", "trainer.max_epochs=2")),
    "network.hidden_sizes=[32]",
    "tracking.images_every_n_epochs=0",
    "trainer.max_epochs=1",
    "model.beta=2",
]


def command(script: str, place: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / script), *arguments],
        cwd=place,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where a comparison was made, and what was printed."""
    place = tmp_path_factory.mktemp("place")
    options = ("--models", "ae,beta_vae", "--n", "2", "--samples", "5", "--workers", "2")
    return place, command("compare.py", place, *options, *SHARED)


def comparison(place: Path) -> Path:
    (directory,) = (place / "comparisons").iterdir()
    return directory


def test_each_model_is_trained_with_each_seed(compared: tuple[Path, str]) -> None:
    place, told = compared
    runs = {path.parent.parent.name for path in comparison(place).glob("trials/*/*/summary.json")}
    assert runs == {f"{model}-{seed}" for model in ("ae", "beta_vae") for seed in (0, 1)}
    assert "left out:   model.beta=2 (not of ae)" in told


def test_the_page_needs_nothing_else_and_shows_what_was_asked_for(
    compared: tuple[Path, str],
) -> None:
    page = (comparison(compared[0]) / "comparison.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/png;base64,") == 6  # three sheets, two maps, rate and distortion
    for text in ("Reconstructions", "Drawn from the prior", "Interpolations", "Latent map: ae"):
        assert text in page
    assert "beta_vae has it: nothing to compare" in page  # such as the NLL, which no AE has


def test_the_parent_run_holds_means_and_intervals_of_the_runs_below_it(
    compared: tuple[Path, str],
) -> None:
    place = compared[0]
    identity = read_identity(comparison(place))
    assert identity is not None
    client = MlflowClient(f"sqlite:///{place}/mlflow.db")
    parent = client.get_run(identity.run_id)
    below = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{identity.run_id}'"
    )
    assert len(below) == 4
    own = [run for run in below if run.data.tags["mlflow.runName"].startswith("beta_vae")]
    values = [run.data.metrics["test/mse"] for run in own]
    expected = mean_interval(values)
    assert parent.data.metrics["beta_vae/mse"] == pytest.approx(expected.mean)
    assert parent.data.metrics["beta_vae/mse/low95"] == pytest.approx(expected.low)
    assert parent.info.status == "FINISHED"
    files = {file.path for file in client.list_artifacts(identity.run_id)}
    assert {"comparison.html", "scores.csv", "figures"} <= files


def test_the_scores_are_there_as_a_table(compared: tuple[Path, str]) -> None:
    text = (comparison(compared[0]) / "files/scores.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4
    assert all(row["nll"] == "" for row in rows if row["model"] == "ae")
    assert all(float(row["nll"]) > 0 for row in rows if row["model"] != "ae")


def test_the_same_command_trains_and_evaluates_nothing_twice(compared: tuple[Path, str]) -> None:
    place = compared[0]
    options = ("--models", "ae,beta_vae", "--n", "2", "--samples", "5", "--workers", "2")
    told = command("compare.py", place, *options, *SHARED)
    assert "training" not in told
    assert told.count("evaluated before") == 4


def test_seeds_of_a_comparison_agree_as_udr_says(compared: tuple[Path, str]) -> None:
    place = compared[0]
    told = command("evaluate.py", place, str(comparison(place)))
    assert told.count("│ digits-") == 2  # an autoencoder has no KL that tells informative latents
    assert "beta_vae, 3 latents: median" in told
    assert "three seeds make a ranking" in told  # the two have the same score


def test_kl_weights_are_models_of_their_own() -> None:
    request = read_request([], 2, [], betas=["1", "4"])
    assert request.models == ["beta 1", "beta 4"]
    assert request.command_line("beta 4", 1) == ["model=beta_vae", "model.beta=4", "seed=1"]
    assert request.name != read_request([], 3, [], betas=["1", "4"]).name
    with pytest.raises(ConfigError, match="BETAS= has 1 more than once") as caught:
        read_request([], 2, [], betas=["1", "1.0", "4"])
    assert caught.value.mend == "BETAS=1,4"
    with pytest.raises(ConfigError, match="numbers with commas"):
        read_request([], 2, [], betas=["1", "four"])
    with pytest.raises(ConfigError, match="BETAS= in its place"):
        read_request([], 2, ["model.beta=3"], betas=["1", "4"])


@pytest.mark.parametrize(
    ("models", "n", "overrides", "told"),
    [
        (["vae"], 5, [], "two models at least"),
        (["vae", "vae"], 5, [], "each once"),
        (["vae", "ae"], 1, [], "one seed has no spread"),
        (["vae", "ae"], 5, ["model=iwae"], "MODELS= in its place"),
        (["vae", "ae"], 5, ["resume=never"], "the same command goes on"),
        (["vae", "ae"], 10**6, [], "2 to 1000 seeds"),
        (["vae", "ae"], 5, ["seed=3"], "N= in its place"),
        (["vae", "vea"], 5, [], "unknown choice model=vea"),
        (["vae", "ae"], 5, ["model.latent_sise=3"], "did you mean model.latent_size"),
        (["vae", "ae"], 5, ["data=digits", "batch_size=4000"], "larger than the training set"),
    ],
)
def test_requests_that_make_no_comparison_are_refused(
    models: list[str], n: int, overrides: list[str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        read_request(models, n, overrides)
