"""Verdicts on numbers, and rows that fail beside rows that do not."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from latentsweep.errors import DataError
from latentsweep.verification.claim import (
    EXACT,
    Claim,
    Found,
    NotRunError,
    Tolerance,
    at_least,
    at_most,
    within,
)
from latentsweep.verification.errors import VerificationStoppedError
from latentsweep.verification.outcome import ONLY_FULL, Outcome, Verdict, verify

from .made_up import claim


def tried(*claims: Claim, full: bool = False) -> list[Outcome]:
    return verify(claims, full=full, directories=lambda _: Path("x"), tell=lambda _: None)


@pytest.mark.parametrize(
    ("tolerance", "inside", "outside"),
    [
        (within(1.0), [9.0, 10.0, 11.0], [8.99, 11.01, math.inf]),
        (EXACT, [10.0], [10.000001, 9.999999]),
        (at_least(), [10.0, 1e9, math.inf], [9.999, -math.inf]),
        (at_least(0.5), [9.5, 12.0], [9.4]),
        (at_most(), [10.0, -1e9], [10.001]),
        (at_most(0.5), [10.5, 0.0], [10.6]),
        (Tolerance(below=0.5, above=0.1), [9.5, 10.1], [9.4, 10.2]),
    ],
    ids=str,
)
def test_a_number_agrees_within_its_tolerance_and_no_farther(
    tolerance: Tolerance, inside: list[float], outside: list[float]
) -> None:
    for got in inside:
        assert tried(claim(got, tolerance=tolerance))[0].verdict is Verdict.AGREES, got
    for got in [*outside, math.nan]:
        assert tried(claim(got, tolerance=tolerance))[0].verdict is Verdict.DIFFERS, got


@pytest.mark.parametrize("tolerance", [within(math.inf), at_least(), at_most(), within(1.0)])
def test_nothing_agrees_with_an_expectation_that_is_not_a_number(tolerance: Tolerance) -> None:
    (outcome,) = tried(claim(10.0, expected=math.nan, tolerance=tolerance))
    assert outcome.verdict is Verdict.DIFFERS


@pytest.mark.parametrize(
    ("tolerance", "text"),
    [
        (within(0.5), "+- 0.5"),
        (EXACT, "exact"),
        (at_least(), "or more"),
        (at_least(0.1), "-0.1 or more"),
        (at_most(), "or less"),
        (at_most(0.1), "+0.1 or less"),
        (Tolerance(0.5, 0.05), "-0.5 to +0.05"),
    ],
)
def test_a_tolerance_says_which_way_it_goes(tolerance: Tolerance, text: str) -> None:
    assert str(tolerance) == text


def test_an_expectation_that_is_computed_beside_the_number_counts() -> None:
    def measure(_: Path) -> Found:
        return Found(3.0, expected=3.0)

    one = replace(claim(0.0, expected=None), measure=measure)
    assert tried(one)[0].verdict is Verdict.AGREES
    assert tried(one)[0].expected == 3.0


def test_a_row_without_any_expectation_fails() -> None:
    (outcome,) = tried(claim(3.0, expected=None))
    assert outcome.verdict is Verdict.FAILED
    assert "nothing says" in outcome.reason


def raising(error: BaseException) -> Callable[[Path], Found]:
    def measure(_: Path) -> Found:
        raise error

    return measure


def test_a_row_that_raises_fails_with_its_first_line_and_the_rest_are_tried() -> None:
    broken = replace(claim(1.0, name="broken"), measure=raising(ValueError("one line\nanother")))
    first, second = tried(broken, claim(10.0))
    assert (first.verdict, first.reason) == (Verdict.FAILED, "ValueError: one line")
    assert first.failed
    assert second.verdict is Verdict.AGREES


def test_a_mistake_of_a_user_fails_a_row_unless_it_says_that_it_could_not_be_run() -> None:
    wrong = replace(claim(1.0), measure=raising(DataError("corrupt", found="x")))
    absent = replace(claim(1.0), measure=raising(NotRunError("mnist is not here", mend="fetch it")))
    first, second = tried(wrong, absent)
    assert first.verdict is Verdict.FAILED
    assert (second.verdict, second.reason) == (Verdict.NOT_RUN, "mnist is not here")
    assert not second.failed


def test_a_row_that_takes_hours_is_tried_only_where_that_is_asked_for() -> None:
    long = replace(claim(10.0), full=True, measure=raising(AssertionError("tried")))
    (outcome,) = tried(long)
    assert (outcome.verdict, outcome.reason, outcome.seconds) == (Verdict.NOT_RUN, ONLY_FULL, 0.0)
    assert tried(long, full=True)[0].verdict is Verdict.FAILED
    assert tried(replace(long, ready=lambda _: True))[0].verdict is Verdict.FAILED


def test_a_stop_ends_all_rows() -> None:
    stopped = replace(claim(1.0), measure=raising(VerificationStoppedError(130)))
    with pytest.raises(VerificationStoppedError) as stop:
        tried(stopped, claim(10.0))
    assert stop.value.exit_code == 130
