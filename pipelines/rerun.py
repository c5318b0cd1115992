"""Train a recorded run again and compare: `python pipelines/rerun.py RUN [OVERRIDE] ...`."""

import sys
from argparse import ArgumentParser, Namespace

from latentsweep.command import errors_to_terminal


def main() -> int:
    """Bring the run back, check, train, compare; 0 where the numbers are those on record."""
    options = _parse()

    from latentsweep.rerun.plan import Wish
    from latentsweep.rerun.rerun import rerun

    wish = Wish(
        code=options.code,
        packages=options.packages,
        steps=options.steps,
        ranks=options.devices,
        changes=tuple(options.overrides),
    )
    return rerun(options.run, options.uri, wish, dry=options.dry)


def _parse() -> Namespace:
    sources = ("recorded", "current")
    parser = ArgumentParser(description="Train a recorded run again, and compare every number.")
    parser.add_argument("run", help="its directory, its MLflow run's id, or models:/NAME@ALIAS")
    parser.add_argument("overrides", nargs="*", help="changes of its config, such as seed=1")
    parser.add_argument("--uri", default="", help="the store to ask for a run that is not here")
    parser.add_argument("--code", choices=sources, help="default: recorded, if its commit is known")
    parser.add_argument("--packages", choices=sources, help="default: as --code")
    parser.add_argument("--steps", type=int, help="only so many optimiser steps")
    parser.add_argument("--devices", type=int, help="ranks; default: as many as on record")
    parser.add_argument("--dry", action="store_true", help="check only")
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
