"""Trials to try first: their values must lie in the search space."""

from collections.abc import Mapping, Sequence
from typing import Any

from latentsweep.config.typed import did_you_mean
from latentsweep.errors import ConfigError
from latentsweep.sweep.conditions import is_active
from latentsweep.sweep.parameter import Scalar
from latentsweep.sweep.space import SearchSpace


def check_enqueued(
    entries: Sequence[Mapping[str, Any]], space: SearchSpace
) -> tuple[dict[str, Scalar], ...]:
    """Check `sweep.enqueue`.

    Args:
        entries: values by key; what an entry leaves out is sampled.
        space: what is searched.

    Returns:
        The values in the form in which Optuna stores them.

    Raises:
        ConfigError: a key is not searched, a value lies outside the space, or a key is not searched
            beside the entry's other values.
    """
    return tuple(
        check_point(f"sweep.enqueue.{index}", entry, space) for index, entry in enumerate(entries)
    )


def check_point(where: str, entry: Mapping[str, Any], space: SearchSpace) -> dict[str, Scalar]:
    """Check values of some of the searched keys.

    Args:
        where: the key under which they are given.
        entry: values by searched key.
        space: what is searched.

    Returns:
        The values in the form in which Optuna stores them.

    Raises:
        ConfigError: as `check_enqueued`.
    """
    stored: dict[str, Scalar] = {}
    for key, value in entry.items():
        if key not in space:
            raise ConfigError(
                f"{where}: {key} is not searched",
                expected=f"one of {', '.join(space.keys)}",
                mend=did_you_mean(key, space.keys),
            )
        try:
            stored[key] = space[key].stored(value)
        except ValueError as error:
            raise ConfigError(
                f"{where}: {key}={value} is not in the search space",
                found=str(error),
                expected=str(space[key]),
            ) from None
    for key in stored:
        named = {other: stored[other] for other in space[key].when if other in stored}
        if len(named) == len(space[key].when) and not is_active(space[key], named):
            raise ConfigError(
                f"{where}: {key} is not searched beside the entry's other values",
                found=", ".join(space.overrides(stored)),
                expected=str(space[key]),
            )
    return stored
