"""From the command line to Hydra's composed mapping, before anything is started or written."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
)
from hydra.initialize import get_gh_backup, restore_gh_from_backup
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from latentsweep.config.typed import did_you_mean, first_line, flatten, unknown_key
from latentsweep.errors import ConfigError

HYDRA_VERSION_BASE = "1.3"


def compose(directory: Path, name: str, overrides: Sequence[str]) -> DictConfig:
    """Compose `directory`/`name`.yaml with Hydra overrides.

    Raises:
        ConfigError: an override cannot be parsed, or names an unknown key or choice.
    """
    with _apart(), initialize_config_dir(str(directory.resolve()), version_base=HYDRA_VERSION_BASE):
        try:
            _parse(overrides)
            return hydra_compose(name, overrides=list(overrides))
        except MissingConfigException as error:
            raise _unknown_choice(error) from None
        except ConfigCompositionException as error:
            raise _bad_override(error, directory, name, overrides) from None
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            raise ConfigError(f"the configuration does not compose: {first_line(error)}") from None


@contextmanager
def _apart() -> Iterator[None]:
    """Keep what Hydra holds of a command that it is running at this moment."""
    backup = get_gh_backup()
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        restore_gh_from_backup(backup)


def _parse(overrides: Sequence[str]) -> None:
    for override in overrides:
        try:
            OverridesParser.create().parse_override(override)
        except HydraException as error:
            raise ConfigError(
                f"cannot read the override {override!r}",
                found=first_line(error),
                expected="KEY=VALUE or GROUP=CHOICE, without spaces around the equals sign",
                mend="put quotes around a value that has special characters: 'KEY=\"a b\"'",
            ) from None


def _unknown_choice(error: MissingConfigException) -> ConfigError:
    missing = error.missing_cfg_file or ""
    group, _, choice = missing.rpartition("/")
    options = sorted(error.options or [])
    if not group:
        return ConfigError(f"there is no configuration named {choice or missing}")
    return ConfigError(
        f"unknown choice {group}={choice}",
        expected=f"one of {', '.join(options)}" if options else "",
        mend=did_you_mean(choice, options),
    )


def _bad_override(
    error: ConfigCompositionException, directory: Path, name: str, overrides: Sequence[str]
) -> ConfigError:
    """Say what is wrong with an override that fits no key, or whose value does not fit."""
    unmatched = re.search(r"Could not (?:override|append) '([^']+)'", str(error))
    if not unmatched:
        return ConfigError(f"the configuration does not compose: {first_line(error)}")
    key = unmatched.group(1).partition("@")[0]
    groups = _groups(directory, name)
    choices = [text for text in overrides if text.partition("=")[0] in groups]
    composed = OmegaConf.to_container(hydra_compose(name, overrides=choices))
    assert isinstance(composed, dict)
    valid = list(flatten({str(part): value for part, value in composed.items()}))
    if key in valid or any(name.startswith(f"{key}.") for name in valid):
        return ConfigError(f"{key} cannot be given so: {first_line(error)}")
    return unknown_key(key, valid + sorted(groups))


def _groups(directory: Path, name: str) -> set[str]:
    """Groups of which `directory`/`name`.yaml, or what it is made of, has a choice."""
    found = set()
    content = OmegaConf.load(directory / f"{name}.yaml")
    assert isinstance(content, DictConfig)
    for part in content.defaults:
        if isinstance(part, str):
            found |= _groups(directory, part) if part != "_self_" else set()
        else:
            found |= {str(group) for group in part if " " not in str(group)}
    return found
