"""The corners of a search space: each must run, before anything is queued."""

import functools
import itertools
import time
from collections.abc import Callable, Iterator

from latentsweep.config.checks import check, check_share
from latentsweep.config.data import DataConfig, DataDescription
from latentsweep.config.root import TrainConfig
from latentsweep.errors import ConfigError, LatentsweepError
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.conditions import is_active
from latentsweep.sweep.parameter import Scalar
from latentsweep.sweep.space import SearchSpace

_SECONDS = 4.0
Describe = Callable[[DataConfig], DataDescription]
Build = Callable[[TrainConfig, DataDescription], None]


def check_corners(
    space: SearchSpace,
    composer: Composer,
    describe: Describe,
    *,
    ranks: int = 1,
    build: bool = True,
    seconds: float = _SECONDS,
) -> list[TrainConfig]:
    """Compose, check and build the trials at the corners of the search space.

    Args:
        space: what is searched.
        composer: composes its trials.
        describe: describes a data set; called once a data set.
        ranks: how many share each trial's batches.
        build: whether to build the models too, without memory for their weights; needs torch.
        seconds: when to stop. The corners at which one parameter alone is at its other end or
            choice come first and are all checked; then all other combinations, as time allows.

    Returns:
        The configs of the corners that were checked.

    Raises:
        ConfigError: a corner that cannot run, by its overrides, with the reason.
    """
    describe_once = functools.cache(describe)
    builder = _builder() if build else None  # whose imports are not to cost corners
    until = time.monotonic() + seconds

    def checked(corner: dict[str, Scalar]) -> TrainConfig:
        return _check(space, corner, composer, describe_once, ranks, builder)

    configs = [checked(corner) for corner in edges(space)]
    seen = {_key(corner) for corner in edges(space)}
    for corner in combinations(space):
        if time.monotonic() > until:
            break
        if _key(corner) not in seen:
            seen.add(_key(corner))
            configs.append(checked(corner))
    return configs


def edges(space: SearchSpace) -> list[dict[str, Scalar]]:
    """The first corner, and those that differ from it in one parameter.

    Where a parameter is searched under a condition alone, the condition is met first.
    """
    first = {parameter.key: parameter.ends()[0] for parameter in space.parameters}
    found: dict[tuple[tuple[str, Scalar], ...], dict[str, Scalar]] = {}
    for levels in [first, *_one_changed(space, first)]:
        corner = _active(space, levels)
        found.setdefault(_key(corner), corner)
    return list(found.values())


def combinations(space: SearchSpace) -> Iterator[dict[str, Scalar]]:
    """All corners, some of them more than once."""
    levels = [_levels(space, key) for key in space]
    for chosen in itertools.product(*levels):
        yield _active(space, dict(zip(space.keys, chosen, strict=True)))


def _one_changed(space: SearchSpace, first: dict[str, Scalar]) -> Iterator[dict[str, Scalar]]:
    for parameter in space.parameters:
        for level in _levels(space, parameter.key):
            yield first | _conditions_of(space, parameter.key) | {parameter.key: level}


def _conditions_of(space: SearchSpace, key: str) -> dict[str, Scalar]:
    """Values of other parameters with which this one is searched."""
    met: dict[str, Scalar] = {}
    for other, values in space[key].when.items():
        met |= _conditions_of(space, other) | {other: values[0]}
    return met


def _levels(space: SearchSpace, key: str) -> list[Scalar]:
    """The ends or choices of a parameter, and the values that conditions wait for."""
    awaited = [value for one in space.parameters for value in one.when.get(key, ())]
    return list(dict.fromkeys([*space[key].ends(), *awaited]))


def _active(space: SearchSpace, levels: dict[str, Scalar]) -> dict[str, Scalar]:
    corner: dict[str, Scalar] = {}
    for parameter in space.parameters:
        if is_active(parameter, corner):
            corner[parameter.key] = levels[parameter.key]
    return corner


def _key(corner: dict[str, Scalar]) -> tuple[tuple[str, Scalar], ...]:
    return tuple(corner.items())


def _check(
    space: SearchSpace,
    corner: dict[str, Scalar],
    composer: Composer,
    describe: Describe,
    ranks: int,
    build: Build | None,
) -> TrainConfig:
    try:
        config = composer.compose(corner)
        data = describe(config.data)
        check_share(config.batch_size, ranks, config.trainer.accumulate_grad_batches)
        check(config, data)
        if build:
            build(config, data)
    except LatentsweepError as error:
        raise ConfigError(
            f"the search space has a corner that cannot run: {' '.join(space.overrides(corner))}\n"
            f"{error}",
        ) from None
    return config


def _builder() -> Build:
    """What builds a trial's model without memory for its weights."""
    import torch

    from latentsweep.models.build import build_model

    def build(config: TrainConfig, data: DataDescription) -> None:
        with torch.device("meta"):
            build_model(config.model, config.network, config.likelihood, data.shape)

    return build
