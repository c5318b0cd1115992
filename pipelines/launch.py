"""Train one model on several devices: `python pipelines/launch.py --devices 4 [OVERRIDE] ...`."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from latentsweep.command import check_command_line, errors_to_terminal
from latentsweep.errors import ConfigError

TRAIN = Path(__file__).with_name("train.py")


def main() -> int:
    """Check everything once, then start the ranks."""
    parser = argparse.ArgumentParser(
        description="Train one model on several devices; overrides are those of train.py."
    )
    parser.add_argument("--devices", type=int, default=1, help="ranks on this machine")
    arguments, overrides = parser.parse_known_args()
    if arguments.devices < 1:
        raise ConfigError(f"--devices {arguments.devices}", expected="a whole number from 1")
    if not any(text.startswith("trainer=") for text in overrides):
        overrides.append("trainer=ddp")
    sys.argv = [str(TRAIN), *overrides]
    config = check_command_line("train")
    if config is None:  # Hydra is asked something
        return subprocess.run([sys.executable, *sys.argv], check=False).returncode

    from latentsweep.training.ranks.agreement import check_share
    from latentsweep.training.ranks.torchrun import check_devices, run_ranks
    from latentsweep.training.summary import LAUNCHED_BY

    check_devices(arguments.devices)
    check_share(config.batch_size, arguments.devices)
    os.environ[LAUNCHED_BY] = f"launch.py --devices {arguments.devices}"
    return run_ranks([sys.executable, *sys.argv], arguments.devices)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
