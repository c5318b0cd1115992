"""A recorded run over several seeds: `python pipelines/seeds.py RUN [--n 5] [OVERRIDE] ...`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.config.variables import whole_number
from latentsweep.rerun.options import add_options, read_wish


def main() -> int:
    """Train each seed, sum up, and record the group."""
    parser = ArgumentParser(description="Train a recorded run with several seeds, and sum up.")
    add_options(parser)
    parser.add_argument("--n", default="5", help="how many seeds")
    options = parser.parse_intermixed_args()
    wish, n = read_wish(options), whole_number("N", options.n)

    from latentsweep.rerun.seeds import repeat_over_seeds

    return repeat_over_seeds(options.run, options.uri, n, wish)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
