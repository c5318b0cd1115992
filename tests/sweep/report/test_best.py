from io import StringIO
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState
from rich.console import Console

from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.note import summary_note
from latentsweep.sweep.report.pareto import pareto_front
from latentsweep.sweep.report.table import final_table
from tests.sweep.report.made_up import add, empty_study, leave_runs, sweep_study

HERE = {"model.latent_size": 8, "model.beta": 1.0}
TWO = {"val/kl": "minimize", "val/mig": "maximize"}
POINTS = st.lists(st.tuples(*[st.integers(0, 6)] * 3), max_size=25)


def test_the_best_come_first_whichever_way_is_better() -> None:
    for way, expected in (("maximize", [1, 2]), ("minimize", [0, 2])):
        study = empty_study(objectives={"val/elbo": way})
        for slot, value in enumerate([-270.0, -250.0, -260.0]):
            add(study, slot, TrialState.COMPLETE, HERE, values=[value])
        assert [trial.number for trial in best_trials(study, 2)] == expected


def test_neither_unfinished_nor_infinite_nor_borrowed_trials_are_best() -> None:
    study = empty_study()
    add(study, None, TrialState.COMPLETE, HERE, values=[-1])
    add(study, 0, TrialState.PRUNED, HERE, curve=[-2])
    add(study, 1, TrialState.COMPLETE, HERE, values=[float("inf")])
    add(study, 2, TrialState.FAIL, HERE, failure="out of memory")
    assert best_trials(study, 5) == []
    number = add(study, 3, TrialState.COMPLETE, HERE, values=[-250])
    assert [trial.number for trial in best_trials(study, 5)] == [number]


def test_of_several_objectives_the_front_is_best_and_a_long_one_is_thinned() -> None:
    study = empty_study(objectives=TWO)
    for slot in range(20):
        add(study, slot, TrialState.COMPLETE, HERE, values=[slot, slot / 20])
        add(study, 20 + slot, TrialState.COMPLETE, HERE, values=[slot + 1, slot / 20])
    assert len(best_trials(study, 100)) == 20
    thinned = [trial.values[0] for trial in best_trials(study, 5)]
    assert len(thinned) == 5
    assert (thinned[0], thinned[-1]) == (0, 19)
    assert thinned == sorted(thinned)


@given(POINTS)
def test_the_front_is_what_comparing_all_pairs_gives(points: list[tuple[int, ...]]) -> None:
    costs = np.array(points).reshape(len(points), 3)
    beaten = [
        any((other <= point).all() and (other < point).any() for other in costs) for point in costs
    ]
    expected = {
        tuple(point) for point, is_beaten in zip(costs, beaten, strict=True) if not is_beaten
    }
    front = pareto_front(costs)
    assert {tuple(costs[index]) for index in front} == expected
    assert len(front) == len(expected)


def test_the_terminals_table_shows_whole_numbers_at_80_columns() -> None:
    console = Console(width=80, record=True, file=StringIO())
    study = sweep_study(30)
    console.print(final_table(study))
    text = console.export_text()
    best = best_trials(study, 1)[0]
    assert f"{best.values[0]:.2f}" in text
    assert f"{best.params['model.beta']:.3g}" in text
    assert "…" not in text


def test_the_terminals_table_of_nothing_is_empty() -> None:
    assert final_table(empty_study()).row_count == 0


def test_the_note_is_a_markdown_table_with_links(tmp_path: Path) -> None:
    study = sweep_study(30)
    leave_runs(study, tmp_path)
    note = summary_note(study, tmp_path)
    rows = [line for line in note.splitlines() if line.startswith("|")]
    assert len(rows) == 12
    assert len({line.count("|") for line in rows}) == 1
    assert f"| [{best_trials(study, 1)[0].number}](http://127.0.0.1:5000/#/experiments" in rows[2]


def test_nothing_in_a_note_is_read_as_markup(tmp_path: Path) -> None:
    study = empty_study(objectives={"val/a|b<img src=x>": "minimize"})
    add(study, 0, TrialState.COMPLETE, HERE, values=[1.0])
    note = summary_note(study, tmp_path)
    assert "<img" not in note.replace("\\<", "")
    assert "a\\|b" in note


def test_a_note_before_the_first_trial_says_so(tmp_path: Path) -> None:
    assert "No trial has finished yet" in summary_note(empty_study(), tmp_path)
