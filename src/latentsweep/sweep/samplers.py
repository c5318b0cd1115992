"""Optuna's samplers by their names in `conf/sampler/`."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, assert_never

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial
from pydantic import TypeAdapter

from latentsweep.config.sampler import (
    CMAESSamplerConfig,
    GPSamplerConfig,
    GridSamplerConfig,
    NSGAIISamplerConfig,
    QMCSamplerConfig,
    RandomSamplerConfig,
    SamplerConfig,
    TPESamplerConfig,
)
from latentsweep.config.typed import first_line
from latentsweep.errors import ConfigError
from latentsweep.sweep.by_slot import SlotGridSampler, SlotQMCSampler
from latentsweep.sweep.enqueued import check_point
from latentsweep.sweep.method import arguments_of, read_settings
from latentsweep.sweep.space import SearchSpace

SHARED_SEED = ("qmc", "grid")
"""Samplers that take `sweep.seed` itself: their order must be the same for all trials."""
CLASSES: dict[str, type] = {
    "tpe": TPESamplerConfig,
    "gp": GPSamplerConfig,
    "cma_es": CMAESSamplerConfig,
    "nsga_ii": NSGAIISamplerConfig,
    "qmc": QMCSamplerConfig,
    "random": RandomSamplerConfig,
    "grid": GridSamplerConfig,
}
_SCHEMA: TypeAdapter[SamplerConfig] = TypeAdapter(SamplerConfig)
_FOR_CONDITIONS = ("tpe", "random")
_LARGEST_GRID = 100_000


def build_sampler(
    settings: Mapping[str, Any], seed: int, space: SearchSpace, n_objectives: int
) -> BaseSampler:
    """The sampler of one trial; all that it learns from is in the study's storage.

    Args:
        settings: `name` and arguments.
        seed: of this trial alone, so that no two workers sample alike; but `sweep.seed` for those
            in `SHARED_SEED`.
        space: what is searched.
        n_objectives: how many metrics are optimised.

    Raises:
        ConfigError: an unknown argument, a wrong value, or a sampler that cannot search this space.
    """
    config = read_settings("sampler", _SCHEMA, CLASSES, settings)
    _check_can(config, space, n_objectives)
    with warnings.catch_warnings():
        # Experimental and deprecated arguments work in the pinned version, and are asked for.
        warnings.simplefilter("ignore")
        try:
            return _build(config, seed, space, n_objectives)
        except ValueError as error:
            raise ConfigError(
                f"sweep.sampler: {config.name} does not take these arguments together",
                found=first_line(error),
            ) from None


def grid_size(space: SearchSpace) -> int | None:
    """Number of combinations of values; None where a parameter has infinitely many."""
    sizes = [parameter.size for parameter in space.parameters]
    return None if None in sizes else math.prod(size for size in sizes if size)


def check_n_trials(settings: Mapping[str, Any], space: SearchSpace, n_trials: int) -> None:
    """Refuse more trials than a grid has combinations.

    Raises:
        ConfigError: with the number.
    """
    size = grid_size(space)
    if settings.get("name") == "grid" and size is not None and n_trials > size:
        raise ConfigError(
            "the grid has fewer combinations than trials are asked for",
            found=f"sweep.n_trials={n_trials}",
            expected=f"at most {size}",
            mend=f"sweep.n_trials={size}",
        )


class KnownSpaceTPESampler(TPESampler):
    """Optuna's TPE, told what all trials have in common instead of reading them all for it.

    At 5,000 finished trials that is a third of the time that a suggestion takes.

    Args:
        distributions: of each parameter; all trials have all of them.
        arguments: of `optuna.samplers.TPESampler`.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._known = {name: one for name, one in distributions.items() if not one.single()}

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters that vary."""
        return self._known


def _build(config: SamplerConfig, seed: int, space: SearchSpace, n_objectives: int) -> BaseSampler:
    arguments = arguments_of(config)
    match config:
        case TPESamplerConfig(multivariate=multivariate, group=group):
            together = n_objectives == 1 if multivariate is None else multivariate
            if together and not group and not space.is_conditional:
                return KnownSpaceTPESampler(space.distributions(), **arguments, seed=seed)
            return TPESampler(**arguments, seed=seed)
        case GPSamplerConfig():
            return GPSampler(**arguments, seed=seed)
        case CMAESSamplerConfig():
            return CmaEsSampler(**arguments, seed=seed)
        case NSGAIISamplerConfig():
            return NSGAIISampler(**arguments, seed=seed)
        case QMCSamplerConfig():
            return SlotQMCSampler(space.distributions(), **arguments, seed=seed)
        case RandomSamplerConfig():
            return RandomSampler(seed=seed)
        case GridSamplerConfig():
            values = {one.key: one.values() or [] for one in space.parameters}
            return SlotGridSampler(values, space.distributions(), seed)
        case _:
            assert_never(config)


def _check_can(config: SamplerConfig, space: SearchSpace, n_objectives: int) -> None:
    """Refuse what Optuna would refuse in the first trial, or answer with random values."""
    if space.is_conditional and config.name not in _FOR_CONDITIONS:
        keys = [one.key for one in space.parameters if one.when]
        raise ConfigError(
            f"sampler={config.name} cannot search a space with conditions",
            found=f"{', '.join(keys)} under sweep.when",
            expected="the same parameters in every trial",
            mend="sampler=tpe",
        )
    match config:
        case CMAESSamplerConfig():
            _check_cma_es(config, space, n_objectives)
        case GridSamplerConfig():
            _check_grid(space)


def _check_cma_es(config: CMAESSamplerConfig, space: SearchSpace, n_objectives: int) -> None:
    choices = [one.key for one in space.parameters if one.choices]
    if n_objectives > 1:
        raise ConfigError(
            "sampler=cma_es optimises one objective",
            found=f"{n_objectives} in sweep.objective",
            mend="sampler=tpe, nsga_ii or gp",
        )
    if choices:
        raise ConfigError(
            "sampler=cma_es searches numbers, and would draw choices at random",
            found=f"choices of {', '.join(choices)}",
            mend="sampler=tpe or gp; or a range or interval",
        )
    if config.x0 is not None:
        start = check_point("sweep.sampler.x0", config.x0, space)
        lacking = [key for key in space if key not in start]
        if lacking:
            raise ConfigError(
                f"sweep.sampler.x0 lacks {lacking[0]}", expected="a value of each key"
            )


def _check_grid(space: SearchSpace) -> None:
    endless = [one.key for one in space.parameters if one.size is None]
    if endless:
        raise ConfigError(
            "sampler=grid takes every value once, and an interval has no end of them",
            found=f"{endless[0]} in {space[endless[0]]}",
            mend=f"{endless[0]}=choice(...) or range(...)",
        )
    size = grid_size(space) or 0
    if size > _LARGEST_GRID:
        raise ConfigError(
            "the grid is too large",
            found=f"{size} combinations",
            expected=f"at most {_LARGEST_GRID}",
            mend="fewer values, or sampler=qmc",
        )
