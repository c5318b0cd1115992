"""Objectives that cannot be gamed: which metrics there are, and what must not move them.

A search compares trials by a metric of the validation split. It may only do so where the metric
means the same in all of them: what it weighs, which images it is measured on and in which unit must
not be searched itself.
"""

import zipfile
from collections.abc import Sequence

from latentsweep.config.data import (
    ArraysConfig,
    DataConfig,
    DSpritesConfig,
    Shapes3DConfig,
    SpritesRenderedConfig,
)
from latentsweep.config.kl_schedule import ConstantConfig
from latentsweep.config.likelihood import is_density
from latentsweep.config.model import WEIGHTS, AEConfig, CouplingConfig
from latentsweep.config.root import TrainConfig
from latentsweep.config.sweep import Direction
from latentsweep.config.typed import did_you_mean
from latentsweep.errors import ConfigError
from latentsweep.sweep.space import SearchSpace

# None: either may be wanted.
_NATURAL: dict[str, Direction | None] = {
    "val/elbo": "maximize",
    "val/reconstruction": "minimize",
    "val/kl": "minimize",
    "val/loss": "minimize",
    "val/active_units": None,
    "val/mig": "maximize",
}
_OF_A_PRIOR = ("val/kl", "val/elbo", "val/active_units")
_WITH_LIKELIHOOD = ("val/elbo", "val/reconstruction", "val/loss")
_WITH_FACTORS = (SpritesRenderedConfig, DSpritesConfig, Shapes3DConfig)
_INSTEAD = "sweep.objective=val/elbo, which is always taken at weight 1"
# Keys that settle what the loss is, and what to say of those that are not a term's weight.
_IN_THE_LOSS = (
    *("model", "model.free_bits", "kl_schedule", "model.discriminator_learning_rate"),
    *(f"model.{key}" for key in WEIGHTS),
)
_WEIGHING = (
    "the loss holds a term at the weight that it sets: the search would make the weight small, "
    "not the model good"
)
_SETTING_THE_LOSS = {
    "model.importance_samples": "the loss is the bound of so many weights: the search would make "
    "the bound tight, not the model good",
    "model.discriminator_learning_rate": "the loss holds a weighted term that the discriminator "
    "tells: the search would make the discriminator bad, not the model good",
}


def logged_metrics(config: TrainConfig) -> tuple[str, ...]:
    """The metrics that a run records on its validation split, once an epoch."""
    found = ["val/loss", "val/reconstruction"]
    if not isinstance(config.model, AEConfig):
        found += _OF_A_PRIOR
    if _has_factors(config.data):
        found.append("val/mig")
    return tuple(found)


def check_objectives(
    objectives: Sequence[str],
    direction: Direction | Sequence[Direction] | None,
    corners: Sequence[TrainConfig],
    space: SearchSpace,
) -> tuple[Direction, ...]:
    """Refuse objectives that some trial does not have, or that the search itself would move.

    Args:
        objectives: metrics by name.
        direction: one an objective; None: what is natural for each.
        corners: configs of the corners of the search space.
        space: what is searched.

    Returns:
        The directions, one an objective.

    Raises:
        ConfigError: with the reason.
    """
    for index, objective in enumerate(objectives):
        if objective not in _NATURAL:
            raise ConfigError(
                f"sweep.objective={objective}: there is no such metric of the validation split",
                expected=f"one of {', '.join(_NATURAL)}",
                mend=did_you_mean(objective, _NATURAL)
                or did_you_mean(f"val/{objective.rpartition('/')[2]}", _NATURAL),
            )
        if objective in objectives[:index]:
            raise ConfigError(f"sweep.objective names {objective} twice", mend="name it once")
        _check_logged(objective, corners)
        for reason in _moved_by(objective, corners, space.keys):
            raise ConfigError(
                f"sweep.objective={objective} cannot be compared over this search",
                found=reason,
                mend=_INSTEAD if objective == "val/loss" and "weight" in reason else "",
            )
    return _directions(objectives, direction)


def _has_factors(data: DataConfig) -> bool:
    """Whether the data set knows the factors that made its images."""
    if isinstance(data, ArraysConfig) and zipfile.is_zipfile(data.path):
        with zipfile.ZipFile(data.path) as archive:
            return "factors.npy" in archive.namelist()
    return isinstance(data, _WITH_FACTORS)


def _check_logged(objective: str, corners: Sequence[TrainConfig]) -> None:
    for corner in corners:
        if objective not in logged_metrics(corner):
            lacking = (
                f"data={corner.data.name}"
                if objective == "val/mig"
                else f"model={corner.model.name}"
            )
            why = (
                "its images come without the factors that made them"
                if objective == "val/mig"
                else "it has no prior, and so no KL"
            )
            raise ConfigError(
                f"sweep.objective={objective}: some trials do not record it",
                found=f"{lacking}: {why}",
                expected=f"one of {', '.join(logged_metrics(corner))}",
            )


def _moved_by(objective: str, corners: Sequence[TrainConfig], keys: Sequence[str]) -> list[str]:
    """Why the metric would depend directly on what is searched; empty: it does not."""
    reasons = [
        f"{key} is searched, and decides which images the metric is measured on"
        for key in keys
        if key == "data" or key.startswith("data.")
    ]
    if "seed" in keys:
        reasons.append(
            "seed is searched, and chooses the validation images and the noise they are measured "
            "with: the luckiest split would win"
        )
    densities = {is_density(one.likelihood) for one in corners}
    if "likelihood" in keys and objective in _WITH_LIKELIHOOD and len(densities) == 2:
        names = ", ".join(sorted({corner.likelihood.name for corner in corners}))
        reasons.append(
            f"likelihood is searched over {names}: bernoulli gives pixels probabilities, the "
            "others densities, and nats of the one are no nats of the other"
        )
    if objective == "val/loss":
        reasons += _moving_the_loss(corners, keys)
    return reasons


def _moving_the_loss(corners: Sequence[TrainConfig], keys: Sequence[str]) -> list[str]:
    """What sets the loss's form or weights, and so the loss of one and the same model."""
    reasons = [
        f"{key} is searched, and {_SETTING_THE_LOSS.get(key, _WEIGHING)}"
        for key in keys
        if key in _IN_THE_LOSS or key.startswith("kl_schedule.")
    ]
    if not all(isinstance(corner.kl_schedule, ConstantConfig) for corner in corners):
        reasons += [
            f"{key} is searched, and settles how many steps a run has, and so how far the schedule "
            "has moved the weight of the loss's KL term"
            for key in keys
            if key in ("batch_size", "trainer.max_epochs")
        ]
    if "batch_size" in keys and any(isinstance(one.model, CouplingConfig) for one in corners):
        names = {one.model.name for one in corners if isinstance(one.model, CouplingConfig)}
        reasons.append(
            f"batch_size is searched, and the loss of model={', '.join(sorted(names))} holds a "
            "weighted estimate that depends on how many images a batch has"
        )
    return reasons


def _directions(
    objectives: Sequence[str], direction: Direction | Sequence[Direction] | None
) -> tuple[Direction, ...]:
    if direction is not None:
        given = (direction,) if isinstance(direction, str) else tuple(direction)
        if len(given) != len(objectives):
            raise ConfigError(
                "sweep.direction does not fit sweep.objective",
                found=f"{len(given)} for {len(objectives)} objectives",
                expected="one direction an objective",
            )
        return given
    natural = {name: _NATURAL[name] for name in objectives}
    open_ones = [name for name, one in natural.items() if one is None]
    if open_ones:
        example = ",".join(one or "maximize" for one in natural.values())
        raise ConfigError(
            f"sweep.direction is needed: more {open_ones[0]} may be wanted, or less",
            mend=f"sweep.direction={example if len(natural) == 1 else f'[{example}]'}",
        )
    return tuple(one for one in natural.values() if one is not None)
