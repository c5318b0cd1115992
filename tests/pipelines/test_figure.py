"""Figures of the benchmark: middle, spread and goal."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def figures(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark("figure")


def test_a_figure_has_the_median_and_the_quartiles_of_its_repeats(figures: ModuleType) -> None:
    figure = figures.Figure("start", "help", "s", (5.0, 1.0, 2.0, 4.0, 3.0))
    assert figure.median == 3.0
    assert figure.quartiles == (2.0, 4.0)
    assert figure.met is None


def test_one_repeat_has_no_spread(figures: ModuleType) -> None:
    assert figures.Figure("start", "help", "s", (2.5,)).quartiles == (2.5, 2.5)


@pytest.mark.parametrize(
    ("bound", "at_least", "met"),
    [(1.9, True, True), (2.1, True, False), (2.1, False, True), (1.9, False, False)],
)
def test_the_median_is_held_against_the_goal(
    figures: ModuleType, bound: float, at_least: bool, met: bool
) -> None:
    goal = figures.Goal(bound, at_least)
    assert figures.Figure("ranks", "gain", "", (2.0, 2.0, 9.0), goal).met is met


def test_ratios_are_taken_within_a_turn(figures: ModuleType) -> None:
    # The machine was twice as slow in the second turn.
    assert figures.ratios([2.0, 4.0], [1.0, 2.0]) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.9712, "0.971"), (1.8, "1.80"), (12.34, "12.3"), (1234.5, "1234")]
)
def test_numbers_have_three_digits(figures: ModuleType, value: float, text: str) -> None:
    assert figures.shown(value) == text
