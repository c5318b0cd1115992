"""Schema of `conf/kl_schedule/`: how the KL weight moves, per optimiser step."""

from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from latentsweep.config.component import NonNegativeFloat, PositiveInt, component


@component
class ConstantConfig:
    """The full KL weight from the first step."""

    name: Literal["constant"] = "constant"
    """Which schedule this is."""


@component
class WarmupConfig:
    """From 0 to the full KL weight in a straight line (Bowman et al. 2016)."""

    name: Literal["warmup"] = "warmup"
    """Which schedule this is."""
    steps: PositiveInt
    """Optimiser steps until the full weight."""


@component
class CyclicConfig:
    """Repeated warm-ups (Fu et al. 2019)."""

    name: Literal["cyclic"] = "cyclic"
    """Which schedule this is."""
    period: PositiveInt
    """Optimiser steps of one cycle."""
    ramp_fraction: Annotated[StrictFloat, Field(gt=0, le=1)]
    """Share of a cycle that rises; the rest stays at the full weight."""


@component
class CapacityConfig:
    """The KL is pulled to a rising target: weight * |KL - C| (Burgess et al. 2018)."""

    name: Literal["capacity"] = "capacity"
    """Which schedule this is."""
    max_capacity: NonNegativeFloat
    """Final target C in nats per image."""
    steps: PositiveInt
    """Optimiser steps until the final target."""


KLScheduleConfig = Annotated[
    ConstantConfig | WarmupConfig | CyclicConfig | CapacityConfig, Field(discriminator="name")
]
