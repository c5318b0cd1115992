import base64
import re
from pathlib import Path

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from latentsweep.sweep.attributes import STOPPED
from latentsweep.sweep.report.page import write_report
from tests.sweep.report.made_up import BETA, SPACE, add, empty_study, leave_runs, sweep_study

HERE = {"model.latent_size": 8, "model.beta": 1.0}
MAP, RATES, SEARCH = "Map of latent size and KL weight", "Rate and distortion", "The search so far"
CURVES, MATTERS, ALONE = "By epoch", "What matters most", "Each parameter alone"
WORKERS, SHEETS, ALL = "Who trained when", "What the latents of the best trials do", "All trials"


def written(study: optuna.Study, directory: Path) -> str:
    """The page without plotly's own code."""
    page = write_report(study, directory, directory / "report.html").read_text()
    return re.sub(r"<script>/\*\*.*?</script>", "", page, count=1, flags=re.DOTALL)


def titles(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_a_finished_sweeps_report_holds_everything(tmp_path: Path) -> None:
    study = sweep_study(30)
    leave_runs(study, tmp_path)
    page = written(study, tmp_path)
    assert titles(page) == [
        MAP, RATES, SEARCH, CURVES, MATTERS, WORKERS, ALONE, SHEETS, ALL,
    ]  # fmt: skip
    assert "<h1>Best: latent size" in page
    assert "30 of 30 trials done" in page
    assert page.count("<tr class=") == 31  # one failed and was replaced


def test_the_page_fetches_nothing(tmp_path: Path) -> None:
    study = sweep_study(30)
    leave_runs(study, tmp_path)
    page = written(study, tmp_path)
    assert not re.findall(r"<script[^>]*\ssrc=|<link\b|@import|url\(", page)
    assert all(source.startswith("data:") for source in re.findall(r'<img[^>]*src="(.*?)"', page))


def test_plotly_is_in_the_page_once(tmp_path: Path) -> None:
    page = write_report(sweep_study(12), tmp_path, tmp_path / "report.html").read_text()
    assert len(re.findall(r"<script>/\*\*\s*\* plotly\.js", page)) == 1


def test_the_sheets_are_those_of_the_last_step(tmp_path: Path) -> None:
    study = sweep_study(30)
    leave_runs(study, tmp_path)
    sheets = re.findall(r'src="data:image/png;base64,(.*?)"', written(study, tmp_path))
    last = {path.read_bytes() for path in tmp_path.rglob("traversals+step+1000+*.png")}
    assert len(sheets) == 4
    assert {base64.b64decode(sheet) for sheet in sheets} <= last


@pytest.mark.parametrize("finished", [0, 1, 2])
def test_a_sweep_that_has_only_begun_has_a_report(finished: int, tmp_path: Path) -> None:
    study = empty_study()
    for slot in range(finished):
        add(study, slot, TrialState.COMPLETE, HERE, values=[-250.0], curve=[-250.0])
    add(study, 5, TrialState.RUNNING, HERE, curve=[-300.0])
    add(study, 6, TrialState.RUNNING)
    add(study, 7, TrialState.WAITING)
    page = written(study, tmp_path)
    assert f"{finished} of 30 trials done" in page
    assert (SEARCH in titles(page)) == (finished > 0)
    assert f"Too few trials to tell: {finished} finished" in page


def test_a_sweep_without_any_trial_has_a_report(tmp_path: Path) -> None:
    page = written(empty_study(), tmp_path)
    assert "No trial has finished yet." in page
    assert titles(page) == []


def test_a_sweep_whose_trials_all_failed_says_why(tmp_path: Path) -> None:
    study = empty_study()
    for slot in range(3):
        add(study, slot, TrialState.FAIL, HERE, failure="the loss is NaN at step 7")
    study.set_user_attr(STOPPED, "3 of 3 trials failed, the last one: the loss is NaN")
    page = written(study, tmp_path)
    assert "3 failed" in page
    assert "Stopped: 3 of 3 trials failed" in page
    assert page.count("the loss is NaN at step 7") == 3 * 2  # cell and key
    assert ALL in titles(page)


def test_where_pruning_left_few_trials_all_are_compared_at_the_same_epoch(tmp_path: Path) -> None:
    study = empty_study()
    for slot in range(12):
        params = {"model.latent_size": 2 + slot, "model.beta": 0.1 * (slot + 1)}
        curve = [-300.0 - slot, -250.0 - slot]
        if slot < 3:
            add(study, slot, TrialState.COMPLETE, params, curve=curve, values=curve[-1:])
        else:
            add(study, slot, TrialState.PRUNED, params, curve=curve[:1])
    page = written(study, tmp_path)
    assert "share of the variance of ELBO, %, after epoch 1" in page
    assert "nats behind the best at the same epoch" in page


def test_a_single_parameter_has_no_map(tmp_path: Path) -> None:
    study = empty_study()
    for slot in range(10):
        params = {"model.beta": 0.1 * (slot + 1)}
        add(study, slot, TrialState.COMPLETE, params, values=[-250.0 - slot])
    page = written(study, tmp_path)
    assert MAP not in titles(page)
    assert ALONE in titles(page)
    assert "not two parameters that all trials share" in page


def test_conditional_and_categorical_parameters_are_drawn_where_they_are(tmp_path: Path) -> None:
    space: dict[str, BaseDistribution] = {
        "network": CategoricalDistribution(["mlp", "conv"]),
        "network.channels": IntDistribution(8, 64),
        "optimizer.learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
        "network.norm": CategoricalDistribution([True, None]),
    }
    study = empty_study()
    for slot in range(12):
        conv = slot % 2 == 0
        params = {
            "network": "conv" if conv else "mlp",
            "optimizer.learning_rate": 1e-4 * (slot + 1),
            "network.norm": True if slot % 3 else None,
            **({"network.channels": 8 + slot} if conv else {}),
        }
        add(study, slot, TrialState.COMPLETE, params, space=space, values=[-250.0 - slot])
    page = written(study, tmp_path)
    assert "Map of optimizer.learning_rate and network.channels" in titles(page)
    assert "fANOVA" in page
    assert "network among mlp, conv" in page


def test_several_objectives_are_drawn_against_each_other(tmp_path: Path) -> None:
    study = empty_study(objectives={"val/elbo": "maximize", "val/mig": "maximize"})
    for slot in range(12):
        params = {"model.latent_size": 4 + slot, "model.beta": 0.5 + slot}
        metrics = {"val/kl": 20.0 - slot, "val/reconstruction": 230.0 + slot}
        values = [-250.0 - slot, 0.02 * slot]
        add(study, slot, TrialState.COMPLETE, params, values=values, metrics=metrics)
    found = titles(written(study, tmp_path))
    assert found[0] == "ELBO against MIG"
    assert f"{SEARCH}: ELBO" in found
    assert f"{SEARCH}: MIG" in found
    assert RATES in found


def test_values_that_are_not_finite_do_no_harm(tmp_path: Path) -> None:
    study = sweep_study(20)
    add(study, 20, TrialState.COMPLETE, HERE, values=[float("-inf")], curve=[float("nan")],
        metrics={"val/kl": float("inf"), "val/reconstruction": float("nan")})  # fmt: skip
    page = written(study, tmp_path)
    assert {MAP, RATES, SEARCH, CURVES} <= set(titles(page))
    assert "-inf" in page


def test_nothing_that_a_study_holds_becomes_part_of_the_page(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    space: dict[str, BaseDistribution] = {**SPACE, f"k{evil}": CategoricalDistribution([evil, "b"])}
    study = empty_study(name=f"s{evil}", objectives={f"val/m{evil}": "maximize"})
    study.set_user_attr(STOPPED, evil)
    for slot in range(10):
        params = {**HERE, "model.beta": 1.0 + slot, f"k{evil}": evil}
        add(study, slot, TrialState.COMPLETE, params, space=space, values=[-250.0 - slot],
            curve=[-260.0, -250.0])  # fmt: skip
    add(study, 10, TrialState.FAIL, HERE, failure=evil)
    leave_runs(study, tmp_path, uri=f'https://x"><script>alert(1)</script>{evil}')
    page = written(study, tmp_path)
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_report_replaces_the_one_before_it(tmp_path: Path) -> None:
    study = empty_study()
    written(study, tmp_path)
    add(study, 0, TrialState.COMPLETE, {"model.beta": 1.0}, space={"model.beta": BETA},
        values=[-250.0])  # fmt: skip
    assert "1 of 30 trials done" in written(study, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
