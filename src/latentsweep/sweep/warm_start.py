"""A warm start: what an earlier study found out is told to the sampler of this one."""

from optuna import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import SETTINGS, WARM_START
from latentsweep.sweep.space import SearchSpace

# Keys that settle the images, their split, and the unit of the metric.
_OF_THE_METRIC = ("data.", "seed", "likelihood.name")
_LEARNT_FROM = (TrialState.COMPLETE, TrialState.PRUNED)


def warm_start(study: Study, earlier: Study, space: SearchSpace) -> int:
    """Add an earlier study's finished trials that lie in this search space.

    They count for sampler and pruner, not for the number of trials: they have no slot. Doing it
    again adds what is new in the earlier study.

    Args:
        study: the new study.
        earlier: the study to learn from.
        space: what the new one searches.

    Returns:
        How many trials of the earlier study are in the new one.

    Raises:
        ConfigError: the studies' values cannot be compared, or no trial lies in the space.
    """
    _check_comparable(study, earlier)
    finished = earlier.get_trials(deepcopy=False, states=_LEARNT_FROM)
    # What the earlier study was told itself stays out: it may come from the study before that.
    fitting = [
        trial
        for trial in finished
        if WARM_START not in trial.user_attrs and space.fits(trial.params)
    ]
    if not fitting:
        searched = sorted({key for trial in finished for key in trial.params})
        raise ConfigError(
            f"sweep.warm_start={earlier.study_name}: none of its trials lies in this search space",
            found=f"{len(finished)} finished trials over {', '.join(searched) or 'nothing'}",
            expected="; ".join(f"{key}: {text}" for key, text in space.describe().items()),
            mend="warm_start=null, or a study that searched the same keys",
        )
    here = {trial.user_attrs.get(WARM_START) for trial in study.get_trials(deepcopy=False)}
    for trial in fitting:
        name = f"{earlier.study_name} {trial.number}"
        if name not in here:
            study.add_trial(_copy(trial, name, space))
    return len(fitting)


def _copy(trial: FrozenTrial, name: str, space: SearchSpace) -> FrozenTrial:
    params = {key: space[key].stored(value) for key, value in trial.params.items()}
    distributions = space.distributions()
    return create_trial(
        state=trial.state,
        values=trial.values,
        params=params,
        distributions={key: distributions[key] for key in params},
        intermediate_values=trial.intermediate_values,
        user_attrs={WARM_START: name},
    )


def _check_comparable(study: Study, earlier: Study) -> None:
    """Refuse values that mean something else: of another metric, or of other images."""
    here, there = (one.user_attrs.get(SETTINGS) for one in (study, earlier))
    if here is None or there is None:
        raise ConfigError(
            f"sweep.warm_start={earlier.study_name} was not made by latentsweep",
            expected="an earlier sweep's study",
        )
    differing = [
        (f"{part} {', '.join(there[part])}", f"{part} {', '.join(here[part])}")
        for part in ("objectives", "directions")
        if here[part] != there[part]
    ]
    differing += [
        (f"{key}={there['fixed'].get(key)}", f"{key}={here['fixed'].get(key)}")
        for key in sorted({*here["fixed"], *there["fixed"]})
        if key.startswith(_OF_THE_METRIC) and here["fixed"].get(key) != there["fixed"].get(key)
    ]
    if differing:
        raise ConfigError(
            f"sweep.warm_start={earlier.study_name}: its values mean something else",
            found="; ".join(found for found, _ in differing),
            expected="; ".join(wanted for _, wanted in differing),
            mend="a study of the same objectives on the same data",
        )
