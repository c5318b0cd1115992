"""Studies as a sweep leaves them, without any training."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from PIL import Image

from latentsweep.sweep.attributes import (
    ATTEMPT,
    CONTINUES,
    EPOCHS,
    FAILURE,
    LEASE,
    METHOD,
    METRICS,
    N_TRIALS,
    RUN,
    SETTINGS,
    SLOT,
)

SIZE = IntDistribution(2, 64, log=True)
BETA = FloatDistribution(0.1, 32.0, log=True)
SPACE: dict[str, BaseDistribution] = {"model.latent_size": SIZE, "model.beta": BETA}
_BEGAN = datetime(2026, 1, 1, 12)
_LAST_EPOCH = 8


def empty_study(
    name: str = "made-up", objectives: Mapping[str, str] | None = None, n_trials: int = 30
) -> optuna.Study:
    """A study before its first trial."""
    objectives = objectives or {"val/elbo": "maximize"}
    study = optuna.create_study(study_name=name, directions=list(objectives.values()))
    study.set_user_attr(SETTINGS, {"objectives": list(objectives)})
    study.set_user_attr(N_TRIALS, n_trials)
    study.set_user_attr(METHOD, {"sampler": {"name": "tpe"}, "pruner": {"name": "median"}})
    return study


def add(
    study: optuna.Study,
    slot: int | None,
    state: TrialState,
    params: Mapping[str, Any] | None = None,
    *,
    space: Mapping[str, BaseDistribution] = SPACE,
    values: Sequence[float] | None = None,
    curve: Sequence[float] = (),
    metrics: Mapping[str, float] | None = None,
    continues: int | None = None,
    failure: str = "",
    seconds: float = 12.0,
) -> int:
    """Add one trial; returns its number."""
    params = params or {}
    number = len(study.get_trials(deepcopy=False))
    attributes: dict[str, Any] = {} if slot is None else {SLOT: slot}
    if params:
        attributes[RUN] = f"trials/{slot:04d}/run" if slot is not None else f"{number}"
    if curve:
        attributes[EPOCHS] = len(curve)
    if metrics:
        attributes[METRICS] = dict(metrics)
    if continues is not None:
        attributes |= {CONTINUES: continues, ATTEMPT: 1}
    if state != TrialState.WAITING:
        attributes[LEASE] = {
            "host": "node1 boot",
            "pid": 100 + number % 2,
            "started": 1.0,
            "beat": 3,
        }
    if failure:
        attributes[FAILURE] = failure
    trial = optuna.create_trial(
        state=state,
        params=dict(params),
        distributions={name: space[name] for name in params},
        values=list(values) if values else None,
        intermediate_values=dict(enumerate(curve, start=1)),
        user_attrs=attributes,
    )
    # Two workers take turns.
    before = [t for t in study.get_trials(deepcopy=False) if t.datetime_complete]
    ends = sorted((t.datetime_complete for t in before if t.datetime_complete), reverse=True)
    began = ends[1] if len(ends) > 1 else _BEGAN
    trial.datetime_start = None if state == TrialState.WAITING else began
    seen = began + timedelta(seconds=seconds)
    trial.datetime_complete = seen if state.is_finished() else None
    if LEASE in attributes:
        trial.set_user_attr(LEASE, {**attributes[LEASE], "at": seen.timestamp()})
    study.add_trial(trial)
    return number


def sweep_study(trials: int = 30, seed: int = 0, name: str = "made-up") -> optuna.Study:
    """A sweep over latent size and KL weight that has finished, with all that may befall a trial.

    About half of the trials are pruned; one was lost and taken up again, one failed and was
    replaced by another.
    """
    study = empty_study(name, n_trials=trials)
    drawn = random.Random(seed)
    best_at: list[list[float]] = [[] for _ in range(_LAST_EPOCH)]
    for slot in range(trials):
        spread = 1.0 if slot < trials // 3 else 0.45
        size = round(math.exp(_between(drawn, math.log(2), math.log(64), 0.62, spread)))
        beta = math.exp(_between(drawn, math.log(0.1), math.log(32), 0.38, spread))
        params = {"model.latent_size": size, "model.beta": beta}
        metrics = model_metrics(size, beta, drawn.gauss(0, 0.4))
        curve = [
            metrics["val/elbo"] - 60 * math.exp(-0.9 * epoch) + drawn.gauss(0, 0.3)
            for epoch in range(1, _LAST_EPOCH)
        ] + [metrics["val/elbo"]]
        stop = _pruned_at(best_at, curve)
        if slot == 4:
            lost = add(study, slot, TrialState.FAIL, params, curve=curve[:3])
            add(study, slot, TrialState.COMPLETE, params, values=[curve[-1]], curve=curve,
                metrics=metrics, continues=lost)  # fmt: skip
            continue
        if slot == 7:
            add(study, slot, TrialState.FAIL, params, failure="the loss is NaN at step 212")
        if stop:
            add(study, slot, TrialState.PRUNED, params, curve=curve[:stop], seconds=1.5 * stop)
        else:
            add(study, slot, TrialState.COMPLETE, params, values=[curve[-1]], curve=curve,
                metrics=metrics)  # fmt: skip
    return study


def model_metrics(size: float, beta: float, noise: float) -> dict[str, float]:
    """Metrics as a beta-VAE on small pictures has them, roughly."""
    active = max(1.0, min(size, 18 / beta**0.6))
    rate = 1.3 * active / (0.35 + 0.35 * beta**0.5)
    distortion = 222 + 46 * math.exp(-rate / 9) + 0.02 * size + noise
    return {
        "val/elbo": -distortion - rate,
        "val/reconstruction": distortion,
        "val/kl": rate,
        "val/active_units": float(round(active)),
    }


def leave_runs(study: optuna.Study, directory: Path, uri: str = "sqlite:///mlflow.db") -> None:
    """Write what the report reads from the runs' directories: MLflow's ids and a sheet."""
    for trial in study.get_trials(deepcopy=False):
        if RUN in trial.user_attrs:
            images = directory / trial.user_attrs[RUN] / "images"
            images.mkdir(parents=True, exist_ok=True)
            identity = {"run_id": f"{trial.number:032x}", "experiment_id": "1", "uri": uri}
            (images.parent / "mlflow.json").write_text(json.dumps(identity))
            for step in (0, 90, 1000):
                sheet = Image.new("L", (110, 20 * trial.params.get("model.latent_size", 4)), step)
                sheet.save(images / f"traversals+step+{step}+timestamp+1+abc.png")


def _between(drawn: random.Random, low: float, high: float, middle: float, spread: float) -> float:
    """A number between `low` and `high`, gathered around the share `middle` of the way."""
    share = middle + spread * (drawn.random() - middle)
    return low + (high - low) * share


def _pruned_at(best_at: list[list[float]], curve: list[float]) -> int:
    """The epoch at which the median pruner stops this trial; 0: not at all."""
    for epoch, value in enumerate(curve):
        before = sorted(best_at[epoch])
        best_at[epoch].append(value)
        if len(before) >= 8 and epoch and value < before[len(before) // 2]:
            return epoch + 1
    return 0
