"""What the numbers of a comparison say, and what they do not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from latentsweep.evaluation.told import BASELINES, ROWS
from latentsweep.metrics.interval import Interval, mean_interval
from latentsweep.metrics.paired import holm, paired_t_test

LEVEL = 0.05
# Of these, nats of a probability of pixels are no nats of a density.
_OF_PIXELS = ("elbo", "reconstruction", "reconstruction_at_mean", "nll", "quadrature_nll")


@dataclass(frozen=True)
class Difference:
    """Two models in one metric, pairs of the same seeds.

    Attributes:
        first: one model.
        second: the other.
        away: by how much the first's mean is above the second's.
        p: of the paired test, corrected for all tests of the comparison; NaN: not tested.
    """

    first: str
    second: str
    away: float
    p: float

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would hardly do it."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Finding:
    """A metric over all models.

    Attributes:
        name: of the metric.
        label: what a person calls it.
        unit: its unit.
        digits: behind the point; one at least, since a mean of counts is no whole number.
        values: a number of each seed, by the models that have it.
        intervals: mean and 95 % interval over seeds, by the models that have it.
        baselines: of principal components, by their names.
        differences: of each pair of models that have it.
    """

    name: str
    label: str
    unit: str
    digits: int
    values: Mapping[str, Sequence[float]]
    intervals: Mapping[str, Interval]
    baselines: Mapping[str, float]
    differences: list[Difference]

    def sentence(self) -> str:
        """What is significant in it and what is not."""
        if len(self.intervals) < 2:
            return f"only {next(iter(self.intervals))} has it: nothing to compare"
        tested = [each for each in self.differences if not math.isnan(each.p)]
        sure = [each for each in tested if each.is_significant]
        unsure = [each for each in tested if not each.is_significant]
        untested = [each for each in self.differences if math.isnan(each.p)]
        parts = []
        if sure:
            told = "; ".join(
                f"{each.first} is {'above' if each.away > 0 else 'below'} {each.second} by "
                f"{abs(each.away):.{self.digits}f} ({_p_told(each.p)})"
                for each in sure
            )
            parts.append(f"significant: {told}")
        if unsure:
            told = "; ".join(
                f"{each.first} and {each.second} ({_p_told(each.p)})" for each in unsure
            )
            parts.append(f"not significant: {told}")
        if untested:
            pairs = "; ".join(f"{each.first} and {each.second}" for each in untested)
            parts.append(f"not tested, since all seeds differ by the same: {pairs}")
        return ". ".join(parts)


def find(
    scores: Mapping[str, Mapping[int, Mapping[str, float]]], *, densities: bool
) -> list[Finding]:
    """Intervals and paired tests of each metric, with Holm's correction over all tests together.

    Args:
        scores: metrics by model and seed, the same seeds of each model.
        densities: whether p(x|z) of the models is a density, so that their nats are those of
            probabilistic PCA, too.
    """
    tests: list[tuple[str, str, str, float, float]] = []
    values: dict[str, dict[str, list[float]]] = {}
    intervals: dict[str, dict[str, Interval]] = {}
    for name in ROWS:
        columns = {
            model: [by_seed[seed][name] for seed in sorted(by_seed)]
            for model, by_seed in scores.items()
            if all(name in metrics for metrics in by_seed.values())
        }
        if not columns:
            continue
        values[name] = columns
        intervals[name] = {model: mean_interval(column) for model, column in columns.items()}
        for first, second in itertools.combinations(columns, 2):
            p = paired_t_test(columns[first], columns[second])
            away = intervals[name][first].mean - intervals[name][second].mean
            tests.append((name, first, second, away, p))
    corrected = holm([p for *_, p in tests])
    by_metric: dict[str, list[Difference]] = {}
    for (name, first, second, away, _), p in zip(tests, corrected, strict=True):
        by_metric.setdefault(name, []).append(Difference(first, second, away, p))
    return [
        Finding(
            name,
            label,
            unit,
            max(1, digits),
            values=values[name],
            intervals=found,
            baselines=_baselines(scores, name) if densities or name not in _OF_PIXELS else {},
            differences=by_metric.get(name, []),
        )
        for name, found in intervals.items()
        for label, unit, digits in [ROWS[name]]
    ]


def _baselines(
    scores: Mapping[str, Mapping[int, Mapping[str, float]]], name: str
) -> dict[str, float]:
    """What was measured of principal components beside one of the runs."""
    found = {}
    for baseline, label in BASELINES.items():
        for metrics in (each for by_seed in scores.values() for each in by_seed.values()):
            if f"{baseline}/{name}" in metrics:
                found[label] = metrics[f"{baseline}/{name}"]
    return found


def _p_told(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
