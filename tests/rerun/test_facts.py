"""What differs between where two runs' numbers come from."""

from collections.abc import Mapping
from typing import Any

from latentsweep.rerun.facts import Effect, differences, facts

VALUES = {
    "seed": 0,
    "resume": "auto",
    "model": {"name": "vae", "beta": 1.0},
    "trainer": {"name": "cpu", "precision": "auto", "channels_last": "auto", "max_epochs": 2},
    "tracking": {"uri": "sqlite:///a.db"},
}
ORIGIN: dict[str, Any] = {
    "code": "c" * 64,
    "commit": "d" * 40,
    "lock": "e" * 64,
    "python": "3.11.7",
    "cpu": "AMD EPYC",
    "gpu": None,
    "threads": 2,
    "ranks": 1,
    "numerics": {"precision": "bf16-mixed", "channels_last": False},
    "packages": {"torch": "2.13.0+cpu", "ruff": "0.1"},
    "environment": {"OMP_NUM_THREADS": "1"},
    "data": {"digest": "f" * 64},
}


def found(
    origin: Mapping[str, Any], values: Mapping[str, Any] = VALUES, diff: str = ""
) -> dict[str, tuple[str, str, Effect]]:
    mine, other = facts(ORIGIN, VALUES, ""), facts(origin, values, diff)
    return {d.name: (d.first, d.second, d.effect) for d in differences(mine, other)}


def test_the_same_origin_has_no_differences() -> None:
    assert found(ORIGIN) == {}


def test_each_fact_is_told_with_what_it_does() -> None:
    other = {**ORIGIN, "code": "0" * 64, "threads": 4, "lock": "1" * 64, "python": "3.12.1"}
    assert found(other, diff="x") == {
        "code": ("c" * 16, "0" * 16, Effect.NUMBERS),
        "threads": ("2", "4", Effect.DIGITS),
        "Python": ("3.11.7", "3.12.1", Effect.DIGITS),
        "requirements.lock": ("e" * 16, "1" * 16, Effect.NOTHING),
        "uncommitted changes": ("none", "2d711642b726b044", Effect.NOTHING),
    }


def test_what_one_side_does_not_tell_is_no_difference() -> None:
    known = ("cpu", "threads", "gpu", "packages", "environment", "data")
    assert found({key: value for key, value in ORIGIN.items() if key not in known}) == {}


def test_of_a_record_without_a_code_digest_the_commit_tells() -> None:
    old = {key: value for key, value in ORIGIN.items() if key != "code"}
    assert found(old) == {}
    assert found({**old, "commit": "0" * 40})["code"][2] is Effect.NUMBERS
    assert found(old, diff="changed")["code"][2] is Effect.NUMBERS


def test_packages_count_that_training_needs_and_no_build_of_the_same_version() -> None:
    assert found({**ORIGIN, "packages": {"torch": "2.13.0", "ruff": "0.2"}}) == {}
    changed = found({**ORIGIN, "packages": {"torch": "2.12.0"}})
    assert changed == {"package torch": ("2.13.0+cpu", "2.12.0", Effect.NUMBERS)}


def test_variables_that_change_numbers_are_told() -> None:
    changed = found({**ORIGIN, "environment": {"MKL_CBWR": "AVX2"}})
    assert changed == {
        "variable MKL_CBWR": ("", "AVX2", Effect.DIGITS),
        "variable OMP_NUM_THREADS": ("1", "", Effect.DIGITS),
    }


def test_keys_count_that_decide_numbers_with_what_they_left_open_as_it_was() -> None:
    pinned = {**VALUES["trainer"], "precision": "bf16-mixed", "channels_last": False}  # type: ignore[dict-item]
    elsewhere = {**VALUES, "trainer": pinned, "resume": "never", "tracking": {"uri": None}}
    assert found(ORIGIN, elsewhere) == {}
    assert found(ORIGIN, {**VALUES, "seed": 1}) == {"config seed": ("0", "1", Effect.NUMBERS)}
    other = {**ORIGIN, "numerics": {"precision": "32-true", "channels_last": True}}
    assert found(other) == {
        "config trainer.precision": ("bf16-mixed", "32-true", Effect.NUMBERS),
        "config trainer.channels_last": ("False", "True", Effect.DIGITS),
    }


def test_where_training_is_told_to_stop_changes_nothing_before_it() -> None:
    short = {**VALUES, "trainer": {**VALUES["trainer"], "max_steps": 5}}  # type: ignore[dict-item]
    assert found(ORIGIN, short) == {}
