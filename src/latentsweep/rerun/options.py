"""What the commands that train a recorded run again have in common on the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from latentsweep.config.variables import one_of, whole_number
from latentsweep.rerun.wish import SOURCES, Wish


def add_options(parser: ArgumentParser) -> None:
    """Add what names a run, and with what it is trained."""
    parser.add_argument("run", help="its directory, its MLflow run's id, or models:/NAME@ALIAS")
    parser.add_argument("overrides", nargs="*", help="changes of its config, such as model.beta=2")
    parser.add_argument("--uri", default="", help="the store to ask for a run that is not here")
    parser.add_argument("--code", help="recorded or current; default: recorded, where it is known")
    parser.add_argument("--packages", help="recorded or current; default: as --code")


def read_wish(options: Namespace) -> Wish:
    """What a command line asks for.

    Raises:
        ConfigError: a value is none of those that there are.
    """
    for name in ("code", "packages"):
        if getattr(options, name) is not None:
            one_of(name.upper(), getattr(options, name), SOURCES)
    numbers = {
        name: whole_number(name.upper(), text)
        for name in ("steps", "devices")
        if (text := getattr(options, name, None)) is not None
    }
    return Wish(
        code=options.code,
        packages=options.packages,
        steps=numbers.get("steps"),
        ranks=numbers.get("devices"),
        changes=tuple(options.overrides),
    )
