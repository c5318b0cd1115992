"""Trials to be added to the queue: a fresh one of a slot, or one that goes on with a lost one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from latentsweep.sweep.attributes import ATTEMPT, CONTINUES, RUN, SLOT

VALUES = "fixed_params"  # Optuna's name for the parameters that a trial is to have


def fresh(slot: int, values: Mapping[str, Any]) -> FrozenTrial:
    """A trial to be claimed; what `values` leaves out is sampled then."""
    return create_trial(
        state=TrialState.WAITING,
        user_attrs={SLOT: slot},
        system_attrs={VALUES: dict(values)} if values else {},
    )


def continuation(lost: FrozenTrial, attempt: int) -> FrozenTrial:
    """A trial that goes on with one whose worker died: same parameters, same run.

    Args:
        lost: that one.
        attempt: how often this very run was taken up.
    """
    attributes = {SLOT: lost.user_attrs[SLOT], ATTEMPT: attempt, CONTINUES: lost.number}
    if RUN in lost.user_attrs:
        attributes[RUN] = lost.user_attrs[RUN]
    return create_trial(
        state=TrialState.WAITING,
        params=lost.params,
        distributions=lost.distributions,
        user_attrs=attributes,
        system_attrs=lost.system_attrs,
        intermediate_values=lost.intermediate_values,
    )
