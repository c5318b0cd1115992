"""How long trials took."""

from datetime import datetime, timedelta

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentsweep.sweep.attributes import EPOCHS, FAILURE, LEASE, SLOT, STINTS
from latentsweep.sweep.durations import covered, ended, epochs_of, spans

BEGAN = datetime(2026, 1, 1, 12)
SEEN, FOUND, NOW = (BEGAN + timedelta(seconds=seconds) for seconds in (10, 5000, 9000))


def trial(state: TrialState, **attributes: object) -> FrozenTrial:
    """One whose worker was last seen at SEEN, and that was ended at FOUND if it is ended."""
    lease = None if state == TrialState.WAITING else {"at": SEEN.timestamp()}
    made = create_trial(
        state=state,
        value=1.0 if state == TrialState.COMPLETE else None,
        user_attrs={SLOT: 0, LEASE: lease} | attributes,
    )
    made.datetime_start = BEGAN
    made.datetime_complete = FOUND if state.is_finished() else None
    return made


@pytest.mark.parametrize(
    ("state", "attributes", "expected"),
    [
        (TrialState.COMPLETE, {}, FOUND),
        (TrialState.FAIL, {FAILURE: "NaN"}, FOUND),
        (TrialState.FAIL, {}, SEEN),
        (TrialState.RUNNING, {}, SEEN),
        (TrialState.RUNNING, {LEASE: {"pid": 1}}, BEGAN),
    ],
    ids=["complete", "failed", "lost", "running", "never seen"],
)
def test_time_after_the_worker_was_last_seen_does_not_count(
    state: TrialState, attributes: dict[str, object], expected: datetime
) -> None:
    assert ended(trial(state, **attributes), NOW) == expected


def test_time_in_which_two_trials_run_counts_once() -> None:
    both = [trial(TrialState.COMPLETE), trial(TrialState.FAIL)]
    assert covered(spans(both, NOW)) == 5000


def test_time_before_a_trial_was_handed_back_counts() -> None:
    stint = [BEGAN.timestamp() - 30, BEGAN.timestamp() - 20]
    waiting = trial(TrialState.WAITING, **{STINTS: [stint]})
    assert covered(spans([waiting], NOW)) == 10
    again = trial(TrialState.COMPLETE, **{STINTS: [stint]})
    assert covered(spans([again], NOW)) == 5010


def test_epochs_are_told_by_the_last_report_or_by_the_trial_itself() -> None:
    reported = create_trial(state=TrialState.PRUNED, intermediate_values={1: 0.5, 3: 0.25})
    told = create_trial(state=TrialState.RUNNING, user_attrs={EPOCHS: 2})
    begun = create_trial(state=TrialState.RUNNING)
    assert [epochs_of(trial) for trial in (reported, told, begun)] == [3, 2, 0]
