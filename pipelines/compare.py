"""Train models beside each other and compare: `python pipelines/compare.py [OVERRIDE] ...`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.config.variables import whole_number


def main() -> int:
    """Train the models with several seeds each, evaluate, and write the page."""
    parser = ArgumentParser(description="Compare models: same network, data and budget, N seeds.")
    parser.add_argument("overrides", nargs="*", help="for all models: trainer.max_epochs=5")
    parser.add_argument("--models", help="of conf/model/; default: ae,vae,beta_vae")
    parser.add_argument("--betas", default="", help="KL weights, each of one more beta-VAE")
    parser.add_argument("--n", default="5", help="seeds of each model")
    parser.add_argument("--workers", help="runs at a time; default: one a GPU or core")
    parser.add_argument("--samples", help="k of the importance-weighted NLL")
    options = parser.parse_intermixed_args()
    n = whole_number("N", options.n)
    workers = whole_number("WORKERS", options.workers) if options.workers is not None else 0
    samples = whole_number("SAMPLES", options.samples) if options.samples is not None else None

    from latentsweep.comparison.request import MODELS, read_request

    betas = [text for text in options.betas.split(",") if text]
    # KL weights alone are compared with each other.
    models = options.models.split(",") if options.models else [] if betas else list(MODELS)
    request = read_request(models, n, options.overrides, betas)

    from latentsweep.comparison.compare import compare

    compare(request, workers, samples)
    return 0


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
