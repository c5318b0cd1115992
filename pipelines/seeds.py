"""A recorded run over several seeds: `python pipelines/seeds.py RUN [--n 5] [OVERRIDE] ...`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> int:
    """Train each seed, sum up, and record the group."""
    sources = ("recorded", "current")
    parser = ArgumentParser(description="Train a recorded run with several seeds, and sum up.")
    parser.add_argument("run", help="its directory, its MLflow run's id, or models:/NAME@ALIAS")
    parser.add_argument("overrides", nargs="*", help="changes of its config, such as model.beta=2")
    parser.add_argument("--n", type=int, default=5, help="how many seeds")
    parser.add_argument("--uri", default="", help="the store to ask for a run that is not here")
    parser.add_argument("--code", choices=sources, help="default: recorded, if its commit is known")
    parser.add_argument("--packages", choices=sources, help="default: as --code")
    options = parser.parse_intermixed_args()

    from latentsweep.rerun.plan import Wish
    from latentsweep.rerun.seeds import repeat_over_seeds

    wish = Wish(code=options.code, packages=options.packages, changes=tuple(options.overrides))
    return repeat_over_seeds(options.run, options.uri, options.n, wish)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
