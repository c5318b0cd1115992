"""Objectives that some trial lacks, or that the search itself would move, are refused."""

from pathlib import Path

import numpy as np
import pytest

from latentsweep.config import TrainConfig
from latentsweep.config.typed import typed
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.sweep.corners import check_corners
from latentsweep.sweep.keys import choices_with, is_whole_number, schemas
from latentsweep.sweep.objective import Direction, check_objectives, logged_metrics

from .search_spaces import by_hydra, composer_of, space_of


def check(
    objectives: list[str],
    expressions: dict[str, str],
    *fixed: str,
    direction: Direction | tuple[Direction, ...] | None = None,
) -> tuple[Direction, ...]:
    space = space_of(expressions, {}, *fixed)
    corners = check_corners(space, composer_of(space, *fixed), describe, build=False)
    return check_objectives(objectives, direction, corners, space)


def config(*overrides: str) -> TrainConfig:
    return typed(by_hydra(list(overrides)))


BETA = {"model.beta": "1,2"}


@pytest.mark.parametrize(
    ("objectives", "directions"),
    [
        (["val/elbo"], ("maximize",)),
        (["val/loss"], ("minimize",)),
        (["val/kl", "val/reconstruction"], ("minimize", "minimize")),
        (["val/elbo", "val/mig"], ("maximize", "maximize")),
    ],
)
def test_direction_is_natural_for_each_metric(
    objectives: list[str], directions: tuple[Direction, ...]
) -> None:
    found = check(objectives, {"model.latent_size": "2,3"}, "data=sprites_rendered")
    assert found == directions


def test_given_directions_are_taken_one_an_objective() -> None:
    assert check(["val/active_units"], BETA, direction="minimize") == ("minimize",)
    assert check(["val/kl"], BETA, direction=("maximize",)) == ("maximize",)
    with pytest.raises(ConfigError, match="1 for 2 objectives"):
        check(["val/kl", "val/elbo"], BETA, direction="minimize")
    with pytest.raises(ConfigError, match=r"sweep.direction=\[maximize,maximize\]"):
        check(["val/active_units", "val/elbo"], BETA)


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("val/elb", "did you mean val/elbo"),
        ("elbo", "did you mean val/elbo?"),
        ("train/elbo", "did you mean val/elbo?"),
        ("accuracy", "one of val/elbo, val/reconstruction"),
    ],
)
def test_unknown_metric_is_told_with_the_known_ones(objective: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check([objective], BETA)
    assert says in str(caught.value)


@pytest.mark.parametrize("objective", ["val/elbo", "val/kl", "val/active_units"])
def test_metric_of_a_prior_is_refused_where_a_trial_has_none(objective: str) -> None:
    with pytest.raises(ConfigError, match="model=ae: it has no prior"):
        check([objective], {"model": "vae,ae"}, direction="maximize")


def test_disentanglement_needs_factors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="data=digits: its images come without the factors"):
        check(["val/mig"], BETA, "data=digits")
    images = np.zeros((8, 4, 4), dtype=bool)
    np.savez(tmp_path / "with.npz", data=images, factors=np.zeros((8, 1), dtype=int))
    np.savez(tmp_path / "without.npz", data=images)
    assert "val/mig" in logged_metrics(config("data=arrays", f"data.path={tmp_path}/with.npz"))
    assert "val/mig" not in logged_metrics(
        config("data=arrays", f"data.path={tmp_path}/without.npz")
    )


@pytest.mark.parametrize(
    ("objective", "expressions", "fixed", "reason"),
    [
        ("val/loss", {"model.beta": "1,2"}, "data=digits", "model.beta is searched"),
        ("val/loss", {"model.free_bits": "0.0,0.5"}, "data=digits", "model.free_bits is searched"),
        ("val/loss", {"model": "beta_vae,ae"}, "data=digits", "model is searched"),
        ("val/loss", {"kl_schedule": "constant,warmup"}, "data=digits", "kl_schedule is searched"),
        ("val/loss", {"kl_schedule.steps": "1,2"}, "kl_schedule=warmup", "kl_schedule.steps is"),
        ("val/loss", {"batch_size": "32,64"}, "kl_schedule=warmup", "how many steps a run has"),
        ("val/loss", {"trainer.max_epochs": "1,2"}, "kl_schedule=cyclic", "how many steps"),
        ("val/loss", {"model.gamma": "1.0,2.0"}, "model=factor_vae", "model.gamma is searched"),
        ("val/loss", {"model.beta": "1.0,2.0"}, "model=beta_tcvae", "model.beta is searched"),
        *(
            ("val/loss", {f"model.{key}": "1.0,2.0"}, f"model={name}", f"model.{key} is searched")
            for name in ("dip_vae_i", "dip_vae_ii")
            for key in ("lambda_diagonal", "lambda_off_diagonal")
        ),
        ("val/loss", {"model.alpha": "0.1,0.2"}, "model=info_vae", "model.alpha is searched"),
        ("val/loss", {"model.mmd_weight": "1.0,2.0"}, "model=info_vae", "model.mmd_weight is"),
        ("val/loss", {"model.importance_samples": "1,5"}, "model=iwae", "the bound tight"),
        (
            "val/loss",
            {"model.discriminator_learning_rate": "1e-5,1e-4"},
            "model=factor_vae",
            "the discriminator bad",
        ),
        ("val/loss", {"batch_size": "32,64"}, "model=info_vae", "how many images a batch has"),
        ("val/elbo", {"data": "mnist,fashion_mnist"}, "seed=0", "which images"),
        ("val/kl", {"data.binarise": "none,dynamic"}, "data=mnist", "which images"),
        ("val/active_units", {"data.val_fraction": "0.1,0.2"}, "data=digits", "which images"),
        ("val/elbo", {"data.test_fraction": "0.1,0.2"}, "data=digits", "which images"),
        ("val/reconstruction", {"data.image_size": "32,64"}, "data=celeba", "which images"),
        ("val/elbo", {"seed": "1,2"}, "data=digits", "the luckiest split"),
        ("val/elbo", {"likelihood": "bernoulli,gaussian"}, "data=digits", "densities"),
        ("val/reconstruction", {"likelihood": "glob(*)"}, "data=digits", "densities"),
        ("val/loss", {"likelihood": "bernoulli,laplace"}, "data=digits", "densities"),
    ],
)
def test_objective_that_the_search_would_move_is_refused_with_the_reason(
    objective: str, expressions: dict[str, str], fixed: str, reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check([objective], expressions, fixed, direction="minimize")
    assert f"sweep.objective={objective} cannot be compared" in str(caught.value)
    assert reason in str(caught.value)


OF_MODELS = [key for key in schemas() if key.startswith("model.")]


@pytest.mark.parametrize("key", sorted({*OF_MODELS} - {"model.name", "model.latent_size"}))
def test_no_key_of_a_model_may_be_searched_for_the_loss_that_it_is_part_of(key: str) -> None:
    values = "1,2" if is_whole_number(key) else "0.5,1.0"
    with pytest.raises(ConfigError, match=f"{key} is searched"):
        check(["val/loss"], {key: values}, "data=digits", f"model={choices_with(key)[-1]}")


@pytest.mark.parametrize(
    ("objective", "expressions", "fixed"),
    [
        ("val/elbo", {"model.beta": "1,2", "kl_schedule": "constant,warmup"}, "data=digits"),
        ("val/elbo", {"likelihood": "gaussian,laplace,continuous_bernoulli"}, "data=digits"),
        ("val/elbo", {"likelihood.variance": "0.1,1.0"}, "likelihood=gaussian"),
        ("val/kl", {"likelihood": "bernoulli,gaussian"}, "data=digits"),
        ("val/loss", {"model.latent_size": "2,3", "batch_size": "32,64"}, "data=digits"),
        ("val/reconstruction", {"model": "ae,vae"}, "data=digits"),
        ("val/elbo", {"model": "vae,iwae,factor_vae"}, "data=digits"),
        ("val/elbo", {"model.gamma": "1.0,2.0", "batch_size": "32,64"}, "model=factor_vae"),
        ("val/loss", {"batch_size": "32,64"}, "model=iwae"),
    ],
)
def test_objective_that_means_the_same_in_all_trials_is_taken(
    objective: str, expressions: dict[str, str], fixed: str
) -> None:
    assert check([objective], expressions, fixed)


def test_objective_named_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        check(["val/kl", "val/kl"], BETA)
