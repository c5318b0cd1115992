"""Train a recorded run again and compare: `python pipelines/rerun.py RUN [OVERRIDE] ...`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.rerun.options import add_options, read_wish


def main() -> int:
    """Bring the run back, check, train, compare; 0 where the numbers are those on record."""
    parser = ArgumentParser(description="Train a recorded run again, and compare every number.")
    add_options(parser)
    parser.add_argument("--steps", help="only so many optimiser steps")
    parser.add_argument("--devices", help="ranks; default: as many as on record")
    parser.add_argument("--dry", action="store_true", help="check only")
    options = parser.parse_intermixed_args()
    wish = read_wish(options)

    from latentsweep.rerun.rerun import rerun

    return rerun(options.run, options.uri, wish, dry=options.dry)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
