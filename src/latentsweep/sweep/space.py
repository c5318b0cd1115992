"""The search space: Hydra's sweep expressions as Optuna's distributions, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna import Trial
from optuna.distributions import BaseDistribution, distribution_to_json

from latentsweep.errors import ConfigError
from latentsweep.sweep.conditions import When, is_active, with_conditions
from latentsweep.sweep.expressions import read_parameter
from latentsweep.sweep.parameter import Parameter, Scalar

Params = Mapping[str, Scalar]
"""Values by key in the form in which Optuna stores them: `trial.params`."""


@dataclass(frozen=True)
class SearchSpace:
    """What is searched.

    Everything that is given or returned as `params` has the form of Optuna's `trial.params`.

    Attributes:
        parameters: each behind those that its condition names.
    """

    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(
        cls,
        expressions: Mapping[str, str],
        when: When,
        groups: Mapping[str, Sequence[str]],
        fixed: Mapping[str, Any],
    ) -> "SearchSpace":
        """Read `sweep.search_space` and `sweep.when`.

        Args:
            expressions: Hydra sweep expressions by key or group.
            when: by key, the values that other keys must have for it to be searched.
            groups: the choices of each group of `conf/`.
            fixed: the configuration's own values by dotted key.

        Raises:
            ConfigError: what is wrong with an expression, a key or a condition.
        """
        if not expressions:
            raise ConfigError(
                "the search space is empty",
                expected="sweeps of keys or groups, such as 'model.latent_size=range(2,32)'",
                mend="name at least one on the command line, or choose a search_space=...",
            )
        parameters = {
            key: read_parameter(key, expression, groups) for key, expression in expressions.items()
        }
        kept = with_conditions(parameters, when, groups, fixed)
        if not kept:
            raise ConfigError(
                "the search space is empty",
                found=f"no condition of {', '.join(parameters)} is met by the configuration",
                expected="at least one key or group to search",
                mend="change sweep.when, or the value that it waits for",
            )
        return cls(kept)

    def __getitem__(self, key: str) -> Parameter:
        """The parameter of a key."""
        return next(parameter for parameter in self.parameters if parameter.key == key)

    def __iter__(self) -> Iterator[str]:
        """The searched keys and groups."""
        return iter(self.keys)

    def __contains__(self, key: object) -> bool:
        """Whether a key or group is searched."""
        return key in self.keys

    @property
    def keys(self) -> list[str]:
        """The searched keys and groups."""
        return [parameter.key for parameter in self.parameters]

    @property
    def is_conditional(self) -> bool:
        """Whether some parameter is searched in some trials only."""
        return any(parameter.when for parameter in self.parameters)

    def suggest(self, trial: Trial) -> dict[str, Scalar]:
        """Sample the parameters of a trial, those that its conditions call for."""
        params: dict[str, Scalar] = {}
        for parameter in self.parameters:
            if is_active(parameter, params):
                params[parameter.key] = parameter.suggest(trial)
        return params

    def values(self, params: Params) -> dict[str, Any]:
        """What the configuration gets, by key."""
        return {key: self[key].value(stored) for key, stored in params.items()}

    def overrides(self, params: Params) -> list[str]:
        """Hydra overrides that make a trial on a command line; groups come first."""
        ordered = sorted(params, key=lambda key: not self[key].is_group)
        return [self[key].override(params[key]) for key in ordered]

    def fits(self, params: Params) -> bool:
        """Whether a trial of this space could have these parameters, and no others."""
        found: dict[str, Scalar] = {}
        for parameter in self.parameters:
            if is_active(parameter, found):
                try:
                    found[parameter.key] = parameter.stored(params[parameter.key])
                except (KeyError, ValueError):
                    return False
        return found.keys() == params.keys()

    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distributions, by key."""
        return {parameter.key: parameter.distribution for parameter in self.parameters}

    def settings(self) -> dict[str, Any]:
        """The space as JSON values: equal for equal spaces, in whatever order they are given."""
        return {
            parameter.key: {
                "distribution": json.loads(distribution_to_json(parameter.distribution)),
                "when": {key: list(values) for key, values in sorted(parameter.when.items())},
            }
            for parameter in sorted(self.parameters, key=lambda parameter: parameter.key)
        }

    def describe(self) -> dict[str, str]:
        """What each parameter may be, in words, by key."""
        return {parameter.key: str(parameter) for parameter in self.parameters}
