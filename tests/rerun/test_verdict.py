"""What a rerun's numbers are judged as."""

import math

import pytest

from latentsweep.rerun.comparison import compare
from latentsweep.rerun.facts import Difference, Effect
from latentsweep.rerun.verdict import Judgement, judge

CURVES = {"train/loss": {1: 50.0, 2: 40.0}, "val/elbo": {2: -41.0}, "val/active_units": {2: 3.0}}
RANKS = Difference("ranks", "1", "2", Effect.DIGITS)
CODE = Difference("code", "a", "b", Effect.NUMBERS)
COMMIT = Difference("commit", "a", "b", Effect.NOTHING)


def changed(metric: str, step: int, value: float) -> dict[str, dict[int, float]]:
    return {**CURVES, metric: {**CURVES[metric], step: value}}


def test_the_same_numbers_are_identical_whatever_differs() -> None:
    verdict = judge(compare(CURVES, CURVES, 2, weights=True), "32-true", [CODE, RANKS])
    assert verdict.judgement is Judgement.IDENTICAL
    assert verdict.exit_code == 0
    assert verdict.lines() == [
        "IDENTICAL: 4 numbers up to step 2 are the same to the bit, and the last weights"
    ]


def test_weights_that_were_not_compared_are_said_to_be_so() -> None:
    verdict = judge(compare(CURVES, CURVES, 2, weights=None), "32-true", [])
    assert "weights not compared" in verdict.lines()[0]


def test_other_weights_are_different_though_no_metric_shows_it() -> None:
    verdict = judge(compare(CURVES, CURVES, 2, weights=False), "32-true", [])
    assert verdict.judgement is Judgement.DIFFERENT
    assert "the last weights differ" in "\n".join(verdict.lines())


def test_last_digits_that_another_number_of_ranks_explains_are_within_tolerance() -> None:
    other = changed("train/loss", 2, 40.0 * (1 + 1e-6))
    verdict = judge(compare(CURVES, other, 2, weights=False), "32-true", [RANKS, COMMIT])
    assert verdict.judgement is Judgement.WITHIN_TOLERANCE
    assert verdict.exit_code == 0
    told = "\n".join(verdict.lines())
    assert "1 of 4 numbers up to step 2 differ" in told
    assert "train/loss at step 2: 40 on record, 40.00004 again" in told
    assert "expected:  ranks (1, now 2)" in told
    assert "commit" not in told


@pytest.mark.parametrize("found", [[], [COMMIT], [CODE], [CODE, RANKS]])
def test_last_digits_that_nothing_or_more_than_the_machine_explains_are_different(
    found: list[Difference],
) -> None:
    other = changed("train/loss", 2, 40.0 * (1 + 1e-6))
    verdict = judge(compare(CURVES, other, 2, weights=None), "32-true", found)
    assert verdict.judgement is Judgement.DIFFERENT
    assert verdict.exit_code == 1


def test_more_than_last_digits_are_different_on_any_machine() -> None:
    other = changed("train/loss", 2, 41.0)
    verdict = judge(compare(CURVES, other, 2, weights=None), "32-true", [RANKS])
    assert verdict.judgement is Judgement.DIFFERENT
    assert "it is exceeded (first by train/loss at step 2" in "\n".join(verdict.lines())


def test_the_tolerance_of_the_first_steps_is_that_of_the_number_format() -> None:
    compared = compare(CURVES, changed("train/loss", 2, 40.1), 2, weights=None)
    assert judge(compared, "bf16-mixed", [RANKS]).judgement is Judgement.WITHIN_TOLERANCE
    assert judge(compared, "32-true", [RANKS]).judgement is Judgement.DIFFERENT


@pytest.mark.parametrize(
    ("step", "judgement"), [(2, Judgement.DIFFERENT), (3, Judgement.WITHIN_TOLERANCE)]
)
def test_later_steps_may_drift_apart(step: int, judgement: Judgement) -> None:
    compared = compare({"val/kl": {step: 6.82}}, {"val/kl": {step: 6.55}}, step, weights=False)
    assert judge(compared, "32-true", [RANKS]).judgement is judgement
    far = compare({"val/kl": {step: 6.82}}, {"val/kl": {step: 5.0}}, step, weights=False)
    assert judge(far, "32-true", [RANKS]).judgement is Judgement.DIFFERENT


def test_a_latent_at_the_edge_may_count_on_one_side_only() -> None:
    compared = compare(CURVES, changed("val/active_units", 2, 4.0), 2, weights=None)
    assert judge(compared, "32-true", [RANKS]).judgement is Judgement.WITHIN_TOLERANCE
    compared = compare(CURVES, changed("val/active_units", 2, 5.0), 2, weights=None)
    assert judge(compared, "32-true", [RANKS]).judgement is Judgement.DIFFERENT


def test_a_point_on_one_side_only_is_different() -> None:
    other = {**CURVES, "val/elbo": {}}
    verdict = judge(compare(CURVES, other, 2, weights=None), "32-true", [RANKS])
    assert verdict.judgement is Judgement.DIFFERENT
    assert "-41 on record, nothing again" in "\n".join(verdict.lines())


def test_what_comes_after_the_last_step_that_counts_is_left_out() -> None:
    verdict = judge(compare(CURVES, changed("train/loss", 2, 0.0), 1, weights=None), "32-true", [])
    assert verdict.judgement is Judgement.IDENTICAL
    assert verdict.comparison.points == 1


def test_nan_is_the_same_as_nan_and_infinity_as_infinity() -> None:
    curves = {"train/loss": {1: math.nan, 2: math.inf}}
    assert compare(curves, {"train/loss": {1: math.nan, 2: math.inf}}, 2, weights=None).identical
    for other in ({1: 0.0, 2: math.inf}, {1: math.nan, 2: -math.inf}):
        compared = compare(curves, {"train/loss": other}, 2, weights=None)
        assert judge(compared, "32-true", [RANKS]).judgement is Judgement.DIFFERENT


def test_a_failure_that_is_not_repeated_is_different() -> None:
    compared = compare(CURVES, CURVES, 2, weights=None)
    verdict = judge(compared, "32-true", [RANKS], "failed on record (NaN), and not again")
    assert verdict.judgement is Judgement.DIFFERENT
    assert "  ending:    failed on record (NaN), and not again" in verdict.lines()


def test_nothing_to_compare_is_not_identical() -> None:
    verdict = judge(compare({}, {}, 2, weights=None), "32-true", [])
    assert verdict.judgement is Judgement.DIFFERENT
    assert "nothing to compare" in verdict.lines()[0]
