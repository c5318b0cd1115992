"""The study of a sweep: made once, found again by its name, and never mixed with another search."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import BaseStorage

from latentsweep.config import TrainConfig
from latentsweep.config.digest import identity
from latentsweep.config.sweep import Direction, SweepConfig
from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import (
    DIRECTORY,
    FORGIVEN,
    METHOD,
    N_TRIALS,
    SETTINGS,
    STOPPED,
)
from latentsweep.sweep.failures import failures_in
from latentsweep.sweep.slot import all_filled
from latentsweep.sweep.space import SearchSpace


@dataclass(frozen=True)
class StudySettings:
    """What makes a study this search and no other.

    Attributes:
        space: what is searched, as plain values.
        objectives: metrics that are optimised.
        directions: of each.
        fixed: the identity keys of a run that are not searched, with their values.
        method: sampler and pruner with their arguments, and the seed; may change between starts.
    """

    space: Mapping[str, Any]
    objectives: tuple[str, ...]
    directions: tuple[Direction, ...]
    fixed: Mapping[str, Any]
    method: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        sweep: SweepConfig,
        space: SearchSpace,
        directions: tuple[Direction, ...],
        base: TrainConfig,
    ) -> StudySettings:
        """The settings of a sweep; `base` is the config of a run with nothing searched."""
        searched = tuple(parameter.key for parameter in space.parameters)
        groups = tuple(f"{key}." for key in searched)
        fixed = {
            key: value
            for key, value in identity(base).items()
            if key not in searched and not key.startswith(groups)
        }
        method = {"sampler": sweep.sampler, "pruner": sweep.pruner, "seed": sweep.seed}
        return cls(space.settings(), sweep.objectives, directions, fixed, method)

    @property
    def search(self) -> dict[str, Any]:
        """What may not change, as it is stored and compared."""
        values = {
            "space": self.space,
            "objectives": self.objectives,
            "directions": self.directions,
            "fixed": self.fixed,
        }
        plain: dict[str, Any] = json.loads(json.dumps(values))
        return plain

    def name(self, base: TrainConfig) -> str:
        """A study's name where none is given: equal for equal settings alone."""
        text = json.dumps([self.search, self.method], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{base.data.name}-{base.model.name}-{digest}"


def make_study(
    storage: BaseStorage, name: str, settings: StudySettings, sweep: SweepConfig, directory: str
) -> optuna.Study:
    """Make the study, or find it where a sweep was begun, once `check_study` allows it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        study_name=name, storage=storage, directions=settings.directions, load_if_exists=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(settings.objectives))
    study.set_user_attr(SETTINGS, settings.search)
    study.set_user_attr(METHOD, json.loads(json.dumps(settings.method)))
    study.set_user_attr(DIRECTORY, directory)
    study.set_user_attr(N_TRIALS, sweep.n_trials)
    study.set_user_attr(FORGIVEN, len(failures_in(study.get_trials(deepcopy=False))))
    study.set_user_attr(STOPPED, "")
    return study


def check_study(storage: BaseStorage, name: str, settings: StudySettings, n_trials: int) -> None:
    """Refuse a study of this name that searches something else; one that is not there is right.

    Raises:
        ConfigError: naming what differs.
    """
    if name not in {known.study_name for known in storage.get_all_studies()}:
        return
    study = optuna.load_study(study_name=name, storage=storage)
    stored = study.user_attrs.get(SETTINGS)
    if stored is None:
        raise ConfigError(
            f"the study {name} was not made by latentsweep",
            mend="sweep.study=ANOTHER_NAME",
        )
    begun_with = int(study.user_attrs.get(N_TRIALS, 0))
    if n_trials < begun_with:
        raise ConfigError(
            f"the study {name} is to have more trials than that",
            found=f"sweep.n_trials={n_trials}",
            expected=f"{begun_with}, as it was last asked for, or more",
            mend=f"sweep.n_trials={begun_with}; make report STUDY={name} shows it as it is",
        )
    differing = _differences(stored, settings.search)
    if differing:
        raise ConfigError(
            f"the study {name} exists and searches something else",
            found="; ".join(differing[:4]),
            expected="the same search space, objectives and fixed settings",
            mend="sweep.study=ANOTHER_NAME, or the settings it was begun with",
        )


def has_ended(study: optuna.Study) -> bool:
    """Whether all trials that are wanted are complete or pruned, or none is started any more."""
    wanted = int(study.user_attrs.get(N_TRIALS, 0))
    finished = all_filled(study.get_trials(deepcopy=False), wanted)
    return finished or bool(study.user_attrs.get(STOPPED))


def _differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """What differs, one line each: `key: stored -> wanted`."""
    differing = []
    for part in ("space", "fixed"):
        before, now = stored[part], wanted[part]
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key):
                differing.append(
                    f"{key}: {_brief(before.get(key))} there, {_brief(now.get(key))} here"
                )
    for part in ("objectives", "directions"):
        if stored[part] != wanted[part]:
            there, here = ", ".join(stored[part]), ", ".join(wanted[part])
            differing.append(f"{part}: {there} there, {here} here")
    return differing


def _brief(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value)
