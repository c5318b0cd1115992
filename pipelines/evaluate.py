"""Evaluate a recorded run on its test split: `python pipelines/evaluate.py RUN [KEY=VALUE] ...`."""

import os
import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import evaluate_settings
from latentsweep.config.variables import whole_number
from latentsweep.training.ranks.placement import LAUNCHER


def main() -> int:
    """Find the run, measure its best model, and put the numbers on its record."""
    parser = ArgumentParser(description="Measure a recorded run as the literature measures.")
    parser.add_argument("run", nargs="?", default="", help="its directory, MLflow id, or model")
    parser.add_argument("overrides", nargs="*", help="of conf/evaluate.yaml: importance_samples=1")
    parser.add_argument("--uri", default="", help="the store to ask for a run that is not here")
    parser.add_argument("--devices", default="1", help="ranks that share the images")
    options = parser.parse_intermixed_args()
    settings = evaluate_settings(compose(CONFIG_DIRECTORY, "evaluate", options.overrides))
    devices = whole_number("DEVICES", options.devices)

    if devices > 1 and LAUNCHER not in os.environ:
        from latentsweep.training.ranks.torchrun import check_devices, run_ranks

        check_devices(devices, gpus=False)
        return run_ranks([sys.executable, *sys.argv], devices)

    from latentsweep.evaluation.evaluate import evaluate
    from latentsweep.training.ranks.opening import started_ranks

    with started_ranks() as ranks:
        evaluate(options.run, options.uri, settings, ranks)
    return 0


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
