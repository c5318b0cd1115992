from pathlib import Path

from optuna.trial import TrialState

from latentsweep.sweep.attributes import SLOT
from latentsweep.sweep.report.answer import headline, progress, remarks
from latentsweep.sweep.report.snapshot import State, snapshot
from tests.sweep.report.made_up import (
    add,
    empty_study,
    leave_runs,
    model_metrics,
    sweep_study,
)

HERE = {"model.latent_size": 8, "model.beta": 1.0}


def test_a_lost_trial_that_was_taken_up_again_is_one_trial_and_no_failure() -> None:
    study = empty_study()
    lost = add(study, 0, TrialState.FAIL, HERE, seconds=5)
    add(study, 0, TrialState.COMPLETE, HERE, values=[-250], continues=lost, seconds=7)
    sweep = snapshot(study, Path())
    (entry,) = sweep.entries
    assert (entry.state, entry.attempts, entry.seconds) == (State.FINISHED, 2, 12.0)
    assert "0 failed" in progress(sweep)
    assert "1 trial taken up again" in progress(sweep)


def test_a_lost_trial_that_nobody_has_taken_up_yet_waits() -> None:
    study = empty_study()
    lost = add(study, 0, TrialState.FAIL, HERE)
    assert snapshot(study, Path()).entries[0].state == State.WAITING
    add(study, 0, TrialState.WAITING, HERE, continues=lost)
    (entry,) = snapshot(study, Path()).entries
    assert (entry.state, entry.attempts) == (State.WAITING, 1)


def test_a_failed_trial_counts_beside_the_one_that_replaced_it() -> None:
    study = empty_study()
    add(study, 0, TrialState.FAIL, HERE, failure="the loss is NaN")
    add(study, 0, TrialState.COMPLETE, HERE, values=[-250])
    sweep = snapshot(study, Path())
    assert [entry.state for entry in sweep.entries] == [State.FAILED, State.FINISHED]
    assert sweep.entries[0].failure == "the loss is NaN"


def test_open_slots_and_trials_of_a_warm_start_are_no_trials_of_the_sweep() -> None:
    study = empty_study()
    add(study, None, TrialState.COMPLETE, HERE, values=[-100])
    add(study, 0, TrialState.WAITING)
    add(study, 1, TrialState.RUNNING, HERE, curve=[-300, -280])
    sweep = snapshot(study, Path())
    assert [entry.trial.user_attrs[SLOT] for entry in sweep.entries] == [1]
    assert sweep.warm_start == 1
    assert "0 of 30 trials done" in progress(sweep)
    assert "1 trial of earlier studies" in progress(sweep)


def test_wall_time_counts_overlapping_trials_once() -> None:
    study = empty_study()
    for slot in range(4):  # two at a time
        add(study, slot, TrialState.COMPLETE, HERE, values=[-250], seconds=10)
    sweep = snapshot(study, Path())
    assert sweep.busy == 20
    assert sum(entry.seconds for entry in sweep.entries) == 40


def test_links_lead_to_the_server_or_to_this_machines_dashboard(tmp_path: Path) -> None:
    study = empty_study()
    add(study, 0, TrialState.COMPLETE, HERE, values=[-250])
    assert snapshot(study, tmp_path).entries[0].link is None
    leave_runs(study, tmp_path)
    link = snapshot(study, tmp_path).entries[0].link or ""
    assert link.startswith("http://127.0.0.1:5000/#/experiments/1/runs/000")
    leave_runs(study, tmp_path, uri="https://***@mlflow.example:8443")
    link = snapshot(study, tmp_path).entries[0].link or ""
    assert link.startswith("https://mlflow.example:8443/#/experiments/1/runs/000")


def test_the_answer_names_the_best_parameters_and_how_sharp_they_are() -> None:
    study = empty_study(n_trials=4)
    for slot, (size, value) in enumerate([(10, -246.0), (16, -245.8), (12, -245.5), (40, -260)]):
        params = {"model.latent_size": size, "model.beta": 1.25}
        metrics = {**model_metrics(size, 1.25, 0), "val/active_units": 9.0}
        add(study, slot, TrialState.COMPLETE, params, values=[value], metrics=metrics)
    sweep = snapshot(study, Path())
    best = [sweep.entries[2]]
    expected = "Best: latent size 12 and KL weight 1.25, with ELBO -245.50 nats per image."
    assert headline(sweep, best) == expected
    text = " ".join(remarks(sweep, best))
    assert "9 of its 12 latents" in text
    assert "the 2 other trials within 1 nat of it: latent size 10 to 16, KL weight 1.25." in text


def test_a_best_value_at_the_end_of_its_interval_is_remarked() -> None:
    study = empty_study()
    params = {"model.latent_size": 64, "model.beta": 1.0}
    add(study, 0, TrialState.COMPLETE, params, values=[-240])
    sweep = snapshot(study, Path())
    assert "Its latent size lies at the upper end" in " ".join(remarks(sweep, [sweep.entries[0]]))


def test_before_all_trials_are_done_the_answer_says_so() -> None:
    sweep = snapshot(sweep_study(12), Path())
    assert headline(sweep, [sweep.entries[0]]).startswith("Best: ")
    part = snapshot(empty_study(), Path())
    assert headline(part, []) == "No trial has finished yet."
