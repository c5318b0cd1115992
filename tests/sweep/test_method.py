"""Samplers and pruners: every argument of Optuna's is there, and nothing wrong passes."""

import inspect
from typing import Any

import optuna
import pytest
import yaml
from optuna import pruners, samplers

from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.errors import ConfigError
from latentsweep.sweep.pruners import CLASSES as PRUNERS
from latentsweep.sweep.pruners import build_pruner
from latentsweep.sweep.samplers import CLASSES as SAMPLERS
from latentsweep.sweep.samplers import build_sampler, check_n_trials, grid_size

from .search_spaces import DEFAULT, space_of

SPACE = space_of(DEFAULT)
GRID = space_of({"model.latent_size": "2,4,8", "model.beta": "range(0.5,2,0.5)"})
CONDITIONAL = space_of(
    {"network": "mlp,conv", "network.hidden_size": "range(8,16)"},
    {"network.hidden_size": {"network": "conv"}},
)
OPTUNAS: dict[str, type] = {
    "sampler/tpe": samplers.TPESampler,
    "sampler/gp": samplers.GPSampler,
    "sampler/cma_es": samplers.CmaEsSampler,
    "sampler/nsga_ii": samplers.NSGAIISampler,
    "sampler/qmc": samplers.QMCSampler,
    "sampler/random": samplers.RandomSampler,
    "sampler/grid": samplers.GridSampler,
    "pruner/median": pruners.MedianPruner,
    "pruner/percentile": pruners.PercentilePruner,
    "pruner/successive_halving": pruners.SuccessiveHalvingPruner,
    "pruner/hyperband": pruners.HyperbandPruner,
    "pruner/patient": pruners.PatientPruner,
    "pruner/none": pruners.NopPruner,
}
NOT_PLAIN = {
    # Functions and objects.
    "constraints_func",
    "gamma",
    "weights",
    "independent_sampler",
    "source_trials",
    "mutation",
    "crossover",
    "elite_population_selection_strategy",
    "child_generation_strategy",
    "after_trial_strategy",
    # Without effect in the pinned version.
    "consider_prior",
    "restart_strategy",
    "inc_popsize",
    # What is printed, not what is sampled.
    "warn_independent_sampling",
    "warn_asynchronous_seeding",
    # Known from the sweep itself.
    "seed",
    "search_space",
}
RENAMED = {"wrapped_pruner": "wrapped"}
# Optuna has no default for the first three; the last is chosen for sweeps of few epochs.
OWN_CHOICE = {
    "percentile": 25.0,
    "patience": 2,
    "wrapped": None,
    "min_resource": 1,
}


def settings_of(choice: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONFIG_DIRECTORY / f"{choice}.yaml").read_text())
    return loaded


def test_every_choice_of_conf_is_one_of_optuna_s() -> None:
    folders = [CONFIG_DIRECTORY / "sampler", CONFIG_DIRECTORY / "pruner"]
    found = {f"{path.parent.name}/{path.stem}" for folder in folders for path in folder.iterdir()}
    assert (
        found
        == set(OPTUNAS)
        == {f"sampler/{name}" for name in SAMPLERS} | {f"pruner/{name}" for name in PRUNERS}
    )


@pytest.mark.parametrize("choice", OPTUNAS)
def test_every_plain_argument_stands_in_the_file_with_optuna_s_default(choice: str) -> None:
    parameters = inspect.signature(OPTUNAS[choice]).parameters
    expected = {
        RENAMED.get(name, name): OWN_CHOICE.get(RENAMED.get(name, name), parameter.default)
        for name, parameter in parameters.items()
        if name not in NOT_PLAIN
    }
    assert settings_of(choice) == {"name": choice.partition("/")[2], **expected}


@pytest.mark.parametrize("choice", OPTUNAS)
def test_every_file_builds_optuna_s_own(choice: str) -> None:
    part, _, name = choice.partition("/")
    if part == "sampler":
        built: object = build_sampler(settings_of(choice), 1, GRID if name == "grid" else SPACE, 1)
        wanted = samplers.BaseSampler if name == "grid" else OPTUNAS[choice]
    else:
        built, wanted = build_pruner(settings_of(choice)), OPTUNAS[choice]
    assert isinstance(built, wanted)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "tpee"}, "did you mean tpe?"),
        ({}, "sweep.sampler.name is wrong"),
        ({"name": "tpe", "n_startup_trial": 3}, "did you mean n_startup_trials?"),
        ({"name": "random", "seed": 3}, "random has none of that name"),
        ({"name": "tpe", "n_startup_trials": -1}, "greater than or equal to 0"),
        ({"name": "tpe", "n_startup_trials": "ten"}, "a whole number"),
        ({"name": "tpe", "constant_liar": 1}, "valid boolean"),
        ({"name": "tpe", "multivariate": False, "group": True}, "arguments together"),
        ({"name": "qmc", "qmc_type": "sobel"}, "'sobol' or 'halton'"),
        ({"name": "cma_es", "lr_adapt": True, "with_margin": True}, "arguments together"),
        ({"name": "cma_es", "x0": {"model.beta": 100}}, "100 is outside"),
        ({"name": "cma_es", "x0": {"model.beta": 1.0}}, "x0 lacks model.latent_size"),
        ({"name": "nsga_ii", "population_size": 1}, "greater than or equal to 2"),
    ],
)
def test_wrong_sampler_settings_are_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_sampler(settings, 1, SPACE, 1)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "hyperbend"}, "did you mean hyperband?"),
        ({"name": "none", "patience": 3}, "no argument"),
        ({"name": "percentile", "percentile": 101}, "less than or equal to 100"),
        ({"name": "percentile"}, "sweep.pruner.percentile is missing"),
        ({"name": "hyperband", "max_resource": "all"}, "sweep.pruner.max_resource is wrong"),
        ({"name": "hyperband", "bootstrap_count": 2}, "arguments together"),
        ({"name": "patient", "patience": 2, "wrapped": {"name": "madian"}}, "sweep.pruner.wrapped"),
        (
            {"name": "patient", "patience": 2, "wrapped": {"name": "median", "n_warmup": 3}},
            "argument sweep.pruner.wrapped.n_warmup",
        ),
    ],
)
def test_wrong_pruner_settings_are_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_pruner(settings)
    assert says in str(caught.value)


@pytest.mark.parametrize("wrapped", ["median", "hyperband", "successive_halving", "percentile"])
def test_patience_wraps_any_other_pruner(wrapped: str) -> None:
    inner = settings_of(f"pruner/{wrapped}")
    built = build_pruner({"name": "patient", "wrapped": inner, "patience": 1})
    assert isinstance(built._wrapped_pruner, OPTUNAS[f"pruner/{wrapped}"])


@pytest.mark.parametrize(
    ("name", "space", "objectives", "says"),
    [
        ("grid", SPACE, 1, "model.beta=choice(...) or range(...)"),
        (
            "grid",
            space_of({"model.latent_size": "range(1,1000)", "seed": "range(1,1000)"}),
            1,
            "too large",
        ),
        ("grid", CONDITIONAL, 1, "cannot search a space with conditions"),
        ("qmc", CONDITIONAL, 1, "cannot search a space with conditions"),
        ("gp", CONDITIONAL, 1, "cannot search a space with conditions"),
        ("nsga_ii", CONDITIONAL, 1, "cannot search a space with conditions"),
        ("cma_es", space_of({"network": "mlp,conv"}), 1, "draw choices at random"),
        ("cma_es", SPACE, 2, "optimises one objective"),
    ],
)
def test_sampler_that_cannot_search_this_is_refused(
    name: str, space: Any, objectives: int, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_sampler({"name": name}, 1, space, objectives)
    assert says in str(caught.value)


def test_several_objectives_are_not_pruned() -> None:
    with pytest.raises(ConfigError, match="pruner=none"):
        build_pruner({"name": "median"}, 2)
    assert isinstance(build_pruner({"name": "none"}, 2), optuna.pruners.NopPruner)


def test_grid_takes_no_more_trials_than_it_has_combinations() -> None:
    assert grid_size(GRID) == 9
    assert grid_size(SPACE) is None
    check_n_trials({"name": "grid"}, GRID, 9)
    check_n_trials({"name": "tpe"}, GRID, 10)
    with pytest.raises(ConfigError, match=r"sweep\.n_trials=9"):
        check_n_trials({"name": "grid"}, GRID, 10)
