"""How hard the KL term presses at an optimiser step: functions of the step, nothing ticks."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

from latentsweep.config.kl_schedule import (
    CapacityConfig,
    ConstantConfig,
    CyclicConfig,
    KLScheduleConfig,
    WarmupConfig,
)


class Pressure(NamedTuple):
    """What the schedule asks of the KL term.

    Attributes:
        weight: factor on the model's own KL weight, from 0 to 1.
        capacity: the KL in nats per image that is aimed at; None: as little as possible.
    """

    weight: float
    capacity: float | None


KLSchedule = Callable[[int], Pressure]


def build_schedule(config: KLScheduleConfig) -> KLSchedule:
    """The schedule that `config` names: optimiser step, counted from 0, to pressure."""
    match config:
        case ConstantConfig():
            return lambda step: Pressure(1.0, None)  # noqa: ARG005
        case WarmupConfig():
            return lambda step: warmup(step, config.steps)
        case CyclicConfig():
            return lambda step: cyclic(step, config.period, config.ramp_fraction)
        case CapacityConfig():
            return lambda step: capacity(step, config.steps, config.max_capacity)
        case _:
            assert_never(config)


def warmup(step: int, steps: int) -> Pressure:
    """Weight 0 at step 0, rising evenly to 1 at step `steps` (Bowman et al. 2016)."""
    return Pressure(min(1.0, step / steps), None)


def cyclic(step: int, period: int, ramp_fraction: float) -> Pressure:
    """Warm-ups that begin anew every `period` steps (Fu et al. 2019).

    Within a cycle the weight rises evenly from 0 to 1 for `ramp_fraction` of it, then stays at 1.
    """
    return Pressure(min(1.0, (step % period) / (period * ramp_fraction)), None)


def capacity(step: int, steps: int, max_capacity: float) -> Pressure:
    """Weight 1, capacity from 0 at step 0 evenly to `max_capacity` at step `steps`.

    Source: Burgess et al. 2018.
    """
    return Pressure(1.0, max_capacity * min(1.0, step / steps))
