"""Schema of `conf/pruner/`: which trials are stopped early; arguments by Optuna's names.

Steps are validations, one an epoch.
"""

from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from latentsweep.config.component import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    component,
)

Percentile = Annotated[StrictFloat, Field(ge=0, le=100)]
Factor = Annotated[PositiveInt, Field(ge=2)]
Auto = Literal["auto"]


@component
class NoPrunerConfig:
    """Every trial runs to its end."""

    name: Literal["none"] = "none"
    """Which pruner this is."""


@component
class MedianPrunerConfig:
    """Stops a trial whose best value so far is worse than the median of others at that step."""

    name: Literal["median"] = "median"
    """Which pruner this is."""
    n_startup_trials: NonNegativeInt = 5
    """Complete trials before which none is stopped."""
    n_warmup_steps: NonNegativeInt = 0
    """Steps of a trial before which it is not stopped."""
    interval_steps: PositiveInt = 1
    """Steps between two looks."""
    n_min_trials: PositiveInt = 1
    """Trials with a value at a step without which none is stopped there."""


@component
class PercentilePrunerConfig:
    """Stops a trial that is not among the best share at a step."""

    name: Literal["percentile"] = "percentile"
    """Which pruner this is."""
    percentile: Percentile
    """Share of trials that go on, per cent."""
    n_startup_trials: NonNegativeInt = 5
    """Complete trials before which none is stopped."""
    n_warmup_steps: NonNegativeInt = 0
    """Steps of a trial before which it is not stopped."""
    interval_steps: PositiveInt = 1
    """Steps between two looks."""
    n_min_trials: PositiveInt = 1
    """Trials with a value at a step without which none is stopped there."""


@component
class SuccessiveHalvingPrunerConfig:
    """Asynchronous successive halving (Li et al. 2020)."""

    name: Literal["successive_halving"] = "successive_halving"
    """Which pruner this is."""
    min_resource: PositiveInt | Auto = "auto"
    """Steps before the first rung; auto: a hundredth of the first complete trial's."""
    reduction_factor: Factor = 4
    """One trial of so many is promoted."""
    min_early_stopping_rate: NonNegativeInt = 0
    """Rungs that are left out at the start."""
    bootstrap_count: NonNegativeInt = 0
    """Trials that a rung needs before one is promoted."""


@component
class HyperbandPrunerConfig:
    """Successive halving in several brackets (Li et al. 2018)."""

    name: Literal["hyperband"] = "hyperband"
    """Which pruner this is."""
    min_resource: PositiveInt = 1
    """Steps before the first rung."""
    max_resource: PositiveInt | Auto = "auto"
    """Steps of a whole trial; auto: as many as the longest complete one had."""
    reduction_factor: Factor = 3
    """One trial of so many is promoted."""
    bootstrap_count: NonNegativeInt = 0
    """Trials that a rung needs before one is promoted."""


Decisive = Annotated[
    MedianPrunerConfig
    | PercentilePrunerConfig
    | SuccessiveHalvingPrunerConfig
    | HyperbandPrunerConfig,
    Field(discriminator="name"),
]


@component
class PatientPrunerConfig:
    """Stops a trial only after it has not improved for a while."""

    name: Literal["patient"] = "patient"
    """Which pruner this is."""
    wrapped: Decisive | None = None
    """`name` and arguments of the pruner that must agree; null: patience alone decides."""
    patience: NonNegativeInt
    """Steps without improvement that are borne."""
    min_delta: NonNegativeFloat = 0.0
    """Loss against the best value that still counts as none."""


PrunerConfig = Annotated[
    NoPrunerConfig
    | MedianPrunerConfig
    | PercentilePrunerConfig
    | SuccessiveHalvingPrunerConfig
    | HyperbandPrunerConfig
    | PatientPrunerConfig,
    Field(discriminator="name"),
]
