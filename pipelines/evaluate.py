"""Evaluate a recorded run on its test split: `python pipelines/evaluate.py RUN [KEY=VALUE] ...`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import evaluate_settings


def main() -> int:
    """Find the run, measure its best model, and put the numbers on its record."""
    parser = ArgumentParser(description="Measure a recorded run as the literature measures.")
    parser.add_argument("run", nargs="?", default="", help="its directory, MLflow id, or model")
    parser.add_argument("overrides", nargs="*", help="of conf/evaluate.yaml: importance_samples=1")
    parser.add_argument("--uri", default="", help="the store to ask for a run that is not here")
    options = parser.parse_intermixed_args()
    settings = evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", options.overrides))

    from latentsweep.evaluation.evaluate import evaluate
    from latentsweep.training.ranks.ranks import ALONE

    return evaluate(options.run, options.uri, settings, ALONE)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
