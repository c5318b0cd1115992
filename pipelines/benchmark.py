"""Measure what the documentation claims: `make benchmark [PART=sweep]`.

Numbers to compare are ratios within one run on one machine: seconds alone say little elsewhere.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from latentsweep.command import errors_to_terminal
from latentsweep.errors import LatentsweepError

# Never in memory, as /tmp is on some machines: what is measured waits for the disk.
DISK = "/var/tmp"
PARTS = {
    "throughput": ("throughput", "training against a bare loop and pythae (half an hour)"),
    "ranks": ("ranks", "two ranks on two cores against one on one (ten minutes)"),
    "start": ("start", "from the command to the first step, and --help (three minutes)"),
    "memory": ("memory", "a run, and a sweep, over 737,280 sprites (ten minutes)"),
    "growth": ("growth", "cost by size of data, latent space and channels (ten minutes)"),
    "options": ("options", "what options do to speed and ELBO (twenty minutes)"),
    "gpu": ("gpu", "on a GPU: against the bare loop, and what is no kernel (ten minutes)"),
    "loading": ("loading", "what a training step spends on loading (one minute)"),
    "sweep": ("sweep_peer", "the default sweep against Hydra's own Optuna sweeper (half an hour)"),
    "workers": ("simulated_workers", "64 workers that only sleep and report (ten minutes)"),
    "tracking": ("tracking_cost", "what the record costs a training step (ten minutes)"),
    "runs": ("many_runs", "16 runs that log to one server at once (three minutes)"),
    "faults": ("tracking_faults", "what training feels of a lost server (ten minutes)"),
    "suggest": ("suggest_time", "time to suggest parameters after 5,000 trials (five minutes)"),
    "metrics": ("metrics", "each disentanglement metric on 10,000 sprites (one minute)"),
}


def main() -> int:
    """Measure the parts that were asked for; 1 if one of them could not be."""
    from rich.console import Console

    from benchmarks.report import Report

    parser = argparse.ArgumentParser(
        description="Measure what the documentation claims, as ratios within one run.",
        epilog="\n".join(f"  {part:<11}{what}" for part, (_, what) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", metavar="PART", help="default: all of those below")
    parser.add_argument("--quick", action="store_true", help="tiny: see that it works, no figures")
    parser.add_argument("--output", type=Path, default=Path("benchmark"), help="of the report")
    arguments = parser.parse_args()
    for unknown in set(arguments.part) - set(PARTS):
        parser.error(f"unknown part {unknown}; there are {', '.join(PARTS)}")
    report, failed = Report(arguments.output, Console(), quick=arguments.quick), False
    for part in arguments.part or PARTS:
        with tempfile.TemporaryDirectory(prefix="latentsweep-", dir=DISK) as directory:
            try:
                module = import_module(f"benchmarks.{PARTS[part][0]}")
                for result in module.measure(Path(directory), arguments.quick):
                    report.add(part, result)
            except LatentsweepError as error:
                failed = True
                report.fail(part, error)
                print(f"{part} was not measured: {error}", file=sys.stderr)
    print(f"report:  {report.json}")
    if report.draw():
        print(f"picture: {report.picture}")
    return int(failed)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
