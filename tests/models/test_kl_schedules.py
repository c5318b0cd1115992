from hypothesis import given
from hypothesis import strategies as st

from latentsweep.config.kl_schedule import (
    CapacityConfig,
    ConstantConfig,
    CyclicConfig,
    WarmupConfig,
)
from latentsweep.models.kl_schedules import Pressure, build_schedule

STEP = st.integers(0, 10**7)
LENGTH = st.integers(1, 10**6)


@given(step=STEP)
def test_constant_presses_fully_from_the_first_step(step: int) -> None:
    assert build_schedule(ConstantConfig())(step) == Pressure(1.0, None)


@given(step=STEP, steps=LENGTH)
def test_warmup_starts_at_zero_never_falls_and_ends_at_one(step: int, steps: int) -> None:
    schedule = build_schedule(WarmupConfig(steps=steps))
    assert schedule(0).weight == 0
    assert 0 <= schedule(step).weight <= schedule(step + 1).weight <= 1
    assert schedule(steps + step) == Pressure(1.0, None)


@given(step=STEP, period=LENGTH, ramp=st.floats(0.01, 1.0))
def test_cyclic_repeats_with_its_period_within_bounds(step: int, period: int, ramp: float) -> None:
    schedule = build_schedule(CyclicConfig(period=period, ramp_fraction=ramp))
    assert schedule(step) == schedule(step + period)
    assert 0 <= schedule(step).weight <= 1
    assert schedule(period * 3).weight == 0


@given(period=st.integers(2, 10**4), ramp=st.floats(0.01, 1.0), share=st.floats(0, 0.999))
def test_cyclic_is_full_exactly_after_its_ramp(period: int, ramp: float, share: float) -> None:
    step = int(share * period)
    weight = build_schedule(CyclicConfig(period=period, ramp_fraction=ramp))(step).weight
    assert (weight == 1) == (step >= period * ramp)


@given(step=STEP, steps=LENGTH, most=st.floats(0, 1000))
def test_capacity_rises_from_zero_to_its_greatest_value(step: int, steps: int, most: float) -> None:
    schedule = build_schedule(CapacityConfig(max_capacity=most, steps=steps))
    assert schedule(0) == Pressure(1.0, 0.0)
    now, later = schedule(step).capacity, schedule(step + 1).capacity
    assert now is not None
    assert later is not None
    assert 0 <= now <= later <= most
    assert schedule(steps + step) == Pressure(1.0, most)


@given(step=STEP)
def test_a_schedule_is_a_function_of_the_step_alone(step: int) -> None:
    schedule = build_schedule(WarmupConfig(steps=1000))
    before = schedule(step)
    schedule(0)
    assert schedule(step) == before
