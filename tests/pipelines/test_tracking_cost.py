"""What is measured of the record's cost, and that measuring works."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def turns(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark("paired")


def test_a_machine_that_slows_down_evenly_adds_nothing(turns: ModuleType) -> None:
    taken, seconds = turns.Turns(), 1.0

    def block(on: bool) -> float:
        nonlocal seconds
        seconds += 0.25
        return seconds * (1.5 if on else 1.0)

    taken.take(5, block)
    assert taken.on == pytest.approx([1.5] * 5)
    assert taken.floor == pytest.approx([1.0] * 4)
    assert taken.median().startswith("50.00 %")
    assert taken.whole().startswith("50.00 %")


def test_a_rare_block_that_takes_long_shows_in_the_whole(turns: ModuleType) -> None:
    taken, blocks = turns.Turns(), iter([1.0] * 19 + [3.0])
    taken.take(20, lambda on: next(blocks) if on else 1.0)
    assert taken.median().startswith("0.00 %")
    assert taken.whole().startswith("10.00 %")


def test_quick_measures_an_entry_and_a_case(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    entry, case = benchmark("tracking_cost").measure(tmp_path, quick=True)
    assert entry.row_count == 2
    assert next(iter(case.columns[0].cells)) == "a step without the record"
