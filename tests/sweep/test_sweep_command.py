"""The sweep's command line: mistakes are told before anything is queued."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import COMMAND, Sweep, study_in

# Told without PyTorch, in a second.
AT_ONCE = [
    ("model.latent_sise=range(2,9)", "did you mean model.latent_size?"),
    ("model.latent_size=range(5,5)", "is empty"),
    ("model.beta=tag(log,interval(0,1))", "has no 0"),
    ("network=choice(mlp,konv)", "conv"),
    ("model=ae", "model.beta"),
    ("sweep.objective=val/loss", "model.beta is searched"),
    ("sweep.objective=val/elbow", "did you mean val/elbo"),
    ("sweep.n_trials=many", "a whole number"),
    ("sampler=grid", "interval"),
    ("pruner=hyperbend", "did you mean hyperband?"),
    ("sweep.objective=[val/kl,val/reconstruction]", "pruner=none"),
    ("sweep.enqueue=[{model.beta:99}]", "not in the search space"),
    ("sweep.study=../elsewhere", "sweep.study is wrong"),
    ("model.latent_size=4", "model.latent_size is given twice"),
    ("trainer.max_steps=9", "trials are judged after whole ones"),
]
# Told before anything is queued.
BEFORE_THE_QUEUE = [
    ("storage=sqlite", "sqlite loses trials"),
    ("storage=postgresql", "LATENTSWEEP_STORAGE_URL"),
    ("sweep.storage.path=/dev/null/study.log", "/dev/null/study.log"),
    ("sweep.warm_start=nothing", "there is no sweep nothing"),
    ("sweep.warm_start=small", "is this very study"),
    ("sweep.directory=/dev/null/sweeps", "/dev/null"),
    ("tracking.uri=http://127.0.0.1:9", "MLflow cannot be reached at http://127.0.0.1:9"),
]


@pytest.mark.parametrize(("override", "told"), AT_ONCE)
def test_mistake_in_the_search_is_one_message_and_leaves_nothing(
    sweep: Sweep, tmp_path: Path, override: str, told: str
) -> None:
    done = sweep(override)
    assert done.returncode == 2
    assert done.stderr.startswith("latentsweep: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("override", "told"), BEFORE_THE_QUEUE)
def test_what_cannot_be_reached_is_told_before_a_trial_is_queued(
    sweep: Sweep, tmp_path: Path, override: str, told: str
) -> None:
    tracking = ["tracking=server"] if "tracking" in override else []
    done = sweep(*tracking, override)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("sweeps/*/trials"))


def test_smaller_total_than_the_study_s_is_refused(sweep: Sweep) -> None:
    assert sweep("sweep.n_trials=2", "trainer.max_epochs=1").returncode == 0
    done = sweep("sweep.n_trials=1", "trainer.max_epochs=1")
    assert done.returncode == 2
    assert "sweep.n_trials=2" in done.stderr


def test_first_check_imports_nothing_heavy(tmp_path: Path) -> None:
    probe = (
        "import sys, runpy\n"
        f"sys.argv = ['sweep.py', 'model.latent_sise=range(2,9)']\n"
        f"try: runpy.run_path({COMMAND[1]!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'mlflow', 'pytorch_lightning', 'plotly', 'sklearn')"
        " if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_failed_start_does_not_bind_the_study_to_anything(sweep: Sweep, tmp_path: Path) -> None:
    assert sweep("tracking=server", "tracking.uri=http://127.0.0.1:9").returncode == 2
    assert sweep("sweep.n_trials=1", "model.beta=interval(1,2)").returncode == 0
    assert len(study_in(tmp_path).trials) == 1


def test_trials_to_try_first_and_a_warm_start(sweep: Sweep, tmp_path: Path) -> None:
    first = "sweep.enqueue=[{model.latent_size:3,model.beta:1.5}]"
    assert sweep("sweep.n_trials=1", "sweep.study=early", first).returncode == 0
    (tried,) = study_in(tmp_path, "early").trials
    assert tried.params == {"model.latent_size": 3, "model.beta": 1.5}
    done = sweep("sweep.n_trials=1", "sweep.study=late", "sweep.warm_start=early")
    assert done.returncode == 0, done.stderr
    copied, own = study_in(tmp_path, "late").trials
    assert (copied.params, copied.value) == (tried.params, tried.value)
    assert own.params != tried.params


def test_several_objectives_end_in_a_pareto_front(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("sweep.objective=[val/kl,val/reconstruction]", "pruner=none", "sweep.n_trials=3")
    assert done.returncode == 0, done.stderr
    assert "Pareto front" in done.stdout
    assert len(study_in(tmp_path).best_trials) >= 1
    assert all(len(trial.values) == 2 for trial in study_in(tmp_path).trials)


def test_groups_and_conditions_are_searched(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep(
        "network=choice(mlp,linear)",
        "network.activation=choice(relu,gelu)",
        "sweep.when={network.activation:{network:mlp}}",
        "sampler=random",
        "sweep.n_trials=6",
        "trainer.max_epochs=1",
    )
    assert done.returncode == 0, done.stderr
    chosen = [trial.params for trial in study_in(tmp_path).trials]
    assert {params["network"] for params in chosen} == {"mlp", "linear"}
    assert all(("network.activation" in p) == (p["network"] == "mlp") for p in chosen)
