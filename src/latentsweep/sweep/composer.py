"""From a trial's parameters to its typed config, in milliseconds."""

from collections.abc import Callable
from copy import deepcopy

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from latentsweep.config.root import TrainConfig
from latentsweep.config.typed import first_line, flatten, typed, unknown_key
from latentsweep.errors import ConfigError
from latentsweep.sweep.keys import choices_with
from latentsweep.sweep.space import Params, SearchSpace


class Composer:
    """Composes trials as Hydra would, but by Hydra only once per combination of groups.

    Hydra applies the overrides of keys after it has composed the groups; so does this.

    Args:
        load: composes the root config by Hydra, with the overrides that it is given besides those
            that hold for all trials.
        space: what is searched.
    """

    def __init__(self, load: Callable[[list[str]], DictConfig], space: SearchSpace) -> None:
        self._load = load
        self._space = space
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, params: Params) -> TrainConfig:
        """The config of the trial with these parameters.

        Raises:
            ConfigError: it does not compose, or a value is none that its key may have.
        """
        groups = {key: params[key] for key in params if self._space[key].is_group}
        config = deepcopy(self._of_groups(tuple(self._space.overrides(groups))))
        for key, value in self._space.values(params).items():
            if key in groups:
                continue
            try:
                OmegaConf.update(config, key, value, merge=True)
            except (ConfigAttributeError, ConfigKeyError):
                raise self._no_such_key(key, config) from None
        try:
            OmegaConf.resolve(config)  # while `sweep` is there for interpolations to read
        except (OmegaConfBaseException, RecursionError) as error:
            raise ConfigError(f"the configuration does not resolve: {first_line(error)}") from None
        return typed(_without(config, "sweep"))

    def _of_groups(self, overrides: tuple[str, ...]) -> DictConfig:
        if overrides not in self._composed:
            composed = _without(self._load(list(overrides)), "hydra")
            OmegaConf.set_struct(composed, True)  # so that an unknown key is no new one
            self._composed[overrides] = composed
        return self._composed[overrides]

    def _no_such_key(self, key: str, config: DictConfig) -> ConfigError:
        group, choices = key.partition(".")[0], choices_with(key)
        if choices:
            return ConfigError(
                f"{key} is no key of {group}={config[group].get('name')}",
                expected=f"{group}={' or '.join(choices)}",
                mend=f"'sweep.when={{{key}: {{{group}: [{','.join(choices)}]}}}}'"
                if group in self._space
                else f"leave {key} out of the space: another search_space=..., or none and the "
                "keys to search",
            )
        values = OmegaConf.to_container(config)
        assert isinstance(values, dict)
        return unknown_key(key, list(flatten({str(part): value for part, value in values.items()})))


def _without(config: DictConfig, left_out: str) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != left_out])
