"""The command line of a sweep: which overrides hold for all trials, and which are searched."""

from collections.abc import Mapping, Sequence

from hydra.core.override_parser.types import OverrideType

from latentsweep.errors import ConfigError
from latentsweep.sweep.expressions import parse


def split_overrides(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell the overrides that fix something from those that search it.

    Returns:
        The first as they are, the second as sweep expressions by key.

    Raises:
        ConfigError: an override cannot be read.
    """
    fixed: list[str] = []
    sweeps: dict[str, str] = {}
    for argument in arguments:
        override = parse(argument)
        if not override.is_sweep_override():
            fixed.append(argument)
        elif override.type is OverrideType.CHANGE and override.package is None:
            sweeps[override.key_or_group] = override.get_value_string()
        else:
            raise ConfigError(
                f"{argument}: a search changes a key or group that there is",
                expected="KEY=SPACE or GROUP=SPACE",
                mend=f"{override.key_or_group}={override.get_value_string()}",
            )
    return fixed, sweeps


def searched(
    defaults: Mapping[str, str], fixed: Sequence[str], sweeps: Mapping[str, str]
) -> dict[str, str]:
    """The sweep expressions in force, by key.

    Args:
        defaults: those of `sweep.search_space`.
        fixed: the command line's overrides that search nothing; a key given there is not searched.
        sweeps: the command line's; they add to the defaults or replace them.

    Raises:
        ConfigError: a key is both fixed and searched.
    """
    given = {parse(argument).key_or_group for argument in fixed}
    for key in sweeps:
        if key in given:
            raise ConfigError(
                f"{key} is given twice: once to be searched, once fixed",
                expected="one of the two",
                mend=f"leave out {key}={sweeps[key]}, or the other",
            )
    kept = {key: text for key, text in defaults.items() if key not in given}
    return kept | dict(sweeps)
