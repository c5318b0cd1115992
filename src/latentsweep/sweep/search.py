"""A sweep as the command line asks for it: read and checked, before anything is reached or made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from latentsweep.config import TrainConfig
from latentsweep.config.digest import resolved
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.sweep import Direction, SweepConfig
from latentsweep.config.typed import flatten, sweep_settings
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.sweep.arguments import searched, split_overrides
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.corners import check_corners
from latentsweep.sweep.enqueued import check_enqueued
from latentsweep.sweep.objective import check_objectives
from latentsweep.sweep.pruners import build_pruner
from latentsweep.sweep.samplers import build_sampler, check_n_trials
from latentsweep.sweep.space import SearchSpace
from latentsweep.sweep.study import StudySettings

Load = Callable[[list[str]], DictConfig]


@dataclass(frozen=True)
class Search:
    """A sound sweep.

    Attributes:
        sweep: its settings.
        space: what is searched.
        directions: of the objectives.
        fixed: overrides of every trial.
        base: config of a run with nothing searched.
        composer: composes the trials.
        enqueued: parameters of the trials to try first.
        settings: what makes its study this one.
    """

    sweep: SweepConfig
    space: SearchSpace
    directions: tuple[Direction, ...]
    fixed: tuple[str, ...]
    base: TrainConfig
    composer: Composer
    enqueued: tuple[dict[str, Any], ...]
    settings: StudySettings

    @property
    def study(self) -> str:
        """The study's name."""
        return self.sweep.study or self.settings.name(self.base)

    @property
    def directory(self) -> Path:
        """The sweep's directory, absolute."""
        return (Path(self.sweep.directory) / self.study).absolute()


def read_search(load: Load, arguments: Sequence[str], *, build: bool) -> Search:
    """Read and check a sweep.

    Args:
        load: composes the sweep's config with overrides that search nothing.
        arguments: the command line's overrides.
        build: whether to build the models at the corners of the space, which takes PyTorch.

    Raises:
        LatentsweepError: what is wrong with it.
    """
    fixed, sweeps = split_overrides(arguments)
    composed = load(fixed)
    if any(text.partition("=")[0] == "output_dir" for text in fixed):
        raise ConfigError(
            "output_dir is not a sweep's to set: its runs lie in the sweep's directory",
            mend="sweep.directory=DIR holds the sweeps' directories",
        )
    sweep = sweep_settings(composed)
    groups = {path.name: _choices(path) for path in CONFIG_DIRECTORY.iterdir() if path.is_dir()}
    expressions = searched(sweep.search_space, fixed, sweeps)
    sweep = replace(sweep, search_space=expressions)
    base = Composer(lambda overrides: load([*fixed, *overrides]), _NOTHING).compose({})
    if base.trainer.max_steps is not None:
        raise ConfigError(
            "trainer.max_steps ends a run within an epoch, and trials are judged after whole ones",
            found=f"trainer.max_steps={base.trainer.max_steps}",
            mend="trainer.max_epochs says how long trials are",
        )
    space = SearchSpace.parse(expressions, sweep.when, groups, flatten(resolved(base)))
    composer = Composer(lambda overrides: load([*fixed, *overrides]), space)
    corners = check_corners(space, composer, describe, ranks=sweep.ranks, build=build)
    directions = check_objectives(sweep.objectives, sweep.direction, corners, space)
    build_sampler(sweep.sampler, sweep.seed % 2**32, space, len(directions))
    check_n_trials(sweep.sampler, space, sweep.n_trials)
    build_pruner(sweep.pruner, len(directions))
    return Search(
        sweep=sweep,
        space=space,
        directions=directions,
        fixed=tuple(fixed),
        base=base,
        composer=composer,
        enqueued=check_enqueued(sweep.enqueue, space),
        settings=StudySettings.of(sweep, space, directions, base),
    )


_NOTHING = SearchSpace(())


def _choices(group: Path) -> list[str]:
    return sorted(path.stem for path in group.glob("*.yaml"))
