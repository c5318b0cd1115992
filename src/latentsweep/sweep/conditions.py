"""Conditions: which parameters are searched only where others have certain values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from latentsweep.errors import ConfigError
from latentsweep.sweep.keys import check_known, unknown_choice
from latentsweep.sweep.parameter import Parameter, Scalar, is_same

_EXAMPLE = "sweep.when={network.channels: {network: conv}}"
When = Mapping[str, Mapping[str, Any]]


def with_conditions(
    parameters: Mapping[str, Parameter],
    when: When,
    groups: Mapping[str, Sequence[str]],
    fixed: Mapping[str, Any],
) -> tuple[Parameter, ...]:
    """The parameters with their conditions, each behind those that its condition names.

    A condition on a key that is not searched is settled by that key's value: the parameter is
    always searched, or left out.

    Args:
        parameters: the searched ones by key.
        when: by key, the values that other keys must have; a list: one of these.
        groups: the choices of each group of `conf/`.
        fixed: the values of the keys that are not searched, with the group's choice under
            GROUP.name.

    Raises:
        ConfigError: a condition names an unknown key or value, can never be met, or is part of a
            circle.
    """
    for key in when:
        if key not in parameters:
            check_known(key, groups)
    kept: dict[str, Parameter] = {}
    for key in _ordered(parameters, when):
        conditions: dict[str, tuple[Scalar, ...]] = {}
        searched_at_all = True
        for other, value in when.get(key, {}).items():
            values = (
                list(value)
                if isinstance(value, Sequence) and not isinstance(value, str)
                else [value]
            )
            if other in kept:
                conditions[other] = _stored(key, kept[other], values)
            elif other in parameters:  # which is left out itself
                searched_at_all = False
            else:
                settled = _settled(key, other, values, groups, parameters, fixed)
                searched_at_all = searched_at_all and settled
        if searched_at_all:
            kept[key] = replace(parameters[key], when=conditions)
    return tuple(kept.values())


def is_active(parameter: Parameter, stored: Mapping[str, Scalar]) -> bool:
    """Whether a parameter is searched beside these stored values of others."""
    return all(
        other in stored and any(is_same(stored[other], value) for value in values)
        for other, values in parameter.when.items()
    )


def _ordered(parameters: Mapping[str, Parameter], when: When) -> list[str]:
    graph = {
        key: [other for other in when.get(key, {}) if other in parameters] for key in parameters
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ConfigError(
            "the conditions in sweep.when go round in a circle",
            found=circle,
            expected="conditions on keys that do not wait for this one",
        ) from None


def _stored(key: str, other: Parameter, values: Sequence[Any]) -> tuple[Scalar, ...]:
    if other.size is None:
        raise ConfigError(
            f"sweep.when.{key}: {other.key} is searched in {other}, and never meets one value",
            expected="a condition on choices or whole numbers",
        )
    try:
        return tuple(other.stored(value) for value in values)
    except ValueError as error:
        raise ConfigError(
            f"sweep.when.{key}: {other.key} never has this value",
            found=str(error),
            expected=str(other),
        ) from None


def _settled(
    key: str,
    other: str,
    values: Sequence[Any],
    groups: Mapping[str, Sequence[str]],
    parameters: Mapping[str, Parameter],
    fixed: Mapping[str, Any],
) -> bool:
    """Whether a condition on a key that is not searched is met."""
    check_known(other, groups)
    group = other.partition(".")[0]
    if group in parameters and other != group:
        raise ConfigError(
            f"sweep.when.{key}: {other} depends on which {group} a trial has",
            expected=f"a condition on {group}, or on a searched key, as in {_EXAMPLE}",
        )
    if other in groups:
        for value in values:
            if value not in groups[other]:
                raise unknown_choice(other, value, groups[other])
    name = f"{other}.name" if other in groups else other
    if name not in fixed:
        raise ConfigError(
            f"sweep.when.{key}: {other} is neither searched nor in the configuration",
            expected=f"a condition on a key that is, as in {_EXAMPLE}",
        )
    return any(is_same(fixed[name], value) for value in values)
