"""Optuna's pruners by their names in `conf/pruner/`."""

import warnings
from collections.abc import Mapping
from typing import Any, assert_never

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
)
from pydantic import TypeAdapter

from latentsweep.config.pruner import (
    HyperbandPrunerConfig,
    MedianPrunerConfig,
    NoPrunerConfig,
    PatientPrunerConfig,
    PercentilePrunerConfig,
    PrunerConfig,
    SuccessiveHalvingPrunerConfig,
)
from latentsweep.config.typed import first_line
from latentsweep.errors import ConfigError
from latentsweep.sweep.method import arguments_of, read_settings

CLASSES: dict[str, type] = {
    "none": NoPrunerConfig,
    "median": MedianPrunerConfig,
    "percentile": PercentilePrunerConfig,
    "successive_halving": SuccessiveHalvingPrunerConfig,
    "hyperband": HyperbandPrunerConfig,
    "patient": PatientPrunerConfig,
}
_SCHEMA: TypeAdapter[PrunerConfig] = TypeAdapter(PrunerConfig)


def build_pruner(settings: Mapping[str, Any], n_objectives: int = 1) -> BasePruner:
    """The pruner of one trial; all that it compares with is in the study's storage.

    Args:
        settings: `name` and arguments.
        n_objectives: how many metrics are optimised.

    Raises:
        ConfigError: an unknown argument, a wrong value, or several objectives.
    """
    config = read_settings("pruner", _SCHEMA, CLASSES, settings)
    if n_objectives > 1 and not isinstance(config, NoPrunerConfig):
        raise ConfigError(
            "trials cannot be pruned by several objectives: Optuna compares single values",
            found=f"pruner={config.name} with {n_objectives} in sweep.objective",
            mend="pruner=none",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an experimental pruner is asked for by its name
        try:
            return _build(config)
        except ValueError as error:
            raise ConfigError(
                f"sweep.pruner: {config.name} does not take these arguments together",
                found=first_line(error),
            ) from None


def _build(config: PrunerConfig) -> BasePruner:
    arguments = arguments_of(config)
    match config:
        case NoPrunerConfig():
            return NopPruner()
        case MedianPrunerConfig():
            return MedianPruner(**arguments)
        case PercentilePrunerConfig():
            return PercentilePruner(**arguments)
        case SuccessiveHalvingPrunerConfig():
            return SuccessiveHalvingPruner(**arguments)
        case HyperbandPrunerConfig():
            return HyperbandPruner(**arguments)
        case PatientPrunerConfig(wrapped=wrapped, patience=patience, min_delta=min_delta):
            inner = None if wrapped is None else _build(wrapped)
            return PatientPruner(inner, patience, min_delta)
        case _:
            assert_never(config)
