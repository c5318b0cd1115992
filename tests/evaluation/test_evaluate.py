"""What an evaluation puts on record, and what it holds against closed forms and plain sums."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from latentsweep.config.project import ROOT
from latentsweep.data.splits import load
from latentsweep.evaluation.subject import read_subject
from latentsweep.metrics.active_units import active_units
from latentsweep.metrics.latent_statistics import gaussian_total_correlation
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.recorded import read_recorded
from latentsweep.tracking.records import Metrics

from .conftest import evaluated, settings

Runs = Callable[..., Path]
GAUSSIAN = ("model=vae", "likelihood=gaussian")


def recorded_points(run_dir: Path, name: str) -> dict[int, float]:
    return {
        record.step: record.values[name]
        for record, _ in read_journal(run_dir / JOURNAL_NAME)
        if isinstance(record, Metrics) and name in record.values
    }


def test_scores_are_metrics_and_artifacts_under_test(runs: Runs) -> None:
    run_dir = runs(*GAUSSIAN)
    scores = evaluated(run_dir)
    for name in ("elbo", "nll", "mse", "ssim", "active_units", "probe_accuracy", "ppca/nll"):
        assert recorded_points(run_dir, f"test/{name}")[0] == scores["metrics"][name]
    files = {path.name for path in (run_dir / "files" / "test").iterdir()}
    pictures = {path.removesuffix(".png") for path in files if path.endswith(".png")}
    assert {"traversals", "interpolations", "latent_map", "correlation"} <= pictures
    assert all(f"{name}.csv" in files for name in pictures)
    assert "evaluation.html" in files


def test_a_repeated_evaluation_gives_the_same_numbers_and_records_nothing(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = runs(*GAUSSIAN)
    evaluated(run_dir)
    length = (run_dir / JOURNAL_NAME).stat().st_size
    capsys.readouterr()
    evaluated(run_dir)
    assert "the same numbers, to the bit" in capsys.readouterr().out
    assert (run_dir / JOURNAL_NAME).stat().st_size == length


def test_an_evaluation_with_other_settings_is_the_next_step_of_its_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from .conftest import trained

    run_dir = trained(tmp_path, "trainer.max_epochs=1")
    first = evaluated(run_dir, "importance_samples=1")
    second = evaluated(run_dir, "importance_samples=9")
    assert "other settings" in capsys.readouterr().out
    points = recorded_points(run_dir, "test/nll")
    assert points == {0: first["metrics"]["nll"], 1: second["metrics"]["nll"]}


def test_bounds_stand_in_their_order(runs: Runs) -> None:
    metrics = evaluated(runs(*GAUSSIAN), "importance_samples=20")["metrics"]
    assert metrics["elbo"] < -metrics["nll"] <= -metrics["quadrature_nll"] + 1e-3
    assert metrics["elbo"] == pytest.approx(-metrics["kl"] - metrics["reconstruction"])


def test_every_image_of_the_test_split_counts_once(runs: Runs) -> None:
    """Against plain sums over all images at once: no remainder dropped, no mean of means."""
    run_dir = runs(*GAUSSIAN)
    subject = read_subject(read_recorded(run_dir), settings())
    test = subject.splits.test
    images = test.images(torch.arange(len(test))).float()
    with torch.no_grad():
        posterior = subject.model.posterior(images)
        seen = subject.model.decode(posterior.mean)
    variance = posterior.variance.double()
    kl = 0.5 * (posterior.mean.double() ** 2 + variance - variance.log() - 1).sum(dim=1)
    metrics = evaluated(run_dir)["metrics"]
    assert len(test) == 180
    assert metrics["kl"] == pytest.approx(float(kl.mean()), rel=1e-5)
    assert metrics["mse"] == pytest.approx(float(((images - seen) ** 2).mean()), rel=1e-5)
    assert metrics["active_units"] == active_units(posterior.mean)
    assert metrics["gaussian_total_correlation_active"] == pytest.approx(
        gaussian_total_correlation(posterior.mean[:, posterior.mean.var(dim=0) > 0.01]), rel=1e-4
    )
    rows = list(csv.DictReader(io.StringIO((run_dir / "files/test/images.csv").read_text())))
    assert len(rows) == 180
    assert np.mean([float(row["kl"]) for row in rows]) == pytest.approx(metrics["kl"])


def test_ppca_is_that_of_the_closed_form(runs: Runs) -> None:
    run_dir = runs(*GAUSSIAN)
    metrics = evaluated(run_dir)["metrics"]
    config = read_subject(read_recorded(run_dir), settings()).config
    splits = load(config.data, config.seed)
    train, test = (
        split.images(torch.arange(len(split))).double().flatten(1)
        for split in (splits.train, splits.test)
    )
    values, vectors = torch.linalg.eigh(torch.cov(train.T, correction=0))
    noise = values[:-3].mean()
    spectrum = torch.cat([noise.expand(61), values[-3:]])
    covariance = vectors @ torch.diag(spectrum) @ vectors.T
    expected = -MultivariateNormal(train.mean(0), covariance).log_prob(test).mean()
    assert metrics["ppca/nll"] == pytest.approx(float(expected), abs=1e-3)
    centred = test - train.mean(0)
    left = centred - centred @ vectors[:, -3:] @ vectors[:, -3:].T
    assert metrics["pca/mse"] == pytest.approx(float((left**2).mean()), rel=1e-4)
    assert metrics["pca/mse"] <= metrics["ppca/mse"]


def test_an_autoencoder_has_no_likelihood(runs: Runs) -> None:
    metrics = evaluated(runs("model=ae", "likelihood=gaussian"))["metrics"]
    assert not {"elbo", "nll", "kl", "quadrature_nll"} & metrics.keys()
    assert metrics["reconstruction"] == metrics["reconstruction_at_mean"]
    assert "probe_accuracy" in metrics


@pytest.mark.parametrize(
    "model", ["iwae", "factor_vae", "info_vae", "dip_vae_i", "dip_vae_ii", "beta_tcvae"]
)
def test_every_model_is_evaluated(runs: Runs, model: str) -> None:
    metrics = evaluated(runs(f"model={model}", "trainer.max_epochs=1"))["metrics"]
    assert metrics["elbo"] < -metrics["nll"]


def test_pave_tells_what_its_three_units_encode(runs: Runs) -> None:
    run_dir = runs("experiment=pave", "data=digits", "trainer.max_epochs=1")
    metrics = evaluated(run_dir)["metrics"]
    assert metrics["ppca/quadrature_nll"] == metrics["ppca/nll"]
    for name in ("units", "ppca_units"):
        rows = list(csv.DictReader(io.StringIO((run_dir / f"files/test/{name}.csv").read_text())))
        assert {row["unit"] for row in rows} == {"z0", "z1", "z2"}
        assert all(float(row["share_alone"]) <= float(row["share_together"]) for row in rows)
        assert all(0 <= float(row["eta_squared_class"]) <= 1 for row in rows)
        assert all(float(row[f"overlap_{row['unit']}"]) > 0.99 for row in rows)
    page = (run_dir / "files/test/evaluation.html").read_text()
    assert "Probabilistic PCA" in page
    assert len(re.findall(r"<td>[01]\.\d\d with z[012]</td>", page)) == 6
    notes = json.loads((run_dir / "files/test/scores.json").read_text())["notes"]
    assert any("as good as" in note for note in notes)
    assert any("quadrature's own error" in note for note in notes)
    captions = re.findall("<h2>(.*?)</h2>", page)
    mine = captions.index("What each unit encodes")
    assert captions[mine + 1] == "What each unit of probabilistic PCA encodes"
    assert all(told.endswith(".") for told in re.findall('alt="(.*?)"', page))
    assert page.count("data:image/png;base64,") >= 6


def test_two_ranks_give_the_same_bits(runs: Runs) -> None:
    run_dir = runs(*GAUSSIAN)
    alone = evaluated(run_dir, "baselines=false")
    command = [sys.executable, str(ROOT / "pipelines" / "evaluate.py"), str(run_dir)]
    options = ["importance_samples=5", "baselines=false", "--devices", "2"]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert "the same numbers, to the bit" in done.stdout
    assert json.loads((run_dir / "files/test/scores.json").read_text()) == alone


@pytest.fixture
def with_factors(tmp_path: Path) -> str:
    """A file of images that two factors make: the place of a bar and its brightness."""
    place, light, copy = (grid.ravel() for grid in np.indices((6, 5, 40)))
    images = np.zeros((len(place), 8, 8), np.uint8)
    images[np.arange(len(place)), :, place] = 50 + 40 * light[:, None]
    path = tmp_path / "bars.npz"
    np.savez(path, data=images, factors=np.stack([place, light, copy * 0], axis=1))
    return f"data.path={path}"


def test_codes_are_scored_against_the_factors_of_the_data(
    tmp_path: Path, with_factors: str
) -> None:
    from .conftest import trained

    run_dir = trained(tmp_path, "data=arrays", with_factors, "data.test_fraction=0.5")
    scores = evaluated(run_dir)
    for name in ("mig", "dci_disentanglement", "sap", "factor_vae_score", "explicitness"):
        assert 0 <= scores["metrics"][name] <= 1
    assert "mig" in {name.removeprefix("ppca/") for name in scores["metrics"] if "/" in name}
    assert scores["versions"]["scikit-learn"]
    assert (run_dir / "files/test/factors.csv").exists()
