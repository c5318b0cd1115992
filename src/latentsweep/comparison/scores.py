"""The test scores of all runs of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from latentsweep.comparison.training import Place
from latentsweep.config.compose import compose
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import evaluate_settings
from latentsweep.evaluation.evaluate import record_evaluation, scores_on_record
from latentsweep.evaluation.evaluated import evaluated
from latentsweep.evaluation.evaluation import about_numbers
from latentsweep.evaluation.plan import make_plan
from latentsweep.evaluation.subject import Subject, read_subject
from latentsweep.training.device import choose_device, set_threads
from latentsweep.training.ranks.ranks import ALONE

Scores = dict[str, float]
# Settings of an evaluation that decide what is compared; the others add to it.
_DECIDING = ("importance_samples", "disentanglement", "seed")


def settings_of(importance_samples: int | None) -> EvaluateConfig:
    """How the runs are measured: without the quadrature, which three latents at most bear."""
    given = [] if importance_samples is None else [f"importance_samples={importance_samples}"]
    return evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", ["quadrature=never", *given]))


def score_all(whole: Sequence[Place], settings: EvaluateConfig) -> dict[str, dict[int, Scores]]:
    """Evaluate each run, or take what an evaluation of the same settings has put on its record.

    Principal components are measured beside the first run alone: they are those of the data.

    Returns:
        Metrics by model and seed.

    Raises:
        LatentsweepError: a run's model or its data is not there.
    """
    found: dict[str, dict[int, Scores]] = {}
    for number, place in enumerate(whole):
        own = replace(settings, baselines=settings.baselines and number == 0)
        scores, how = _scores(place, own)
        found.setdefault(place.model, {})[place.seed] = scores
        print(f"{place.model}, seed {place.seed}: {how} ({number + 1} of {len(whole)})", flush=True)
    return found


def _scores(place: Place, settings: EvaluateConfig) -> tuple[Scores, str]:
    run = place.run()
    subject = read_subject(run, settings)
    set_threads(subject.config.trainer)
    before = scores_on_record(run)
    if before and _is_current(before, subject, settings):
        return dict(before["metrics"]), "evaluated before"
    result = evaluated(subject, make_plan(subject, settings), settings, ALONE)
    assert result is not None
    record_evaluation(subject, result)
    return result.metrics, "evaluated"


def _is_current(before: dict[str, Any], subject: Subject, settings: EvaluateConfig) -> bool:
    """Whether an evaluation on record has all that is wanted, and by the same means."""
    about = about_numbers(settings, choose_device(subject.config.trainer))
    known, wanted = before.get("settings", {}), about.pop("settings")
    alike = all(known.get(name) == wanted[name] for name in _DECIDING)
    whole = known.get("baselines") or not wanted["baselines"]
    same = all(before.get(name) == value for name, value in about.items())
    return bool(before.get("step") == subject.step and alike and whole and same)
