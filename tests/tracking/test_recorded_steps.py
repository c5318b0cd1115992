"""Which points are on record, against sets of them."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from latentsweep.tracking.recorded_steps import RecordedSteps

NAMES = st.sampled_from([("a",), ("b", "a"), ("a", "b"), ("c",), ("b", "c", "d")])
STEPS = st.integers(-3, 12)


@given(st.lists(st.tuples(NAMES, STEPS)), NAMES, STEPS)
def test_what_is_on_record_is_what_was_added(
    added: list[tuple[tuple[str, ...], int]], asked: tuple[str, ...], at: int
) -> None:
    recorded, oracle = RecordedSteps(), set()
    for names, step in added:
        known = recorded.among(names, step)
        assert {name for name in names if name in known} == {
            name for name in names if (name, step) in oracle
        }
        recorded.add(names, step)
        oracle |= {(name, step) for name in names}
    known = recorded.among(asked, at)
    assert [name in known for name in asked] == [(name, at) in oracle for name in asked]
    for name in "abcd":
        steps = [step for other, step in oracle if other == name]
        assert recorded.last(name) == max(steps, default=None)


def test_a_step_of_ten_metrics_takes_a_few_bytes() -> None:
    names = tuple(f"train/metric_{index}" for index in range(10))
    recorded = RecordedSteps()
    tracemalloc.start()
    for step in range(100_000):
        recorded.add(names, step)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 1_000_000, "a set for each metric takes 45 MB"
