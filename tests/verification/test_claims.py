"""The rows themselves: names, sources, and recipes that compose."""

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from latentsweep.command import checked
from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.model import VAEConfig
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.errors import DataError
from latentsweep.verification import trained as module
from latentsweep.verification.claim import Claim, NotRunError
from latentsweep.verification.claims import all_claims, named
from latentsweep.verification.errors import (
    TrainingFailedError,
    UnknownClaimError,
    VerificationStoppedError,
)
from latentsweep.verification.factor_grid import noise
from latentsweep.verification.linear_vae import expected_terms, linear_model, linear_problem
from latentsweep.verification.rows import likelihood, mistakes, published, short_runs
from latentsweep.verification.trained import finished, scores, trained, where_trained

SHORT = ("data=digits", "trainer=cpu", "trainer.max_epochs=1", "network.hidden_sizes=[8]")


def config(*overrides: str) -> TrainConfig:
    return checked(compose(CONFIG_DIRECTORY, "train", overrides))


def test_every_row_has_a_name_of_its_own_a_source_and_an_expectation_that_can_fail() -> None:
    claims = all_claims()
    assert len({claim.name for claim in claims}) == len(claims)
    for claim in claims:
        assert claim.claim, claim.name
        assert claim.source, claim.name
        assert claim.expected is None or math.isfinite(claim.expected)
        assert not claim.tolerance.holds(claim.expected or 0.0, math.nan)
        assert min(claim.tolerance.below, claim.tolerance.above) < 2


def test_a_row_is_found_by_its_name_and_an_unknown_one_told_with_the_nearest() -> None:
    claims = all_claims()
    assert named(claims, "") == claims
    assert [claim.name for claim in named(claims, "mnist_vae")] == ["mnist_vae"]
    with pytest.raises(UnknownClaimError, match="ONLY=burda_vea") as error:
        named(claims, "burda_vea")
    assert "did you mean burda_vae" in error.value.mend
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("overrides", "batch", "rate", "epochs", "binarise", "latents", "hidden"),
    [
        (published.RECIPES[0].overrides, 100, 1e-4, 500, "static", 40, (400,)),
        (published.RECIPES[1].overrides, 20, 1e-4, 3280, "static", 50, (200, 200)),
        (published.RECIPES[2].overrides, 20, 1e-4, 3280, "dynamic", 50, (200, 200)),
        (published.RECIPES[3].overrides, 20, 1e-4, 3280, "dynamic", 50, (200, 200)),
        (published.RECIPES[4].overrides, 20, 1e-4, 3280, "dynamic", 50, (200, 200)),
        (short_runs.MNIST_VAE, 128, 1e-3, 10, "none", 20, (400,)),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) and value else None,
)
def test_recipes_on_mnist_are_those_that_their_sources_give(
    overrides: tuple[str, ...],
    batch: int,
    rate: float,
    epochs: int,
    binarise: str,
    latents: int,
    hidden: tuple[int, ...],
) -> None:
    found = config(*overrides)
    assert (found.batch_size, found.optimizer.learning_rate) == (batch, rate)
    assert (found.trainer.max_epochs, found.trainer.max_steps) == (epochs, None)
    assert found.trainer.precision == "32-true"
    assert (found.data.name, found.data.binarise) == ("mnist", binarise)  # type: ignore[union-attr]
    assert found.model.latent_size == latents
    assert found.network.hidden_sizes == hidden  # type: ignore[union-attr]
    assert found.likelihood.name == "bernoulli"


def test_importance_weighted_recipes_have_their_samples() -> None:
    found = {each.name: config(*each.overrides).model for each in published.RECIPES}
    samples = {name: getattr(model, "importance_samples", None) for name, model in found.items()}
    assert samples == {
        "static_mnist_vae": None,
        "static_mnist_iwae": 50,
        "burda_vae": None,
        "burda_iwae_5": 5,
        "burda_iwae": 50,
    }


def test_the_study_is_every_weight_with_every_seed() -> None:
    runs = [config(*overrides) for overrides in published.locatello_runs()]
    assert len({(run.model.beta, run.seed) for run in runs}) == 30  # type: ignore[union-attr]
    for run in runs:
        assert (run.batch_size, run.optimizer.learning_rate) == (64, 1e-4)
        assert run.trainer.max_steps == 300_000
        assert (run.model.name, run.model.latent_size) == ("beta_vae", 10)
        assert (run.network.name, run.likelihood.name) == ("conv", "bernoulli")
        # Enough epochs for the steps.
        images = round(737_280 * 0.97 * 0.998)
        assert images // 64 * run.trainer.max_epochs >= 300_000


def test_a_run_is_trained_once_and_measured_as_it_was_at_its_end(tmp_path: Path) -> None:
    run = trained(tmp_path, SHORT)
    assert run.parent == tmp_path
    written = (run / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    assert trained(tmp_path, SHORT) == run
    assert (run / "checkpoints" / "last.ckpt").stat().st_mtime_ns == written
    assert finished(tmp_path, (*SHORT, "seed=1")) is None
    assert re.fullmatch(
        r"trained by commit \w{7} with torch \S+ on .+, in 0 min", where_trained(run)
    )
    _spoil(run / "checkpoints" / "best.ckpt")
    metrics = scores(run, ["importance_samples=2"])
    assert metrics["nll_samples"] == 2
    assert metrics["nll"] < -metrics["elbo"] < 60  # the spoilt one has hundreds


def _spoil(checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["model.decoder.2.bias"] += 10
    torch.save(content, checkpoint)


def test_data_that_cannot_be_had_is_no_failure_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        raise DataError("mnist is not on this machine", mend="fetch it")

    monkeypatch.setattr(module, "load", load)
    with pytest.raises(NotRunError, match="mnist is not on this machine"):
        trained(tmp_path / "runs", SHORT)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, TrainingFailedError), (137, TrainingFailedError), (130, VerificationStoppedError)],
)
def test_training_that_fails_is_told_apart_from_training_that_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]
) -> None:
    monkeypatch.setattr(module, "run_command", lambda *_: code)
    (tmp_path / "output.txt").write_text("it said why\n")
    with pytest.raises(error):
        trained(tmp_path, SHORT)


@pytest.mark.parametrize(
    ("module", "name", "row"),
    [
        (likelihood, "ppca_log_likelihood", "ppca_rate_distortion"),
        (likelihood, "quadrature", "quadrature_1"),
        (mistakes, "mutual_information_gap", "mig_as_published"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_computes_another_number_is_noticed(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, row: str
) -> None:
    (claim,) = named(all_claims(), row)
    right = getattr(module, name)

    def wrong(*given: object, **named: object) -> object:
        found = right(*given, **named)
        if isinstance(found, float):
            return found + 0.001
        return replace(found, log_likelihood=found.log_likelihood + 0.001)

    assert _agrees(claim)
    monkeypatch.setattr(module, name, wrong)
    assert not _agrees(claim)


def _agrees(claim: Claim) -> bool:
    found = claim.measure(Path("x"))
    assert found.expected is not None
    return claim.tolerance.holds(found.expected, found.got)


def test_the_command_names_the_nearest_row(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "pipelines/verify.py"), "--only", "mig_as_publishd"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean mig_as_published?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_points_that_stand_for_all_noise_give_the_mean_over_draws() -> None:
    problem = linear_problem(3.0, 1.0, 0.5, count=5)
    model = linear_model(VAEConfig(latent_size=2), 3, 0.5, learned=False)
    with torch.no_grad():
        drawn = torch.stack(
            [model.terms(problem.images, noise(5, 2, seed).double()).elbo for seed in range(4000)]
        )
        exact = expected_terms(model, problem.images).elbo.reshape(4, 5).mean(dim=0)
    torch.testing.assert_close(drawn.mean(dim=0), exact, rtol=0, atol=0.1)
