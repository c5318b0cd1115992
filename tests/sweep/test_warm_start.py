"""A sweep learns from an earlier one."""

from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import SETTINGS, SLOT, WARM_START
from latentsweep.sweep.warm_start import warm_start

from .search_spaces import DEFAULT, space_of

SPACE = space_of(DEFAULT)
WIDER = space_of(DEFAULT | {"model.latent_size": "tag(log,int(interval(2,128)))"})


def study_of(name: str, **changed: Any) -> optuna.Study:
    study = optuna.create_study(study_name=name, direction="maximize")
    settings: dict[str, Any] = {
        "objectives": ["val/elbo"],
        "directions": ["maximize"],
        "fixed": {"data.name": "digits", "seed": 0, "trainer.max_epochs": 8},
    }
    study.set_user_attr(SETTINGS, settings | changed)
    return study


def add(study: optuna.Study, latent_size: int, state: TrialState = TrialState.COMPLETE) -> None:
    study.add_trial(
        create_trial(
            state=state,
            values=[-200.0] if state == TrialState.COMPLETE else None,
            params={"model.latent_size": latent_size, "model.beta": 1.0},
            distributions=WIDER.distributions(),
            intermediate_values={1: -300.0},
            user_attrs={SLOT: 0},
        )
    )


def test_finished_trials_inside_the_space_are_taken_over_without_a_slot() -> None:
    earlier, study = study_of("earlier"), study_of("new")
    add(earlier, 16)
    add(earlier, 100)  # outside
    add(earlier, 8, TrialState.PRUNED)
    add(earlier, 4, TrialState.FAIL)
    assert warm_start(study, earlier, SPACE) == 2
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    first = study.trials[0]
    assert (first.value, first.intermediate_values) == (-200.0, {1: -300.0})
    assert first.user_attrs == {WARM_START: "earlier 0"}
    assert first.distributions == SPACE.distributions()


def test_doing_it_again_adds_only_what_is_new() -> None:
    earlier, study = study_of("earlier"), study_of("new")
    add(earlier, 16)
    warm_start(study, earlier, SPACE)
    add(earlier, 8)
    assert warm_start(study, earlier, SPACE) == 2
    assert [trial.params["model.latent_size"] for trial in study.trials] == [16, 8]


def test_space_that_no_trial_lies_in_is_told() -> None:
    earlier = study_of("earlier")
    add(earlier, 100)
    with pytest.raises(ConfigError, match="none of its trials lies in this search space"):
        warm_start(study_of("new"), earlier, SPACE)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"objectives": ["val/kl"]}, "objectives val/kl"),
        ({"directions": ["minimize"]}, "directions minimize"),
        ({"fixed": {"data.name": "mnist", "seed": 0}}, "data.name=mnist"),
        ({"fixed": {"data.name": "digits", "seed": 1}}, "seed=1"),
    ],
)
def test_values_that_mean_something_else_are_refused(changed: dict[str, Any], says: str) -> None:
    earlier = study_of("earlier", **changed)
    add(earlier, 16)
    with pytest.raises(ConfigError) as caught:
        warm_start(study_of("new"), earlier, SPACE)
    assert says in str(caught.value)


def test_study_of_another_program_is_refused() -> None:
    earlier = optuna.create_study(study_name="foreign", direction="maximize")
    with pytest.raises(ConfigError, match="not made by latentsweep"):
        warm_start(study_of("new"), earlier, SPACE)
