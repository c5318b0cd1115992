"""Search spaces over this project's own configuration, without a sweep around them."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import flatten
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.space import SearchSpace

GROUPS = {
    path.name: sorted(choice.stem for choice in path.glob("*.yaml"))
    for path in CONFIG_DIRECTORY.iterdir()
    if path.is_dir()
}
DEFAULT = {
    "model.latent_size": "tag(log,int(interval(2,64)))",
    "model.beta": "tag(log,interval(0.1,32))",
}


def by_hydra(overrides: list[str]) -> DictConfig:
    return compose(CONFIG_DIRECTORY, "train", overrides)


def space_of(
    expressions: Mapping[str, str],
    when: Mapping[str, Mapping[str, Any]] | None = None,
    *fixed: str,
) -> SearchSpace:
    values = OmegaConf.to_container(by_hydra(list(fixed)))
    assert isinstance(values, dict)
    return SearchSpace.parse(
        expressions, when or {}, GROUPS, flatten({str(key): one for key, one in values.items()})
    )


def composer_of(space: SearchSpace, *fixed: str) -> Composer:
    return Composer(lambda overrides: by_hydra([*fixed, *overrides]), space)
